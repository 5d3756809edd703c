"""Cancels a call at one chosen await of it, however deep that stands."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

__all__ = ("Cut",)

T = TypeVar("T")


class Cut(Generic[T]):
    """Awaits something, and cancels its own task at the n-th await that suspends it.

    Attributes:
        awaits: How often the call was suspended.
        cuts: How often it was cancelled.
    """

    def __init__(
        self, call: Awaitable[T], at: int | None = None, *, how: str = "waiting"
    ) -> None:
        """Choose the await, counted from 0, and how it is cut.

        Args:
            call: What to await.
            at: The await to cut; None only counts.
            how: ``waiting``, as the wait begins; ``woken``, in the step in which what
                was awaited has come; ``twice``, as the wait begins, and once more at
                the first await of the clearing up.
        """
        self._call = call
        self._at = at
        self._how = how
        self.awaits = 0
        self.cuts = 0

    def __await__(self) -> Generator[Any, Any, T]:
        call = self._call.__await__()
        step: Callable[[], Any] = lambda: call.send(None)  # noqa: E731 - is replaced
        while True:
            try:
                future = step()
            except StopIteration as end:
                result: T = end.value
                return result
            self._cut(future)
            self.awaits += 1
            try:
                yield future
            except BaseException as error:  # noqa: BLE001 - goes into the call
                step = lambda error=error: call.throw(error)  # noqa: E731 - as above
            else:
                step = lambda: call.send(None)  # noqa: E731 - as above

    def _cut(self, future: object) -> None:
        again = self._how == "twice" and self.cuts == 1
        if self.awaits != self._at and not again:
            return
        self.cuts += 1
        task = asyncio.current_task()
        assert task is not None
        if self._how == "woken" and isinstance(future, asyncio.Future):
            # Before the task's own callback, so it learns of both at once.
            future.add_done_callback(lambda _: task.cancel())
        else:
            task.cancel()
