"""One chat call, read in either of the two ways, for tests that hold for both."""

import asyncio
import gc
import pickle
import warnings
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from fireworks_async import AsyncFireworks, ChatCompletion
from fireworks_async.errors import FireworksError

KEY = "fw_test_CANARY"
MESSAGES = [{"role": "user", "content": "Hi"}]

ErrorT = TypeVar("ErrorT", bound=FireworksError)


class Ask:
    """Asks, and reads the answer by ``async for`` or by ``await``.

    Attributes:
        streams: Whether it reads by ``async for``.
        received: What ``async for`` has handed out, call after call.
    """

    def __init__(self, *, streams: bool) -> None:
        self.streams = streams
        self.received: list[str] = []

    async def __call__(self, client: AsyncFireworks, **params: Any) -> ChatCompletion:
        call = client.chat.completions.create(
            model="m", **{"messages": MESSAGES, **params}
        )
        if not self.streams:
            return await call
        async with call as stream:
            async for chunk in stream:
                self.received.append(chunk.content)
            return stream.snapshot


def text(completion: ChatCompletion) -> str | None:
    """The content of choice 0."""
    return next(c for c in completion.choices if c.index == 0).message.content


async def failure(call: Awaitable[object], kind: type[ErrorT]) -> ErrorT:
    """The error of a call that must fail with exactly this class.

    Whatever the error is, it travels between processes unchanged and nothing that
    hangs on it shows the key.
    """
    with pytest.raises(kind) as caught:
        # Rather a failed test than a stuck one.
        async with asyncio.timeout(8):
            await call
    error = caught.value
    assert type(error) is kind, repr(error)
    assert pickle.loads(pickle.dumps(error)) == error
    assert KEY not in everything_said_by(error)
    return error


def everything_said_by(error: BaseException | None) -> str:
    """All text on an error and on the chain behind it."""
    said = []
    while error is not None:
        notes = getattr(error, "__notes__", ())
        said += [repr(error), str(error), repr(error.__dict__), repr(notes)]
        assert error.__cause__ is None or error.__context__ is error.__cause__
        error = error.__context__
    return "\n".join(said)


def created(client: AsyncFireworks, **params: Any) -> Any:
    """A chat call that has not been sent."""
    return client.chat.completions.create(model="m", messages=MESSAGES, **params)


@contextmanager
def warned(of: str) -> Iterator[None]:
    """What is dropped in the block warns once, and nothing else does."""
    gc.collect()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(w.message).partition(" http")[0] for w in said] == [f"unclosed {of}"]
    assert KEY not in str(said[0].message)
