"""What the caller does in a row: the loops that a user would write, and what came of them.

The loops are in the peers' favour: a chunk without choices, or a choice without a
delta, is passed over, where a plain ``chunk.choices[0].delta`` would raise.
"""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from benchmarks.faults.clients import Client
from benchmarks.faults.outcome import API_KEY, Failure, Order, Report

__all__ = ("AFTERMATH", "perform")

_MESSAGES = [{"role": "user", "content": "Name three woods."}]
_LONGEST_MESSAGE = 400
# After a stream was left: for its connection to be closed, or not.
AFTERMATH = 0.6


class _Caller:
    """One caller, and what it has heard."""

    def __init__(self, client: Client, order: Order) -> None:
        self._client = client
        self._order = order
        self.texts: list[str] = []
        self.usage: int | None = None
        self.unusable = 0
        self.left_at: float | None = None

    async def read(self) -> None:
        """Read streams to their ends."""
        for number in range(self._order.calls):
            if number:
                await asyncio.sleep(self._order.settle)
            async for chunk in await self._open():
                self._hear(chunk)

    async def collect(self) -> None:
        """Ask for completions that are not streamed."""
        completion = await self._create()
        self.texts.append(completion.choices[0].message.content)

    async def leave(self) -> None:
        """Break out of the loop at the first delta, and keep the stream."""
        stream = await self._left_at_first_delta()
        await asyncio.sleep(AFTERMATH)
        # Alive until here.
        del stream

    async def drop(self) -> None:
        """Break out of the loop at the first delta, and keep nothing."""
        await self._left_at_first_delta()
        await asyncio.sleep(AFTERMATH)

    async def cancel(self) -> None:
        """Cancel the task that reads."""
        heard = asyncio.Event()

        async def listen() -> None:
            async for chunk in await self._open():
                if self._hear(chunk):
                    heard.set()

        task = asyncio.create_task(listen())
        await heard.wait()
        task.cancel()
        self.left_at = time.monotonic()
        await asyncio.wait([task])
        await asyncio.sleep(AFTERMATH)

    async def _left_at_first_delta(self) -> Any:
        stream = await self._open()
        async for chunk in stream:
            if self._hear(chunk):
                break
        self.left_at = time.monotonic()
        return stream

    async def _open(self) -> Any:
        stream = await self._create(stream=True)
        self.texts.append("")
        return stream

    def _create(self, **more: Any) -> Awaitable[Any]:
        call = {"messages": _MESSAGES, **self._order.keywords, **more}
        return self._client.create(**call)

    def _hear(self, chunk: Any) -> bool:
        """Take in a chunk; whether it held text."""
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            self.usage = usage.completion_tokens
        choices = getattr(chunk, "choices", None)
        self.unusable += choices is None and usage is None
        said = ""
        for choice in choices or ():
            said += getattr(choice.delta, "content", None) or ""
        self.texts[-1] += said
        return bool(said)


_EXERCISES: dict[str, Callable[[_Caller], Awaitable[None]]] = {
    "read": _Caller.read,
    "collect": _Caller.collect,
    "leave": _Caller.leave,
    "drop": _Caller.drop,
    "cancel": _Caller.cancel,
}


async def perform(client: Client, order: Order) -> Report:
    """Do as ordered, within its limit; whatever is raised is in the report."""
    caller = _Caller(client, order)
    failure: Failure | None = None
    started_at = time.monotonic()
    try:
        async with asyncio.timeout(order.limit) as limit:
            try:
                await _EXERCISES[order.exercise](caller)
            except Exception as error:  # noqa: BLE001 - what it is, is the question
                failure = _described(error, client.package, caller.texts)
    except TimeoutError:
        # By `limit`, which is asked below: a peer may turn it into an error of its own.
        pass
    return Report(
        texts=caller.texts,
        usage=caller.usage,
        unusable=caller.unusable,
        failure=failure,
        seconds=time.monotonic() - started_at,
        left_at=caller.left_at,
        waited_in_vain=limit.expired(),
    )


def _described(error: Exception, package: str, texts: list[str]) -> Failure:
    kind = type(error)
    home = kind.__module__.partition(".")[0]
    is_own = home == package
    name = kind.__name__ if is_own or home == "builtins" else f"{home}.{kind.__name__}"
    heard = texts[-1].split() if texts else []
    held = repr(vars(error))
    printed = traceback.TracebackException.from_exception(error, capture_locals=True)
    return Failure(
        name=name,
        is_own=is_own,
        message=str(error)[:_LONGEST_MESSAGE],
        keeps_partial=bool(heard) and all(word in held for word in heard),
        key_in_chain=any(API_KEY in text for text in _texts(error)),
        key_in_locals=any(API_KEY in line for line in printed.format()),
    )


def _texts(error: BaseException) -> Iterator[str]:
    """All that a logger may print of an error and of those behind it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        yield str(one)
        yield repr(one)
        yield repr(one.args)
        yield repr(vars(one))
