"""What lets a call stand where a coroutine is wanted, as in ``asyncio.create_task``.

Nothing is known here of what is called.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, TypeVar

__all__ = ("Taskable",)

ResultT = TypeVar("ResultT")


class Taskable(Coroutine[Any, Any, ResultT]):
    """An awaitable that runs in a task as if it were awaited there.

    Other clients' calls are coroutines, and programs make tasks of them.
    """

    __slots__ = ("_steps",)

    _steps: Generator[Any, Any, ResultT]

    @abstractmethod
    def __await__(self) -> Generator[Any, Any, ResultT]: ...

    def send(self, value: Any, /) -> Any:
        """Take a step; only a task calls this."""
        return self._begun().send(value)

    def throw(self, *problem: Any) -> Any:
        """Raise where the last step waits; only a task calls this."""
        return self._begun().throw(*problem)

    def close(self) -> Awaitable[None]:  # type: ignore[override]  # other clients' streams have one that is awaited
        """Leave the call at once, whether what this gives is awaited or not."""
        self._leave()
        return _Done()

    @abstractmethod
    def _leave(self) -> None:
        """Let go of what is held."""

    def _begun(self) -> Generator[Any, Any, ResultT]:
        try:
            return self._steps
        except AttributeError:
            self._steps = self.__await__()
            return self._steps


class _Done:
    """Nothing to wait for."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from ()
