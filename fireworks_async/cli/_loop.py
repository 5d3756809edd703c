"""The event loop that a command runs in."""

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import TypeVar

__all__ = ("run_in_loop",)

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
