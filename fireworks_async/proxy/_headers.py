"""Which headers pass the gateway, either way; all others end here."""

from collections.abc import Mapping
from typing import Final

__all__ = ("downstream_headers", "upstream_headers")

# Of a caller's, what keeps its calls together, names them and traces them. Nothing else:
# neither its key nor anything that decides where a request goes.
_UP: Final = (
    "x-session-affinity",
    "x-multi-turn-session-id",
    "x-prompt-cache-isolation-key",
    "x-request-id",
    "traceparent",
    "tracestate",
)
_DOWN: Final = ("fireworks-", "x-fireworks-", "x-ratelimit-")
_DOWN_ALONE: Final = frozenset({"x-request-id", "retry-after", "server-timing"})
_MOST_KNOWN: Final = 1000

_known: dict[str, bool] = {}


def upstream_headers(headers: Mapping[str, str]) -> dict[str, str] | None:
    """Those of a caller that are sent on; None when there are none."""
    found = {name: headers[name] for name in _UP if name in headers}
    return found or None


def downstream_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of an answer that are sent on; a name that comes twice is sent once."""
    sent: dict[str, str] = {}
    for name, value in headers.items():
        passes = _known.get(name)
        if passes is None:
            lowered = name.lower()
            passes = lowered in _DOWN_ALONE or lowered.startswith(_DOWN)
            if len(_known) < _MOST_KNOWN:
                _known[name] = passes
        if passes:
            sent[name] = value
    return sent
