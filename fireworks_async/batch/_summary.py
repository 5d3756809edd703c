"""What a run has come to, as a value and in words."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from fireworks_async._policy.concurrency import LimitChange
from fireworks_async.batch._cost import dollars
from fireworks_async.batch._health import StopReason
from fireworks_async.batch._tally import Example, Tally

__all__ = ("BatchSummary", "LimitStep", "summary_of")

_REASONS: Final = {"refused": "429", "overloaded": "503", "queue": "a queue"}


class LimitStep(msgspec.Struct, frozen=True):
    """One change of the number of rows that may be in flight.

    Attributes:
        at: Seconds since the run began.
        limit: From then on.
        reason: ``start``, ``growth``, ``refused`` (429 and no budget spent),
            ``overloaded`` (many 503s), ``queue`` (at the server), ``restart`` (after an
            outage).
    """

    at: float
    limit: int
    reason: str


class BatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has come to.

    Attributes:
        results: The file of answers.
        errors: The file of failures; not there when nothing has failed.
        rows: Read from the input.
        succeeded: Answered by this run, ``shared`` ones included.
        shared: Answered by another row's call.
        causes: Attempts of this run that failed, by cause, retried or not.
        failures: Rows recorded as failed by this run, by cause.
        examples: At most three of each cause.
        done_before: Rows that an earlier run had answered.
        failed_before: Rows that an earlier run had failed, and this one left.
        repeated: Rows that were in the input more than once, the same each time.
        elsewhere: Rows of another shard, or not wanted.
        recorded: Rows in the file of answers now.
        recorded_failed: Rows in the file of failures now.
        attempts: Requests sent.
        retried: Those of them that repeated one which had failed.
        in_doubt: Requests that were given up, stalled or cut off: they may have been
            billed. Their cost is in ``cost`` as what it may be at most if there is a
            ``max_cost``, and else not.
        prompt_tokens: Of this run's answers.
        cached_tokens: Those of them that were in the prompt cache.
        completion_tokens: Of this run's answers.
        cost: US dollars of this run, by list prices; at most so much.
        spent: The same of all runs together, as far as they were recorded.
        unpriced: Answers whose cost is not known.
        elapsed: Seconds.
        limits: How many rows might be in flight, the latest thousand changes.
        stopped: Why the run ended before the input did; None when it did not.
        stopped_by: The same in words.
        notes: What was found and repaired.
    """

    results: str
    errors: str
    rows: int
    succeeded: int
    shared: int
    causes: dict[str, int]
    failures: dict[str, int]
    examples: dict[str, list[Example]]
    done_before: int
    failed_before: int
    repeated: int
    elsewhere: int
    recorded: int
    recorded_failed: int
    attempts: int
    retried: int
    in_doubt: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    cost: float
    spent: float
    unpriced: int
    elapsed: float
    limits: list[LimitStep]
    stopped: StopReason | None
    stopped_by: str
    notes: list[str]

    @property
    def failed(self) -> int:
        """Rows recorded as failed by this run."""
        return sum(self.failures.values())

    def lines(self) -> Iterator[str]:
        """The same for a person."""
        yield from self.notes
        yield f"{self.succeeded} answered, {self.failed} failed, in {self._time()}"
        if before := list(self._before()):
            yield "not sent: " + ", ".join(before)
        yield from self._spending()
        if self.causes:
            causes = (f"{cause} {count}" for cause, count in _by_count(self.causes))
            yield f"failed attempts: {', '.join(causes)}"
        if len(self.limits) > 1:
            yield self._limits()
        for cause, count in _by_count(self.failures):
            yield f"{cause}: {count}"
            for example in self.examples.get(cause, []):
                name = example.custom_id or "(no name)"
                yield f"  line {example.line}, {name}: {example.message}"
        yield f"answers: {self.results} ({self.recorded})"
        if self.recorded_failed and self.errors:
            again = "--only-failed sends them again"
            yield f"failures: {self.errors} ({self.recorded_failed}); {again}"
        if self.stopped is not None:
            why = f": {self.stopped_by}" if self.stopped_by else ""
            how = "more --max-cost" if self.stopped == "cost" else "the same command"
            yield f"stopped ({self.stopped}){why}; {how} goes on from here"

    def _spending(self) -> Iterator[str]:
        if self.attempts:
            yield (
                f"{self.attempts} requests, {self.retried} of them retries; "
                f"{self.prompt_tokens} prompt tokens ({self._cached()} cached), "
                f"{self.completion_tokens} completion tokens"
            )
        # Where answers are recorded and no cost is, earlier runs did not know it.
        is_unknown = self.unpriced or (self.recorded and not self.spent)
        if self.cost or not is_unknown:
            cost = "cost" if self.in_doubt else "cost at most"
            together = dollars(self.spent)
            yield f"{cost} {dollars(self.cost)}, all runs together {together}"
        if self.unpriced:
            yield f"the cost of {self.unpriced} answers is not known"
        if self.in_doubt:
            count = f"{self.in_doubt} request{'s' * (self.in_doubt > 1)}"
            yield f"{count} ended without an answer, and may have been billed"

    def _before(self) -> Iterator[str]:
        for count, what in (
            (self.done_before, "answered before"),
            (self.failed_before, "failed before"),
            (self.repeated, "repeated"),
            (self.shared, "answered by another's call"),
            (self.elsewhere, "not this run's"),
        ):
            if count:
                yield f"{count} {what}"

    def _time(self) -> str:
        rate = self.succeeded / self.elapsed if self.elapsed else 0.0
        return f"{self.elapsed:.1f} s ({rate:.1f} a second)"

    def _limits(self) -> str:
        first, end = self.limits[0].limit, self.limits[-1].limit
        most = max(step.limit for step in self.limits)
        text = f"in flight: {first} at first, {most} at most, {end} in the end"
        steps = pairwise(self.limits)
        cuts = [after for before, after in steps if after.limit < before.limit]
        if not cuts:
            return text
        reason = _REASONS.get(cuts[-1].reason, cuts[-1].reason)
        count = f"{len(cuts)} cut{'s' * (len(cuts) > 1)}"
        return f"{text}; {count}, the last after {cuts[-1].at:.0f} s: {reason}"

    def _cached(self) -> str:
        share = self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 0.0
        return f"{share:.0%}"


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: -each[1])


