"""The one method of the client that is answered above it: ``batch``.

A batch is a use of the client, on a higher floor, and the client has a method for it.
So who knows both is introduced from outside: the package itself does it when it is
imported, as for the cost of a completion.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        Callable,
        Iterable,
        Mapping,
    )
    from typing import TypeAlias

    from fireworks_async._client.client import AsyncFireworks
    from fireworks_async.batch import BatchResult

    Request: TypeAlias = Mapping[str, object]
    Requests: TypeAlias = Iterable[Request] | AsyncIterable[Request]
    Results: TypeAlias = AsyncGenerator[BatchResult, None]
    Runner: TypeAlias = Callable[
        [AsyncFireworks, Requests, Mapping[str, object]], Results
    ]

__all__ = ("introduce", "send_batch")

_known: "list[Runner]" = []


def introduce(runner: "Runner") -> None:
    """Say who answers; the latest counts."""
    _known[:] = [runner]


def send_batch(
    client: "AsyncFireworks", requests: "Requests", options: "Mapping[str, object]"
) -> "Results":
    """Send all requests through the client."""
    return _known[0](client, requests, options)
