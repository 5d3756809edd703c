"""What a batch will cost, from a look at all rows and a question about a few."""

import asyncio
import os
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Unpack

import msgspec

from fireworks_async._protocol.completions import Usage
from fireworks_async.batch._cost import PriceBook, dollars
from fireworks_async.batch._options import BatchOptions, Job, StrPath
from fireworks_async.batch._rows import Row
from fireworks_async.batch._senders import Attempt, ClientSender, Sender
from fireworks_async.batch._sources import chunks_of
from fireworks_async.errors import BatchError

if TYPE_CHECKING:
    from fireworks_async._client.client import AsyncFireworks

__all__ = ("BatchEstimate", "estimate_batch", "estimate_job")

_SAMPLE: Final = 20
_GENERATING: Final = frozenset({"/v1/chat/completions", "/v1/completions"})


class BatchEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch will cost.

    Attributes:
        rows: How many there are; bad ones are not counted.
        bad: Those that make no request.
        sampled: Rows that were sent, with ``max_tokens=1``, to have their prompts
            counted.
        prompt_tokens: Of all rows, by the tokens a byte of those.
        most_completion_tokens: Of all rows, if each answer is as long as it may be;
            None when a row sets no limit and none is known of its model.
        least_cost: US dollars of the prompts alone, none of them cached; None when a
            price is not known.
        most_cost: The same with the longest answers; None when a bound is not known.
        sample_cost: What the sample cost.
    """

    rows: int
    bad: int
    sampled: int
    prompt_tokens: int
    most_completion_tokens: int | None
    least_cost: float | None
    most_cost: float | None
    sample_cost: float

    def lines(self) -> Iterator[str]:
        """The same for a person."""
        bad = f"{self.bad} bad (a check tells why)" if self.bad else "0 bad"
        yield f"{self.rows} rows, {bad}; {self.sampled} were asked about"
        if not self.rows:
            return
        answers = self.most_completion_tokens
        most = "no known limit" if answers is None else f"at most {answers}"
        yield f"about {self.prompt_tokens} prompt tokens, {most} completion tokens"
        if self.least_cost is None:
            yield "a price is not known: give one"
        else:
            top = self.most_cost
            end = "without a known end" if top is None else f"to {dollars(top)}"
            yield f"from {dollars(self.least_cost)} {end}"
        yield f"this estimate cost {dollars(self.sample_cost)}"


class _Seen:
    """What a look at all rows gives."""

    def __init__(self) -> None:
        self.rows = 0
        self.bad = 0
        self.sample: list[Row] = []
        self.longest: int | None = 0
        # Bytes of all rows, by what they are priced by.
        self.sizes: dict[tuple[str, str], int] = {}
        self.most_answers: float | None = 0.0


async def estimate_batch(
    input: StrPath,  # noqa: A002 - as of run_batch
    *,
    client: "AsyncFireworks",
    sample: int = _SAMPLE,
    **options: Unpack[BatchOptions],
) -> BatchEstimate:
    """Tell what a batch will cost, before it is run.

    A few rows are sent with ``max_tokens=1``, which costs next to nothing, since only
    the server can count a prompt's tokens.

    Args:
        input: As for ``run_batch``.
        client: What to send through.
        sample: How many rows.
        options: As for ``run_batch``.

    Raises:
        BatchError: The input cannot be read, or no row of the sample was answered.
        TypeError: An option is unknown, or of the wrong type.
        ValueError: An option cannot be used.
    """
    job = Job.of(options, function="estimate_batch")
    return await estimate_job(os.fspath(input), job, ClientSender(client), sample)


async def estimate_job(
    source: str, job: Job, sender: Sender, sample: int = _SAMPLE
) -> BatchEstimate:
    """Estimate through parts that are made."""
    prices = PriceBook(job.prices)
    seen = await asyncio.to_thread(_look, source, job, prices, sample)
    asked = await asyncio.gather(*(_ask(sender, row) for row in seen.sample))
    counted = [
        (row, attempt.usage)
        for row, attempt in zip(seen.sample, asked, strict=True)
        if attempt.usage is not None
    ]
    if seen.sample and not counted:
        raise BatchError(f"no row of the sample was answered: {asked[0].error}")
    tokens = sum(usage.prompt_tokens for _, usage in counted)
    ratio = tokens / max(1, sum(row.prompt_bytes for row, _ in counted))
    least = _prompt_cost(seen, ratio, prices)
    costs = [prices.cost(row, usage) for row, usage in counted]
    most = None
    if least is not None and seen.most_answers is not None:
        most = least + seen.most_answers
    return BatchEstimate(
        rows=seen.rows,
        bad=seen.bad,
        sampled=len(seen.sample),
        prompt_tokens=round(ratio * sum(seen.sizes.values())),
        most_completion_tokens=seen.longest,
        least_cost=least,
        most_cost=most,
        sample_cost=sum(cost or 0.0 for cost in costs),
    )


def _look(source: str, job: Job, prices: PriceBook, sample: int) -> _Seen:
    seen = _Seen()
    reader = job.reader()
    # The same rows each time, evenly from everywhere: reservoir sampling.
    dice = random.Random(source)  # noqa: S311 - a sample, not a secret
    for chunk in chunks_of(source):
        for number, each in chunk:
            row = reader.read(number, each)
            if not isinstance(row, Row):
                seen.bad += 1
                continue
            seen.rows += 1
            place = len(seen.sample)
            if place >= sample:
                place = dice.randrange(seen.rows)
            if place < sample:
                seen.sample[place : place + 1] = [row]
            _add(seen, row, prices)
    return seen


def _add(seen: _Seen, row: Row, prices: PriceBook) -> None:
    key = (row.endpoint, row.model)
    seen.sizes[key] = seen.sizes.get(key, 0) + row.prompt_bytes
    longest = prices.longest_answer(row)
    if longest is None:
        seen.longest = seen.most_answers = None
    elif seen.longest is not None:
        seen.longest += longest * row.choices
        usage = Usage(0, 0, longest * row.choices)
        cost = prices.cost(row, usage)
        if cost is None or seen.most_answers is None:
            seen.most_answers = None
        else:
            seen.most_answers += cost


def _prompt_cost(seen: _Seen, ratio: float, prices: PriceBook) -> float | None:
    total = 0.0
    for (endpoint, model), size in seen.sizes.items():
        row = Row(
            line=0,
            custom_id="",
            endpoint=endpoint,
            model=model,
            body={},
            digest=b"",
            prompt_bytes=0,
        )
        cost = prices.cost(row, Usage(round(ratio * size), 0, 0))
        if cost is None:
            return None
        total += cost
    return total


async def _ask(sender: Sender, row: Row) -> Attempt:
    if row.endpoint in _GENERATING:
        body = {key: row.body[key] for key in row.body if key != "n"}
        body.pop("max_completion_tokens", None)
        row = msgspec.structs.replace(row, body={**body, "max_tokens": 1})
    return await sender.send(row)
