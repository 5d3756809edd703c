"""Ways to spoil an answer: each takes an answer and gives one that is worse.

They combine: a script item can be a tuple of a reply and any faults, applied in turn.
Positions count the steps of the body: of a plain stream, 0 is the role, 1 the first
token, and the last three are the finish, the usage and `[DONE]`.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, repeat
from typing import Any, Protocol

import msgspec

from fireworks_async.simulator._answers import Answer, Ending, Step, StepKind

__all__ = (
    "BOM",
    "Batched",
    "Cut",
    "Ended",
    "Fault",
    "Gzipped",
    "Hold",
    "Insert",
    "LineEnding",
    "Pause",
    "Ping",
    "Rewrite",
    "Sliced",
    "SlowHeaders",
    "Without",
)


class Fault(Protocol):
    """What spoils an answer."""

    def __call__(self, answer: Answer, /) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Cut:
    """Nothing comes after a point.

    Attributes:
        after: How many steps come whole; -1 is all but the last.
        part: How many bytes of the step after them come too.
        ending: `close` and `reset` break the connection, `eof` ends the body cleanly,
            `hang` sends nothing more for ever.
    """

    after: int
    part: int = 0
    ending: Ending = "close"

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, steps=self._kept(answer.steps), ending=self.ending)

    def _kept(self, steps: Iterable[Step]) -> Iterator[Step]:
        if self.after < 0:
            steps = list(steps)
            after = max(0, len(steps) + self.after)
        else:
            after = self.after
        kept = iter(steps)
        yield from islice(kept, after)
        if self.part and (last := next(kept, None)) is not None:
            yield last._replace(data=last.data[: self.part])


@dataclass(frozen=True, slots=True)
class Ended:
    """The body is whole and its end is odd.

    Attributes:
        ending: How it ends.
        delay: Seconds before it ends.
    """

    ending: Ending = "eof"
    delay: float = 0.0

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, ending=self.ending, ending_delay=self.delay)


@dataclass(frozen=True, slots=True)
class SlowHeaders:
    """The headers keep the client waiting.

    Attributes:
        seconds: How long.
    """

    seconds: float

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, head_delay=answer.head_delay + self.seconds)


@dataclass(frozen=True, slots=True)
class Pause:
    """A stream falls silent for a while.

    Attributes:
        seconds: How long.
        before: The step that is late, and all after it.
    """

    seconds: float
    before: int = 0

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, steps=self._late(answer.steps))

    def _late(self, steps: Iterable[Step]) -> Iterator[Step]:
        for index, step in enumerate(steps):
            more = self.seconds if index == self.before else 0.0
            yield step._replace(delay=step.delay + more)


@dataclass(frozen=True, slots=True)
class Hold:
    """A stream stops until the test lets it go on, so that no test has to sleep.

    It belongs to the event loop that the simulator runs in.

    Attributes:
        before: The step that waits.
        released: Set it to let the stream go on.
    """

    before: int
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, steps=self._held(answer.steps))

    def _held(self, steps: Iterable[Step]) -> Iterator[Step]:
        for index, step in enumerate(steps):
            gate = self.released if index == self.before else step.gate
            yield step._replace(gate=gate)


class Without:
    """Events of some kinds are left out.

    Args:
        kinds: `role`, `delta`, `finish`, `usage` or `done`.
    """

    def __init__(self, *kinds: StepKind) -> None:
        self.kinds = kinds

    def __repr__(self) -> str:
        return f"Without{self.kinds}"

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        kept = (step for step in answer.steps if step.kind not in self.kinds)
        return replace(answer, steps=kept)


@dataclass(frozen=True, slots=True)
class Insert:
    """Bytes come that do not belong there.

    Attributes:
        data: What is sent: bytes as they are, anything else as the JSON of one event.
        before: The step that it comes before; None: after the last.
    """

    data: Any
    before: int | None = None

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, steps=self._with(list(answer.steps)))

    def _with(self, steps: list[Step]) -> list[Step]:
        data = self.data
        if not isinstance(data, bytes):
            data = b"data: %b\n\n" % msgspec.json.encode(data)
        steps.insert(
            len(steps) if self.before is None else self.before, Step(0.0, data)
        )
        return steps


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Chunks are changed before they are sent.

    Attributes:
        change: Is given the position and the decoded chunk, and gives what is sent
            instead: bytes as they are, anything else as the JSON of one event.
            `[DONE]` is not given to it.
    """

    change: Callable[[int, Any], Any]

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, steps=self._changed(answer.steps))

    def _changed(self, steps: Iterable[Step]) -> Iterator[Step]:
        for index, step in enumerate(steps):
            if step.kind in ("done", "other", "comment"):
                yield step
                continue
            chunk = msgspec.json.decode(step.data.removeprefix(b"data: "))
            data = self.change(index, chunk)
            if not isinstance(data, bytes):
                data = b"data: %b\n\n" % msgspec.json.encode(data)
            yield step._replace(data=data)


