"""What is asked: one item for each place in the schedule, the same for the same seed."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._pictures import picture_url
from fireworks_async.loadtest._prompts import Fit, prompt_text

__all__ = ("Endpoint", "Item", "Part", "Workload", "parse_mix")

Endpoint = Literal["chat", "completions", "embeddings", "rerank"]

_MANY_DRAWS = 256


class Item(msgspec.Struct, kw_only=True):
    """One request, or the first of a conversation.

    Attributes:
        label: Which part of the mix it is.
        messages: For chat.
        text: For all else: the prompt, the input or the query.
        documents: For rerank.
        follow_ups: What the user says in the later turns.
        output_tokens: How many tokens are asked for; None: as the model likes.
        params: Other fields of the request.
        prompt_tokens: How many tokens the prompt should have; None: unknown.
        cancel_after: Tokens after which the answer is left; None: never.
    """

    label: str = ""
    messages: list[dict[str, Any]] = []
    text: str = ""
    documents: list[str] = []
    follow_ups: list[str] = []
    output_tokens: int | None = None
    params: dict[str, Any] = {}
    prompt_tokens: int | None = None
    cancel_after: int | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of synthetic request in a mix.

    Attributes:
        input: Tokens of the prompt, the shared beginning included.
        output: Tokens of the answer; None: as the model likes.
        weight: How often it comes, beside the others.
    """

    input: Lengths
    output: Lengths | None
    weight: float = 1.0

    @property
    def label(self) -> str:
        """Its name in reports."""
        return f"{self.input}/{self.output if self.output is not None else 'any'}"


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe for items.

    Attributes:
        parts: The mix, when prompts are made up.
        items: What was read from a file, taken in turn; the parts are not looked at.
        fit: How prompts of a length are made.
        prefix_tokens: How much of each prompt others begin with too.
        prefix_groups: How many different beginnings there are.
        is_unique: Whether prompts differ beyond that; else all of a part are one.
        turns: How many turns a conversation has.
        images: Pictures in each prompt.
        image_size: Their width and height in pixels.
        cancel_share: The share of answers that are left in the middle.
        documents: How many documents a rerank request has.
        params: Other fields of every request.
        seed: Another seed gives other items.
    """

    parts: tuple[Part, ...] = ()
    items: tuple[Item, ...] = ()
    fit: Fit = Fit()
    prefix_tokens: int = 0
    prefix_groups: int = 1
    is_unique: bool = True
    turns: int = 1
    images: int = 0
    image_size: int = 256
    cancel_share: float = 0.0
    documents: int = 0
    params: Mapping[str, Any] = {}
    seed: int = 0

    def item(self, index: int) -> Item:
        """What the request at a place of the schedule asks."""
        dice = random.Random(f"{self.seed}/{index}")  # noqa: S311 - no secret
        item = self._read(index, dice) if self.items else self._made_up(dice)
        item.params = {**self.params, **item.params}
        if self.cancel_share and dice.random() < self.cancel_share:
            item.cancel_after = 1 + int(dice.random() * (item.output_tokens or 64))
        return item

    def lengths(self) -> list[int]:
        """The prompt lengths that are worth hitting exactly: those drawn often."""
        fixed = {each.input.first for each in self.parts if each.input.kind == "fixed"}
        return sorted(fixed)

    @property
    def mean_input(self) -> float | None:
        """Tokens of a prompt on average; None: not known before it is sent."""
        if self.items:
            known = [each.prompt_tokens for each in self.items]
            counted = [each for each in known if each is not None]
            return sum(counted) / len(counted) if len(counted) == len(known) else None
        return self._mean([each.input.mean for each in self.parts])

    @property
    def mean_output(self) -> float | None:
        """Tokens of an answer on average; None: as the model likes."""
        if self.items:
            drawn = [self.item(n).output_tokens for n in range(_MANY_DRAWS)]
            known = [each for each in drawn if each is not None]
            return sum(known) / len(known) if len(known) == len(drawn) else None
        if any(each.output is None for each in self.parts):
            return None
        return self._mean([each.output.mean for each in self.parts if each.output])

    def _mean(self, values: Sequence[float]) -> float:
        weights = [each.weight for each in self.parts]
        pairs = zip(values, weights, strict=True)
        return sum(value * weight for value, weight in pairs) / sum(weights)

    def _read(self, index: int, dice: random.Random) -> Item:
        found = self.items[index % len(self.items)]
        if found.messages or found.prompt_tokens is None:
            return msgspec.structs.replace(found, params={**found.params})
        # A row of a trace, of which only the lengths are known.
        return self._of_lengths(dice, "", found.prompt_tokens, found.output_tokens)

    def _made_up(self, dice: random.Random) -> Item:
        [part] = dice.choices(self.parts, [each.weight for each in self.parts])
        return self._of_lengths(
            dice,
            part.label if len(self.parts) > 1 else "",
            part.input.draw(dice),
            part.output.draw(dice) if part.output is not None else None,
        )

    def _of_lengths(
        self, dice: random.Random, label: str, tokens: int, output: int | None
    ) -> Item:
        words = dice if self.is_unique else random.Random(self.seed)  # noqa: S311 - no secret
        text = prompt_text(*self.fit.parts(tokens), words, self._opening(dice))
        # Later turns are as long as the answer that they follow.
        later = [
            prompt_text(max(1, (output or 32) // 2), 0, dice)
            for _ in range(self.turns - 1)
        ]
        return Item(
            label=label,
            messages=[{"role": "user", "content": self._content(text, dice)}],
            text=text,
            documents=[prompt_text(32, 0, dice) for _ in range(self.documents)],
            follow_ups=later,
            output_tokens=output,
            prompt_tokens=None if self.images else tokens,
        )

    def _opening(self, dice: random.Random) -> str:
        if not self.prefix_tokens:
            return ""
        group = dice.randrange(max(1, self.prefix_groups))
        same = random.Random(f"{self.seed}/prefix/{group}")  # noqa: S311 - no secret
        words, _ = self.fit.parts(self.prefix_tokens + round(self.fit.overhead))
        return prompt_text(words, 0, same)

    def _content(self, text: str, dice: random.Random) -> str | list[dict[str, Any]]:
        if not self.images:
            return text
        pictures = [
            {
                "type": "image_url",
                "image_url": {"url": picture_url(self.image_size, dice)},
            }
            for _ in range(self.images)
        ]
        return [*pictures, {"type": "text", "text": text}]


def parse_mix(texts: Sequence[str]) -> tuple[Part, ...]:
    """Read parts of a mix: ``0.7:512/128``, with lengths as ``Lengths.parse`` has them.

    Raises:
        LoadTestError: One is not of that form.
    """
    return tuple(_part(text) for text in texts)


def _part(text: str) -> Part:
    weight, mark, lengths = text.partition(":")
    prompt, slash, answer = lengths.partition("/")
    try:
        number = float(weight)
    except ValueError:
        number = 0.0
    if not (mark and slash and number > 0):
        raise LoadTestError(
            f"{text!r} is no part of a mix: write WEIGHT:INPUT/OUTPUT, such as "
            "0.7:512/128"
        )
    return Part(
        input=Lengths.parse(prompt), output=Lengths.parse(answer), weight=number
    )