def summary_of(
    tally: Tally,
    *,
    results: Path,
    errors: Path,
    totals: tuple[int, int, float],
    cost: float,
    now: float,
    stopped: StopReason | None,
    stopped_by: str,
    notes: list[str],
    history: Sequence[LimitChange],
) -> BatchSummary:
    """Sum up.

    Args:
        tally: What was counted.
        results: The file of answers.
        errors: The file of failures.
        cost: US dollars of this run.
        totals: Rows recorded as done and failed, and what all cost.
        now: Monotonic seconds.
        stopped: Why the run ended early, if it did.
        stopped_by: The same in words.
        notes: What else there is to say.
        history: Of the limiter.
    """
    recorded, recorded_failed, spent = totals
    return BatchSummary(
        results=str(results),
        errors=str(errors),
        rows=tally.read,
        succeeded=tally.succeeded + tally.shared,
        shared=tally.shared,
        causes=dict(tally.causes),
        failures=dict(tally.failures),
        examples=tally.examples,
        done_before=tally.done_before,
        failed_before=tally.failed_before,
        repeated=tally.repeated,
        elsewhere=tally.elsewhere,
        recorded=recorded,
        recorded_failed=recorded_failed,
        attempts=tally.attempts,
        retried=tally.retried,
        in_doubt=tally.in_doubt,
        prompt_tokens=tally.prompt_tokens,
        cached_tokens=tally.cached_tokens,
        completion_tokens=tally.completion_tokens,
        cost=cost,
        spent=spent,
        unpriced=tally.unpriced,
        elapsed=now - tally.began,
        limits=[
            LimitStep(
                round(max(0.0, step.at - tally.began), 3), step.limit, step.reason
            )
            for step in history
        ],
        stopped=stopped,
        stopped_by=stopped_by,
        notes=notes,
    )
