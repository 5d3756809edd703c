"""Planned text completions as JSON: the events of a stream, or one object."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar

from fireworks_async.simulator._answers import Step
from fireworks_async.simulator._behaviour import ChoicePlan
from fireworks_async.simulator._extras import Extras, joined
from fireworks_async.simulator._framing import (
    PLACE,
    FramedAnswer,
    filled,
    filled_in_bulk,
)
from fireworks_async.simulator._prompts import TextPrompt

__all__ = ("Preface", "TextAnswer")


@dataclass(frozen=True, slots=True)
class Preface:
    """What the choices of one prompt say of it before they go on.

    Attributes:
        extras: What the request wants told about tokens.
        echoed: Whether any of the prompt is said again.
        text: What is said again.
        told: What is told of those tokens.
    """

    extras: Extras
    echoed: bool
    text: str
    told: Mapping[str, Any]

    @classmethod
    def of_request(cls, body: Mapping[str, Any], prompt: TextPrompt) -> "Preface":
        """Read a valid request; `echo_last` counts tokens from the end."""
        extras = Extras.of_text(body, prompt)
        last = body.get("echo_last")
        if not (body.get("echo") or last):
            return cls(extras, False, "", {})
        tokens = prompt.tokens()
        start = 0 if body.get("echo") else max(0, len(tokens) - int(last or 0))
        told = extras.of_echo(tokens[start:], prompt.ids()[start:], start)
        return cls(extras, True, "".join(tokens[start:]), told)


@dataclass(frozen=True, slots=True)
class TextAnswer(FramedAnswer):
    """An answer about to be written.

    Attributes:
        prefaces: One for each prompt; the choices are shared out evenly among them.
    """

    whole: ClassVar[str] = "text_completion"
    chunk: ClassVar[str] = "text_completion"

    prefaces: Sequence[Preface]

    def of_choice(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give a choice as it stands in a whole answer."""
        preface = self._preface(choice)
        told = preface.extras.of_choice(choice, len(preface.text))
        if preface.told:
            told = {**told, "logprobs": joined(preface.told, told)["logprobs"]}
        return {
            "index": choice.index,
            "text": preface.text + "".join(choice.content),
            "finish_reason": choice.finish_reason,
            **told,
            **preface.extras.of_prompt(),
        }

    def of_end(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give a choice as it stands in its last chunk."""
        return {
            "index": choice.index,
            "text": "",
            "finish_reason": choice.finish_reason,
            **self._preface(choice).extras.of_end(choice),
        }

    def of_root(self) -> dict[str, Any]:
        """Give nothing: prompts are told of in the choices."""
        return {}

    def openings(self) -> Iterator[Step]:
        """Give what is said of the prompts."""
        for choice in self.account.choices:
            preface = self._preface(choice)
            more = {**preface.told, **preface.extras.of_prompt()}
            if preface.echoed or more:
                yield Step(0.0, self._delta(choice, preface.text, more), "role")

    def deltas(self, choice: ChoicePlan) -> Iterator[bytes]:
        """Give the tokens of a choice, one event each."""
        preface = self._preface(choice)
        if choice.deltas is not None:
            for delta in choice.deltas:
                yield self._delta(choice, "", dict(delta or {}))
        elif not preface.extras.wanted:
            yield from filled(self._delta(choice, PLACE, {}), choice.content)
        else:
            starts = accumulate(map(len, choice.content), initial=len(preface.text))
            for place, token in enumerate(choice.content):
                more = preface.extras.of_tokens([token], place, next(starts))
                yield self._delta(choice, token, more)

    def pieces(self, choice: ChoicePlan) -> Iterator[tuple[bytes, int]] | None:
        """Give what `deltas` gives in large pieces with their counts, if it can."""
        if choice.deltas is not None or self._preface(choice).extras.wanted:
            return None
        return filled_in_bulk(self._delta(choice, PLACE, {}), choice.content)

    def _delta(self, choice: ChoicePlan, text: str, more: dict[str, Any]) -> bytes:
        plain = {"index": choice.index, "text": text, "finish_reason": None}
        return self.event({**plain, **more})

    def _preface(self, choice: ChoicePlan) -> Preface:
        each = len(self.account.choices) // len(self.prefaces)
        return self.prefaces[choice.index // each]
