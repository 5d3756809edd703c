"""The summary of one run: its records turned into the numbers that reports show."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np

from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._measures import PER_REQUEST, Distribution, gaps_of
from fireworks_async.loadtest._quantiles import Floats, cuts, mean_interval
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._targets import Target, is_good
from fireworks_async.loadtest._window import (
    Window,
    occupancy,
    steady_window,
    whole_window,
)

__all__ = ("Goodput", "Rates", "Sentinels", "Summary")

_EXAMPLES = 3
_SLICES = 10
_PROPOSALS = re.compile(r"(?P<position>\d+):(?P<hits>\d+)/(?P<total>\d+)")


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """What got through in a window.

    Attributes:
        seconds: The window's length.
        output_tokens_per_second: Of the answers, by when each token came.
        prompt_tokens_per_second: Of the prompts that were answered in it.
        requests_per_second: Answers that ended well in it.
        started_per_second: Requests that were started in it.
        chunks_per_second: Chunks with output: what the client had to handle.
        intervals: 95 % confidence intervals, from slices of the window.
    """

    seconds: float
    output_tokens_per_second: float
    prompt_tokens_per_second: float
    requests_per_second: float
    started_per_second: float
    chunks_per_second: float
    intervals: dict[str, tuple[float, float]] = {}


class Goodput(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that met every target.

    Attributes:
        targets: In words.
        requests: How many met them.
        fraction: Of all that were offered: errors and those never started missed them.
        per_second: Of them that ended in the window.
    """

    targets: tuple[str, ...]
    requests: int
    fraction: float
    per_second: float


