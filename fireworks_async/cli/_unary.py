"""One call with one answer, and the forms in which the commands show such answers."""

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from fireworks_async.cli._connection import ServerOptions, open_client
from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._lines import shown_on
from fireworks_async.cli._loop import run_in_loop

if TYPE_CHECKING:
    from fireworks_async import AsyncFireworks

__all__ = ("call", "json_line", "line")

ResultT = TypeVar("ResultT")


def call(
    server: ServerOptions,
    ask: Callable[["AsyncFireworks"], Awaitable[ResultT]],
    *,
    connections: int = 0,
) -> ResultT:
    """Make one call to its end.

    Args:
        server: Which server.
        ask: Makes the call with a client.
        connections: How many it must be able to hold, if more than usual.

    Raises:
        UsageError: A value cannot be sent.
        FireworksError: The call failed.
    """
    return run_in_loop(partial(_call, server, ask, connections))


async def _call(
    server: ServerOptions,
    ask: Callable[["AsyncFireworks"], Awaitable[ResultT]],
    connections: int,
) -> ResultT:
    async with open_client(server, connections=connections) as client:
        try:
            return await ask(client)
        except (TypeError, ValueError) as error:
            raise UsageError(str(error)) from None


def json_line(value: object) -> None:
    """Show a value as a line of JSON, which is UTF-8 whatever the locale is."""
    import msgspec  # noqa: PLC0415 - not for --help

    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.flush()


def line(text: str) -> None:
    """Show a line of text."""
    sys.stdout.write(shown_on(sys.stdout, text) + "\n")
    sys.stdout.flush()
