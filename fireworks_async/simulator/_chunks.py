"""A planned chat answer as JSON: the events of a stream, or one object."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, ClassVar

from fireworks_async.simulator._answers import Step
from fireworks_async.simulator._behaviour import CallPiece, ChoicePlan
from fireworks_async.simulator._extras import Extras
from fireworks_async.simulator._framing import (
    PLACE,
    FramedAnswer,
    filled,
    filled_in_bulk,
)
from fireworks_async.simulator._prefaces import Preface

__all__ = ("ChatAnswer",)


@dataclass(frozen=True, slots=True)
class ChatAnswer(FramedAnswer):
    """An answer about to be written.

    Attributes:
        extras: What the request wants told about tokens.
        preface: What is said of the prompt first.
    """

    whole: ClassVar[str] = "chat.completion"
    chunk: ClassVar[str] = "chat.completion.chunk"

    extras: Extras
    preface: Preface

    def of_choice(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give a choice as it stands in a whole answer."""
        return {
            "index": choice.index,
            "message": _message(choice, self.preface.text),
            "finish_reason": choice.finish_reason,
            **self.preface.before(
                self.extras.of_choice(choice, len(self.preface.text))
            ),
        }

    def of_end(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give a choice as it stands in its last chunk."""
        return {
            "index": choice.index,
            "delta": {},
            "finish_reason": choice.finish_reason,
            **self.extras.of_end(choice),
        }

    def of_root(self) -> dict[str, Any]:
        """Give what the root of a whole answer has beside the usual."""
        return self.extras.of_prompt()

    def openings(self) -> Iterator[Step]:
        """Give the roles, and what is said of the prompt."""
        more = self.extras.of_prompt()
        for choice in self.account.choices:
            delta = {"role": "assistant", "content": ""}
            first = {"index": choice.index, "delta": delta, "finish_reason": None}
            yield Step(0.0, self.event(first, **more), "role")
            more = {}
            if self.preface.echoed:
                echo = {"content": self.preface.text}
                data = self._delta(choice, echo, dict(self.preface.told))
                yield Step(0.0, data, "other")

    def deltas(self, choice: ChoicePlan) -> Iterator[bytes]:
        """Give the tokens of a choice, one event each."""
        if choice.deltas is not None:
            for delta in choice.deltas:
                yield self._delta(choice, delta, {})
            return
        yield from self._texts(choice, "reasoning_content", 0)
        yield from self._texts(choice, "content", len(choice.reasoning))
        for piece in choice.calls:
            yield self._delta(choice, {"tool_calls": [_fragment(piece)]}, {})

    def pieces(self, choice: ChoicePlan) -> Iterator[tuple[bytes, int]] | None:
        """Give what `deltas` gives in large pieces with their counts, if it can."""
        if choice.deltas is not None or choice.calls or self.extras.wanted:
            return None
        texts = {"reasoning_content": choice.reasoning, "content": choice.content}
        return chain.from_iterable(
            filled_in_bulk(self._delta(choice, {field: PLACE}, {}), tokens)
            for field, tokens in texts.items()
        )

    def _texts(self, choice: ChoicePlan, field: str, position: int) -> Iterator[bytes]:
        tokens = choice.content if field == "content" else choice.reasoning
        if not self.extras.wanted:
            yield from filled(self._delta(choice, {field: PLACE}, {}), tokens)
            return
        start = len(self.preface.text) if field == "content" else 0
        starts = accumulate(map(len, tokens), initial=start)
        for place, (token, start) in enumerate(zip(tokens, starts, strict=False)):
            more = self.extras.of_tokens([token], position + place, start)
            yield self._delta(choice, {field: token}, more)

    def _delta(self, choice: ChoicePlan, delta: Any, more: dict[str, Any]) -> bytes:
        return self.event(
            {"index": choice.index, "delta": delta, "finish_reason": None, **more}
        )


def _message(choice: ChoicePlan, echo: str) -> dict[str, Any]:
    text = echo + "".join(choice.content)
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
