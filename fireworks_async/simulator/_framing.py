"""The frame that all planned answers share: the order of events, usage and metrics.

What stands inside a choice is told by the answers of each endpoint.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from fireworks_async.simulator._answers import Answer, Step
from fireworks_async.simulator._behaviour import ChoicePlan
from fireworks_async.simulator._metrics import Account
from fireworks_async.simulator._models import exists, reasoning_complaint
from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply, Reply
from fireworks_async.simulator._settings import UsagePlacement
from fireworks_async.simulator._validation import join_problems

__all__ = (
    "DONE",
    "PLACE",
    "FramedAnswer",
    "deliver",
    "event",
    "filled",
    "filled_in_bulk",
    "refusal",
    "usage_placement",
)

DONE = b"data: [DONE]\n\n"
PLACE = "\x00here\x00"
# About as many events as the player sends at once.
_MERGED = 64
_encode = msgspec.json.Encoder().encode


def event(data: object) -> bytes:
    """Encode one event whose data is JSON."""
    return b"data: %b\n\n" % _encode(data)


def filled(template: bytes, tokens: Iterable[str]) -> Iterator[bytes]:
    """Give an event for each token, made of one that says `PLACE`.

    Everything but the token is the same in all of them, so it is encoded only once.
    """
    before, after = template.split(_encode(PLACE))
    for token in tokens:
        yield b"%b%b%b" % (before, _encode(token), after)


def filled_in_bulk(
    template: bytes, tokens: Sequence[str]
) -> Iterator[tuple[bytes, int]]:
    """Give what `filled` gives, joined in large pieces, each with its count."""
    before, after = template.split(_encode(PLACE))
    for start in range(0, len(tokens), _MERGED):
        some = tokens[start : start + _MERGED]
        yield (
            b"%b%b%b" % (before, (after + before).join(map(_encode, some)), after),
            len(some),
        )


@dataclass(frozen=True, slots=True)
class FramedAnswer(ABC):
    """An answer about to be written.

    Attributes:
        id: The answer's id.
        created: Unix time in seconds.
        model: The model that was asked for.
        account: Its choices and what they cost.
        usage: Where a stream reports usage: `finish`, `trailing`,
            `trailing-no-choices`, `both` or `none`.
        with_metrics: Whether perf metrics go in the body.
    """

    whole: ClassVar[str]
    chunk: ClassVar[str]

    id: str
    created: int
    model: str
    account: Account
    usage: str
    with_metrics: bool

    @abstractmethod
    def of_choice(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give a choice as it stands in a whole answer."""

    @abstractmethod
    def of_end(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give a choice as it stands in its last chunk."""

    @abstractmethod
    def openings(self) -> Iterator[Step]:
        """Give what a stream sends at once."""

    @abstractmethod
    def deltas(self, choice: ChoicePlan) -> Iterator[bytes]:
        """Give the tokens of a choice, one event each."""

    @abstractmethod
    def pieces(self, choice: ChoicePlan) -> Iterator[tuple[bytes, int]] | None:
        """Give what `deltas` gives in large pieces with their counts, if it can."""

    @abstractmethod
    def of_root(self) -> dict[str, Any]:
        """Give what the root of a whole answer has beside the usual."""

    def json(self) -> bytes:
        """Encode the whole answer as one object."""
        return _encode(
            {
                **self._head(self.whole),
                "choices": [self.of_choice(choice) for choice in self.account.choices],
                "usage": self.account.usage(),
                **self._metrics(),
                **self.of_root(),
            }
        )

    def steps(self) -> Iterator[Step]:
        """Give the events of the stream, each with its delay.

        What opens it comes at once, the first token after the time to the first token,
        and the last token brings the rest of the stream with it. Choices take turns.
        """
        yield from self.openings()
        match self.account.choices:
            case [choice]:
                yield from self._alone(choice)
            case choices:
                yield from self._in_turn(choices)
        yield from self._closings()

    def merged(self) -> Iterator[Step] | None:
        """Give the same in large steps, where all of it comes at once."""
        choice, *others = self.account.choices
        pieces = self.pieces(choice)
        if others or self.account.gap > 0 or pieces is None:
            return None
        return self._merged(choice, pieces)

    def _merged(
        self, choice: ChoicePlan, pieces: Iterable[tuple[bytes, int]]
    ) -> Iterator[Step]:
        yield from self.openings()
        delay = self.account.ttft
        for data, tokens in pieces:
            yield Step(delay, data, "delta", tokens=tokens)
            delay = 0.0
        yield Step(0.0, self._finish(choice, True), "finish")
        yield from self._closings()

    def _closings(self) -> Iterator[Step]:
        if self.usage in ("trailing", "both", "trailing-no-choices"):
            yield Step(0.0, event(self._trailer()), "usage")
        yield Step(0.0, DONE, "done")

    def event(self, choice: dict[str, Any], **root: Any) -> bytes:
        """Encode one chunk."""
        head = self._head(self.chunk)
        return event({**head, "choices": [choice], "usage": None, **root})

    def _alone(self, choice: ChoicePlan) -> Iterator[Step]:
        """Do what `_in_turn` does; by far the most streams have but one choice."""
        delay = self.account.ttft
        for data in self.deltas(choice):
            yield Step(delay, data, "delta", None, 1)
            delay = self.account.gap
        yield Step(0.0, self._finish(choice, True), "finish")

    def _in_turn(self, choices: Sequence[ChoicePlan]) -> Iterator[Step]:
        running = {c.index: (c, self.deltas(c)) for c in choices}
        delay = self.account.ttft
        while running:
            for index, (choice, deltas) in list(running.items()):
                data = next(deltas, None)
                if data is None:
                    del running[index]
                    yield Step(0.0, self._finish(choice, not running), "finish")
                else:
                    yield Step(delay, data, "delta", None, 1)
                    delay = 0.0
            delay = self.account.gap

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
        }

    def _finish(self, choice: ChoicePlan, is_last: bool) -> bytes:
        root: dict[str, Any] = {}
        if is_last and self.usage in ("finish", "both"):
            root["usage"] = self.account.usage()
        if is_last and self.usage in ("finish", "none"):
            root |= self._metrics()
        return self.event(self.of_end(choice), **root)

    def _trailer(self) -> dict[str, Any]:
        trailer = self._head(self.chunk)
        if self.usage != "trailing-no-choices":
            trailer["choices"] = []
        return {**trailer, "usage": self.account.usage(), **self._metrics()}

    def _metrics(self) -> dict[str, Any]:
        if not self.with_metrics:
            return {}
        return {"perf_metrics": self.account.perf_metrics()}


def refusal(
    body: Any, problems: list[str], models: Collection[str] | None
) -> ErrorReply | None:
    """Refuse what has problems, and models that are not there or will not do it."""
    if problems:
        return Rejection.invalid(join_problems(problems))
    if not exists(body["model"], models):
        return Rejection.model_not_found()
    if complaint := reasoning_complaint(body["model"], body):
        return Rejection.invalid(complaint)
    return None


def usage_placement(body: dict[str, Any], placement: UsagePlacement) -> UsagePlacement:
    """Trailing usage comes only when asked for; on the finish chunk it always does."""
    options: dict[str, Any] = body.get("stream_options") or {}
    if options.get("include_usage"):
        return placement
    return "finish" if placement in ("finish", "both") else "none"


def deliver(framed: FramedAnswer, body: dict[str, Any], reply: Reply) -> Answer:
    """Give the answer as a stream or whole, whichever is wanted."""
    is_streamed = bool(body.get("stream")) if reply.stream is None else reply.stream
    account = framed.account
    if is_streamed:
        headers = {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-cache",
            **account.stream_headers(),
        }
        return Answer(headers=headers, steps=framed.steps(), merged=framed.merged())
    data = framed.json()
    tokens = sum(choice.tokens for choice in account.choices)
    headers = {"Content-Type": "application/json", **account.full_headers(body)}
    return Answer(
        headers=headers,
        steps=(Step(0.0, data, tokens=tokens),),
        head_delay=account.duration,
        length=len(data),
    )
