"""A planned chat answer as JSON: the events of a stream, or one object."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import msgspec

from fireworks_async.simulator._answers import Step
from fireworks_async.simulator._behaviour import CallPiece, ChoicePlan
from fireworks_async.simulator._extras import Extras
from fireworks_async.simulator._metrics import Account

__all__ = ("DONE", "ChatAnswer", "event")

DONE = b"data: [DONE]\n\n"
_PLACE = "\x00here\x00"
_encode = msgspec.json.Encoder().encode


def event(data: object) -> bytes:
    """Encode one event whose data is JSON."""
    return b"data: %b\n\n" % _encode(data)


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """An answer about to be written.

    Attributes:
        id: The answer's id.
        created: Unix time in seconds.
        model: The model that was asked for.
        account: Its choices and what they cost.
        extras: What the request wants told about tokens.
        usage: Where a stream reports usage: `finish`, `trailing`,
            `trailing-no-choices`, `both` or `none`.
        with_metrics: Whether perf metrics go in the body.
    """

    id: str
    created: int
    model: str
    account: Account
    extras: Extras
    usage: str
    with_metrics: bool

    def json(self) -> bytes:
        """Encode the whole answer as one object."""
        extras = self.extras
        choices = [
            {
                "index": choice.index,
                "message": _message(choice),
                "finish_reason": choice.finish_reason,
                **extras.of_choice(choice),
            }
            for choice in self.account.choices
        ]
        return _encode(
            {
                **self._head("chat.completion"),
                "choices": choices,
                "usage": self.account.usage(),
                **self._metrics(),
                **extras.of_prompt(),
            }
        )

    def steps(self) -> Iterator[Step]:
        """Give the events of the stream, each with its delay.

        The role comes at once, the first token after the time to the first token, and
        the last token brings the rest of the stream with it. Choices take turns.
        """
        yield from self._roles()
        match self.account.choices:
            case [choice]:
                yield from self._alone(choice)
            case choices:
                yield from self._in_turn(choices)
        if self.usage in ("trailing", "both", "trailing-no-choices"):
            yield Step(0.0, event(self._trailer()), "usage")
        yield Step(0.0, DONE, "done")

    def _alone(self, choice: ChoicePlan) -> Iterator[Step]:
        """Do what `_in_turn` does; by far the most streams have but one choice."""
        delay = self.account.ttft
        for data in self._deltas(choice):
            yield Step(delay, data, "delta")
            delay = self.account.gap
        yield Step(0.0, self._finish(choice, True), "finish")

    def _in_turn(self, choices: Sequence[ChoicePlan]) -> Iterator[Step]:
        running = {c.index: (c, self._deltas(c)) for c in choices}
        delay = self.account.ttft
        while running:
            for index, (choice, deltas) in list(running.items()):
                data = next(deltas, None)
                if data is None:
                    del running[index]
                    yield Step(0.0, self._finish(choice, not running), "finish")
                else:
                    yield Step(delay, data, "delta")
                    delay = 0.0
            delay = self.account.gap

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
        }

    def _chunk(self, choice: dict[str, Any], **more: Any) -> bytes:
        head = self._head("chat.completion.chunk")
        return event({**head, "choices": [choice], "usage": None, **more})

    def _roles(self) -> Iterator[Step]:
        more = self.extras.of_prompt()
        for choice in self.account.choices:
            delta = {"role": "assistant", "content": ""}
            first = {"index": choice.index, "delta": delta, "finish_reason": None}
            yield Step(0.0, self._chunk(first, **more), "role")
            more = {}

    def _deltas(self, choice: ChoicePlan) -> Iterator[bytes]:
        if choice.deltas is not None:
            for delta in choice.deltas:
                yield self._delta(choice, delta, {})
            return
        yield from self._texts(choice, "reasoning_content", 0)
        yield from self._texts(choice, "content", len(choice.reasoning))
        for piece in choice.calls:
            yield self._delta(choice, {"tool_calls": [_fragment(piece)]}, {})

    def _texts(self, choice: ChoicePlan, field: str, position: int) -> Iterator[bytes]:
        tokens = choice.content if field == "content" else choice.reasoning
        if self.extras.wanted:
            starts = accumulate(map(len, tokens), initial=0)
            for place, (token, start) in enumerate(zip(tokens, starts, strict=False)):
                more = self.extras.of_tokens([token], position + place, start)
                yield self._delta(choice, {field: token}, more)
            return
        # Everything but the token is the same in all these chunks: it is encoded once.
        whole = self._delta(choice, {field: _PLACE}, {})
        before, after = whole.split(_encode(_PLACE))
        for token in tokens:
            yield b"%b%b%b" % (before, _encode(token), after)

    def _delta(self, choice: ChoicePlan, delta: Any, more: dict[str, Any]) -> bytes:
        return self._chunk(
            {"index": choice.index, "delta": delta, "finish_reason": None, **more}
        )

    def _finish(self, choice: ChoicePlan, is_last: bool) -> bytes:
        more: dict[str, Any] = {}
        if is_last and self.usage in ("finish", "both"):
            more["usage"] = self.account.usage()
        if is_last and self.usage in ("finish", "none"):
            more |= self._metrics()
        last: dict[str, Any] = {
            "index": choice.index,
            "delta": {},
            "finish_reason": choice.finish_reason,
            **self.extras.of_end(choice),
        }
        return self._chunk(last, **more)

    def _trailer(self) -> dict[str, Any]:
        trailer = self._head("chat.completion.chunk")
        if self.usage != "trailing-no-choices":
            trailer["choices"] = []
        return {**trailer, "usage": self.account.usage(), **self._metrics()}

    def _metrics(self) -> dict[str, Any]:
        if not self.with_metrics:
            return {}
        return {"perf_metrics": self.account.perf_metrics()}


def _message(choice: ChoicePlan) -> dict[str, Any]:
    text = "".join(choice.content)
    content = None if choice.calls and not text else text
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if choice.reasoning:
        message["reasoning_content"] = "".join(choice.reasoning)
    if choice.calls:
        message["tool_calls"] = _whole_calls(choice)
    return message


def _whole_calls(choice: ChoicePlan) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    for piece in choice.calls:
        if piece.id is not None:
            calls.append(_fragment(piece))
        else:
            calls[piece.call]["function"]["arguments"] += piece.arguments
    return calls


def _fragment(piece: CallPiece) -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": piece.arguments}
    fragment: dict[str, Any] = {"index": piece.call}
    if piece.id is not None:
        fragment |= {"id": piece.id, "type": "function"}
        function = {"name": piece.name, **function}
    return {**fragment, "function": function}
