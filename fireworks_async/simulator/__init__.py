"""A local stand-in for the Fireworks API; it shares no code with the client.

    async with Simulator() as sim:
        client = AsyncFireworks(base_url=sim.base_url, api_key="fw_test")

Names are loaded on first use, because pytest imports this room at its start wherever
the library is installed.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fireworks_async.simulator._faults import (
        BOM,
        Batched,
        Cut,
        Ended,
        Fault,
        Gzipped,
        Hold,
        Insert,
        LineEnding,
        Pause,
        Ping,
        Rewrite,
        Sliced,
        SlowHeaders,
        Without,
    )
    from fireworks_async.simulator._limits import Limits
    from fireworks_async.simulator._oddities import BROKEN_STREAMS, ODD_STREAMS
    from fireworks_async.simulator._rejections import Rejection
    from fireworks_async.simulator._replies import (
        ErrorReply,
        Raw,
        RawHTTP,
        Reply,
        ToolCall,
    )
    from fireworks_async.simulator._script import Part, RecordedRequest
    from fireworks_async.simulator._server import Simulator
    from fireworks_async.simulator._settings import UsagePlacement
else:
    _HOME = {
        name: f"fireworks_async.simulator.{home}"
        for home, names in {
            "_faults": (
                "BOM",
                "Batched",
                "Cut",
                "Ended",
                "Fault",
                "Gzipped",
                "Hold",
                "Insert",
                "LineEnding",
                "Pause",
                "Ping",
                "Rewrite",
                "Sliced",
                "SlowHeaders",
                "Without",
            ),
            "_limits": ("Limits",),
            "_oddities": ("BROKEN_STREAMS", "ODD_STREAMS"),
            "_rejections": ("Rejection",),
            "_replies": ("ErrorReply", "Raw", "RawHTTP", "Reply", "ToolCall"),
            "_script": ("Part", "RecordedRequest"),
            "_server": ("Simulator",),
            "_settings": ("UsagePlacement",),
        }.items()
        for name in names
    }

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - as above

        globals()[name] = value = getattr(import_module(_HOME[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = (
    "BOM",
    "BROKEN_STREAMS",
    "ODD_STREAMS",
    "Batched",
    "Cut",
    "Ended",
    "ErrorReply",
    "Fault",
    "Gzipped",
    "Hold",
    "Insert",
    "Limits",
    "LineEnding",
    "Part",
    "Pause",
    "Ping",
    "Raw",
    "RawHTTP",
    "RecordedRequest",
    "Rejection",
    "Reply",
    "Rewrite",
    "Simulator",
    "Sliced",
    "SlowHeaders",
    "ToolCall",
    "UsagePlacement",
    "Without",
)
