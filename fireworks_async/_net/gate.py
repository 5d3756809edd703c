"""Admission: at most so many calls at once, first come, first served, each step O(1).

A place is handed from the one who leaves to the one who has waited longest; it is never
put back and raced for. The limit can move while calls wait.
"""

from fireworks_async._net.line import Line
from fireworks_async.errors import ClientClosedError

__all__ = ("Gate",)


class Gate:
    """A first-in, first-out admission of up to ``limit`` holders."""

    __slots__ = ("_closed", "_limit", "_line", "admitted")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._closed = False
        self._line: Line[None, None] = Line()
        self.admitted = 0

    def __repr__(self) -> str:
        return f"<Gate {self.admitted}/{self._limit} admitted, {self.waiting} waiting>"

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    @property
    def limit(self) -> int:
        """How many are admitted at once; when lowered, those inside may stay."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._hand_over()

    def admit_nowait(self) -> bool:
        """Take a place if one is free and nobody waits for it.

        Raises:
            ClientClosedError: The gate was closed.
        """
        if self._closed:
            raise ClientClosedError("the client is closed")
        if self.admitted >= self._limit or self._line:
            return False
        self.admitted += 1
        return True

    async def admit(self) -> None:
        """Wait for a place.

        Raises:
            ClientClosedError: The gate was closed.
        """
        if self.admit_nowait():
            return
        await self._line.wait(None, self._give_back)

    def release(self) -> None:
        """Give a place back; exactly once for each ``admit``."""
        self.admitted -= 1
        self._hand_over()

    def close(self) -> None:
        """Turn away those who wait and all who come."""
        self._closed = True
        self._line.close(_closed)

    def _give_back(self, _: None) -> None:
        self.release()

    def _hand_over(self) -> None:
        while self.admitted < self._limit and self._line.hand(None):
            self.admitted += 1


def _closed() -> ClientClosedError:
    return ClientClosedError("the client was closed")
