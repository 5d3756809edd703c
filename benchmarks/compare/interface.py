"""What a peer's module in ``clients/`` offers, under the name ``Client``.

Each holds the loop that a user of that peer would write, no more: the cost of a common
layer would be added to all, and hide the differences between the cheap ones.
"""

from collections.abc import Callable
from typing import Protocol

from benchmarks.compare.load import Ending

__all__ = ("Client", "Deliver")

Deliver = Callable[[str], object]


class Client(Protocol):
    """One peer, made inside a running loop; ``base`` is the URL before ``/v1``."""

    def __init__(self, base: str) -> None: ...

    async def read(self, deltas: int, deliver: Deliver) -> Ending:
        """Stream one answer of so many deltas, and deliver each text that is not empty.

        A client may offer more ways to read under names of its own (``peers.py``).
        """

    async def create(self, deltas: int) -> tuple[str, Ending]:
        """The same answer at once, as this peer does it by default."""

    async def aclose(self) -> None:
        """Close all connections."""
