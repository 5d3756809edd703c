"""Planned text completions as JSON: the events of a stream, or one object."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar

from fireworks_async.simulator._answers import Step
from fireworks_async.simulator._behaviour import ChoicePlan
from fireworks_async.simulator._extras import Extras
from fireworks_async.simulator._framing import (
    PLACE,
    FramedAnswer,
    filled,
    filled_in_bulk,
)
from fireworks_async.simulator._prefaces import Preface

__all__ = ("TextAnswer",)


@dataclass(frozen=True, slots=True)
class TextAnswer(FramedAnswer):
    """An answer about to be written.

    Attributes:
        prompts: What is told of the tokens, and said before them, for each prompt; the
            choices are shared out evenly among them.
    """

    whole: ClassVar[str] = "text_completion"
    chunk: ClassVar[str] = "text_completion"

    prompts: Sequence[tuple[Extras, Preface]]

    def of_choice(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give a choice as it stands in a whole answer."""
        extras, preface = self._of(choice)
        return {
            "index": choice.index,
            "text": preface.text + "".join(choice.content),
            "finish_reason": choice.finish_reason,
            **preface.before(extras.of_choice(choice, len(preface.text))),
            **extras.of_prompt(),
        }

    def of_end(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give a choice as it stands in its last chunk."""
        return {
            "index": choice.index,
            "text": "",
            "finish_reason": choice.finish_reason,
            **self._of(choice)[0].of_end(choice),
        }

    def of_root(self) -> dict[str, Any]:
        """Give nothing: prompts are told of in the choices."""
        return {}

    def openings(self) -> Iterator[Step]:
        """Give what is said of the prompts."""
        for choice in self.account.choices:
            extras, preface = self._of(choice)
            more = {**preface.told, **extras.of_prompt()}
            if preface.echoed or more:
                yield Step(0.0, self._delta(choice, preface.text, more), "role")

    def deltas(self, choice: ChoicePlan) -> Iterator[bytes]:
        """Give the tokens of a choice, one event each."""
        extras, preface = self._of(choice)
        if choice.deltas is not None:
            for delta in choice.deltas:
                yield self._delta(choice, "", dict(delta or {}))
        elif not extras.wanted:
            yield from filled(self._delta(choice, PLACE, {}), choice.content)
        else:
            starts = accumulate(map(len, choice.content), initial=len(preface.text))
            for place, token in enumerate(choice.content):
                more = extras.of_tokens([token], place, next(starts))
                yield self._delta(choice, token, more)

    def pieces(self, choice: ChoicePlan) -> Iterator[tuple[bytes, int]] | None:
        """Give what `deltas` gives in large pieces with their counts, if it can."""
        if choice.deltas is not None or self._of(choice)[0].wanted:
            return None
        return filled_in_bulk(self._delta(choice, PLACE, {}), choice.content)

    def _delta(self, choice: ChoicePlan, text: str, more: dict[str, Any]) -> bytes:
        plain = {"index": choice.index, "text": text, "finish_reason": None}
        return self.event({**plain, **more})

    def _of(self, choice: ChoicePlan) -> tuple[Extras, Preface]:
        each = len(self.account.choices) // len(self.prompts)
        return self.prompts[choice.index // each]
