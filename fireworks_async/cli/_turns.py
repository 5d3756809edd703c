"""Who is heard when several speak at once."""

from collections.abc import Callable

__all__ = ("Turns",)


class Turns:
    """Puts what several say at once into order.

    The first is heard as it speaks. What another says waits until all before it have
    ended; from then on it is heard as it speaks.

    Args:
        count: How many there are; they are numbered from 0.
    """

    def __init__(self, count: int) -> None:
        self._waiting: list[list[Callable[[], None]]] = [[] for _ in range(count)]
        self._ended = [False] * count
        self._due = 0

    def say(self, speaker: int, action: Callable[[], None]) -> None:
        """Run the action now, or when it is the speaker's turn."""
        if speaker == self._due:
            action()
        else:
            self._waiting[speaker].append(action)

    def end(self, speaker: int) -> None:
        """The speaker has said all."""
        self._ended[speaker] = True
        while self._due < len(self._ended) and self._ended[self._due]:
            self._due += 1
            if self._due < len(self._waiting):
                for action in self._waiting[self._due]:
                    action()