@dataclass(frozen=True, slots=True)
class Ping:
    """Comment lines come, which are bytes and no progress.

    Attributes:
        gap: Seconds before each.
        before: The step that they come before.
        count: How many; None: for ever, and the rest of the stream never comes.
        data: The comment.
    """

    gap: float
    before: int = 1
    count: int | None = None
    data: bytes = b": ping\n\n"

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        ping = Step(self.gap, self.data, "comment")
        pings = repeat(ping) if self.count is None else repeat(ping, self.count)
        steps = iter(answer.steps)
        mixed = chain(islice(steps, self.before), pings, steps)
        return replace(answer, steps=mixed)


@dataclass(frozen=True, slots=True)
class LineEnding:
    r"""Lines end in `\r\n` or `\r` instead of `\n`.

    Attributes:
        ending: The bytes.
    """

    ending: bytes = b"\r\n"

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        steps = (
            step._replace(data=step.data.replace(b"\n", self.ending))
            for step in answer.steps
        )
        return replace(answer, steps=steps)


@dataclass(frozen=True, slots=True)
class BOM:
    """The body begins with a byte order mark."""

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, steps=chain((Step(0.0, b"\xef\xbb\xbf"),), answer.steps))


@dataclass(frozen=True, slots=True)
class Sliced:
    """The body comes in small writes that heed no event and no character.

    Attributes:
        size: Bytes a write.
        gap: Seconds between two writes of one event.
    """

    size: int = 1
    gap: float = 0.0

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, steps=self._slices(answer.steps), joined=False)

    def _slices(self, steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            yield step._replace(data=step.data[: self.size])
            for start in range(self.size, len(step.data), self.size):
                data = step.data[start : start + self.size]
                yield Step(self.gap, data, step.kind)


@dataclass(frozen=True, slots=True)
class Batched:
    """Several events come in one write, when the last of them is due.

    Attributes:
        count: How many.
    """

    count: int

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        return replace(answer, steps=self._batches(iter(answer.steps)), joined=False)

    def _batches(self, steps: Iterator[Step]) -> Iterator[Step]:
        while batch := list(islice(steps, self.count)):
            delay = sum(step.delay for step in batch)
            data = b"".join(step.data for step in batch)
            tokens = sum(step.tokens for step in batch)
            yield Step(delay, data, "other", tokens=tokens)


@dataclass(frozen=True, slots=True)
class Gzipped:
    """The body is compressed, flushed after each event."""

    def __call__(self, answer: Answer) -> Answer:
        """Spoil the answer."""
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        steps = self._compressed(answer.steps)
        return replace(answer, headers=headers, steps=steps, length=None)

    def _compressed(self, steps: Iterable[Step]) -> Iterator[Step]:
        packer = zlib.compressobj(wbits=31)
        for step in steps:
            data = packer.compress(step.data) + packer.flush(zlib.Z_SYNC_FLUSH)
            yield step._replace(data=data)
        yield Step(0.0, packer.flush())


def spoil(answer: Answer, faults: Sequence[Fault]) -> Answer:
    """Apply faults in turn."""
    if faults:
        answer = replace(answer, merged=None)
    for fault in faults:
        answer = fault(answer)
    return answer