class Sentinels(msgspec.Struct, frozen=True, kw_only=True):
    """What those saw who asked for one token beside the load; times in seconds.

    Attributes:
        requests: How many asked.
        errors: Failed, or never started.
        ttft: From the intended start to the token.
        e2e: From the intended start to the end.
    """

    requests: int
    errors: int
    ttft: Distribution
    e2e: Distribution

    @classmethod
    def of(cls, records: Sequence[Record]) -> Self | None:
        """Summarise them; None of none."""
        if not records:
            return None
        good = [record for record in records if record.is_good]
        return cls(
            requests=len(records),
            errors=len(records) - len(good),
            ttft=Distribution.of(map(PER_REQUEST["ttft_scheduled"], good)),
            e2e=Distribution.of(map(PER_REQUEST["e2e_scheduled"], good)),
        )


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One run in numbers; times in seconds.

    Counts are of the whole run. Latencies are of requests that began in the window, as
    rates are of what happened in it; ``whole`` has the rates of the whole run.

    Attributes:
        requests: Offered: answered, failed, left on purpose and never started.
        completed: Answered whole.
        errors: Failed.
        error_share: Of those offered, failed or never started.
        error_classes: How many of each class.
        error_examples: Up to three messages of each.
        dropped: Never started: there was no time left.
        cancelled: Left on purpose.
        window: Where latencies and rates are from.
        measured: Requests that began in it and were answered whole.
        ttft: From the start to the first output; reasoning is output.
        ttft_scheduled: The same from the intended start, waiting for one included.
        ttft_wire: The same from when the client had a place and began to send.
        ttft_outside: Of ttft, what was not spent in the server: network, gateway and
            client.
        ttfv: From the start to the first content.
        time_to_headers: To the answer's headers.
        time_to_first_event: To the first chunk of any kind.
        tpot: Per token after the first read; one value a request.
        itl: Per token, each gap shared by the tokens that ended it.
        icl: Between two reads with output, whatever they hold.
        e2e: From the start to the end.
        e2e_scheduled: From the intended start to the end.
        e2e_per_token: The former by the answer's tokens.
        tokens_per_second_per_user: 1 / tpot.
        schedule_lag: From the intended start to the start.
        tokens_per_read: Tokens of one network read.
        prompt_tokens: Of a request.
        completion_tokens: Of a request.
        server: The server's own times, by name.
        speculation: The share of a draft model's proposals that was taken, by position.
        counted_by: How many answers had their tokens known by what.
        cached_share: Of all prompt tokens, found in the cache; None: not reported.
        coalesced_share: Chunks that came in one read with another.
        stalls: Gaps of more than 5 times their stream's median.
        longest_gap: In seconds.
        in_flight: On average in the window.
        max_in_flight: At most, in the whole run.
        rates: In the window.
        whole: In the whole run.
        goodput: None without targets.
        total_prompt_tokens: Of the whole run.
        total_completion_tokens: Of the whole run.
        output_tokens_per_second: As in ``rates``.
        requests_per_second: As in ``rates``.
    """

    requests: int
    completed: int
    errors: int
    error_share: float
    error_classes: dict[str, int]
    error_examples: dict[str, list[str]]
    dropped: int
    cancelled: int
    window: Window
    measured: int
    output_tokens_per_second: float
    requests_per_second: float
    ttft: Distribution
    ttft_scheduled: Distribution
    ttft_wire: Distribution
    ttft_outside: Distribution
    ttfv: Distribution
    time_to_headers: Distribution
    time_to_first_event: Distribution
    tpot: Distribution
    itl: Distribution
    icl: Distribution
    e2e: Distribution
    e2e_scheduled: Distribution
    e2e_per_token: Distribution
    tokens_per_second_per_user: Distribution
    schedule_lag: Distribution
    tokens_per_read: Distribution
    prompt_tokens: Distribution
    completion_tokens: Distribution
    server: dict[str, Distribution]
    speculation: dict[str, float]
    counted_by: dict[str, int]
    cached_share: float | None
    coalesced_share: float
    stalls: int
    longest_gap: float | None
    in_flight: float
    max_in_flight: int
    rates: Rates
    whole: Rates
    goodput: Goodput | None
    total_prompt_tokens: int
    total_completion_tokens: int

    @classmethod
    def of(
        cls,
        every: Sequence[Record],
        load: Load,
        targets: Sequence[Target] = (),
        *,
        warmup: int = 0,
    ) -> Self:
        """Summarise the records of one run.

        Args:
            every: The records.
            load: What it was run with.
            targets: What a request has to meet to count as goodput.
            warmup: How many of the first do not count, though they were there.
        """
        records = [record for record in every if record.index >= warmup]
        window = steady_window(
            every,
            concurrency=load.concurrency if load.is_closed else None,
            is_flat=load.is_closed or load.rate is not None,
            begin=_first_start(records) if warmup else None,
        )
        begun = [r for r in records if r.is_good and window.holds(r.started_at)]
        failed = [r for r in records if r.error is not None and not r.was_dropped]
        dropped = sum(record.was_dropped for record in records)
        gaps = gaps_of(begun)
        rates = _rates(every, window)
        whole = whole_window(records, "the whole run")
        _, levels = occupancy(every)
        return cls(
            requests=len(records),
            completed=sum(record.is_good for record in records),
            errors=len(failed),
            error_share=(len(failed) + dropped) / len(records) if records else 0.0,
            error_classes=dict(Counter(str(record.error) for record in failed)),
            error_examples=_examples(failed),
            dropped=dropped,
            cancelled=sum(record.cancelled for record in records),
            window=window,
            measured=len(begun),
            output_tokens_per_second=rates.output_tokens_per_second,
            requests_per_second=rates.requests_per_second,
            **{name: Distribution.of(map(m, begun)) for name, m in PER_REQUEST.items()},
            itl=gaps.itl,
            icl=gaps.icl,
            tokens_per_read=gaps.tokens_per_read,
            prompt_tokens=Distribution.of(r.prompt_tokens for r in begun),
            completion_tokens=Distribution.of(r.completion_tokens for r in begun),
            server=_server_times(begun),
            speculation=_speculation(begun),
            counted_by=dict(Counter(r.counted_by for r in begun if r.counted_by)),
            cached_share=_cached_share(begun),
            coalesced_share=gaps.coalesced_share,
            stalls=gaps.stalls,
            longest_gap=gaps.worst,
            in_flight=window.mean_in_flight,
            max_in_flight=int(levels.max(initial=0)),
            rates=rates,
            whole=_rates(records, whole),
            goodput=_goodput(records, targets, window) if targets else None,
            total_prompt_tokens=sum(r.prompt_tokens or 0 for r in records),
            total_completion_tokens=sum(r.completion_tokens or 0 for r in records),
        )


def _first_start(records: Sequence[Record]) -> float | None:
    starts = [r.started_at for r in records if r.started_at is not None]
    return min(starts, default=None)


def _rates(records: Sequence[Record], window: Window) -> Rates:
    seconds = window.seconds
    if seconds <= 0:
        return Rates(
            seconds=0.0,
            output_tokens_per_second=0.0,
            prompt_tokens_per_second=0.0,
            requests_per_second=0.0,
            started_per_second=0.0,
            chunks_per_second=0.0,
        )
    at, tokens, chunks = _reads(records)
    inside = (at >= window.start) & (at <= window.end)
    ended = [r for r in records if r.is_good and window.holds(r.ended_at)]
    edges = cuts(window.start, window.end, _SLICES)
    per_slice = _SLICES / seconds
    token_slices = np.histogram(at, edges, weights=tokens)[0] * per_slice
    ends = np.array([r.ended_at for r in ended], dtype=np.float64)
    end_slices = np.histogram(ends, edges)[0] * per_slice
    found = {
        "output_tokens_per_second": mean_interval(token_slices),
        # Fewer ends than that say nothing about how they are spread.
        "requests_per_second": mean_interval(end_slices)
        if len(ends) >= 2 * _SLICES
        else None,
    }
    return Rates(
        seconds=seconds,
        output_tokens_per_second=float(tokens[inside].sum()) / seconds,
        prompt_tokens_per_second=sum(r.prompt_tokens or 0 for r in ended) / seconds,
        requests_per_second=len(ended) / seconds,
        started_per_second=sum(window.holds(r.started_at) for r in records) / seconds,
        chunks_per_second=float(chunks[inside].sum()) / seconds,
        intervals={name: each for name, each in found.items() if each is not None},
    )


def _reads(
    records: Sequence[Record],
) -> tuple[Floats, Floats, Floats]:
    """When all reads came, with their tokens and their chunks."""
    at = np.frombuffer(b"".join(r.read_at for r in records))
    tokens = np.frombuffer(b"".join(r.read_tokens for r in records), dtype=np.float32)
    events = np.frombuffer(b"".join(r.read_events for r in records), dtype=np.uint16)
    return at, tokens.astype(np.float64), events.astype(np.float64)


def _goodput(
    records: Sequence[Record], targets: Sequence[Target], window: Window
) -> Goodput:
    good = [record for record in records if is_good(record, targets)]
    inside = sum(window.holds(record.ended_at) for record in good)
    return Goodput(
        targets=tuple(target.text for target in targets),
        requests=len(good),
        fraction=len(good) / len(records) if records else 0.0,
        per_second=inside / window.seconds if window.seconds > 0 else 0.0,
    )


def _examples(failed: Sequence[Record]) -> dict[str, list[str]]:
    examples: dict[str, list[str]] = {}
    for record in failed:
        said = examples.setdefault(str(record.error), [])
        if len(said) < _EXAMPLES and record.message not in said:
            said.append(record.message or "")
    return examples


def _server_times(records: Sequence[Record]) -> dict[str, Distribution]:
    names = sorted({name for record in records for name in record.server})
    return {
        name: Distribution.of(record.server.get(name) for record in records)
        for name in names
    }


def _speculation(records: Sequence[Record]) -> dict[str, float]:
    """Of all records together; what is not of the known form is left out."""
    hits: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for record in records:
        for each in _PROPOSALS.finditer(record.speculation or ""):
            hits[each["position"]] += int(each["hits"])
            totals[each["position"]] += int(each["total"])
    return {place: hits[place] / total for place, total in totals.items() if total}


def _cached_share(records: Sequence[Record]) -> float | None:
    told = [r for r in records if r.cached_tokens is not None and r.prompt_tokens]
    prompt = sum(record.prompt_tokens or 0 for record in told)
    return sum(r.cached_tokens or 0 for r in told) / prompt if prompt else None
