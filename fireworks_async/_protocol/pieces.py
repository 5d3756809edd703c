"""Text as it grows: kept in the pieces that came, the small ones joined now and then."""

from typing import Final

__all__ = ("MANY", "Pieces")

MANY: Final = 16
"""Pieces that are worth joining."""


class Pieces(list[str]):
    """Text that grows by ``append``.

    A token of four characters takes 60 bytes as a string of its own, and
    ``io.StringIO`` keeps each of them before Python 3.12. Each character
    is copied twice at most, however long the text.
    """

    __slots__ = ("_joined",)

    def __init__(self) -> None:
        super().__init__()
        self._joined = 0

    def join(self) -> None:
        """Make one piece of those that came since the last time, if they are many."""
        if len(self) - self._joined >= MANY:
            self[self._joined :] = ["".join(self[self._joined :])]
            self._joined += 1

    def whole(self) -> str:
        """All of the text."""
        return "".join(self)
