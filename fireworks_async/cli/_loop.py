"""The event loop that a command runs in."""

import signal
import sys
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import TypeVar

__all__ = ("STOP_SIGNALS", "run_in_loop")

STOP_SIGNALS = () if sys.platform == "win32" else (signal.SIGINT, signal.SIGTERM)
"""What asks long work to end early and whole; the loop of Windows takes no signals."""

ResultT = TypeVar("ResultT")


def run_in_loop(function: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Run to the end, with uvloop when it is installed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; ``function`` was cancelled and has
            cleaned up.
    """
    import anyio  # noqa: PLC0415 - not for --help

    uvloop = find_spec("uvloop") is not None
    return anyio.run(function, backend_options={"use_uvloop": uvloop})
