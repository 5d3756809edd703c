"""What a run has done so far, counted; and how it looks from outside at one moment."""

from collections import Counter, deque
from typing import Final

import msgspec

from fireworks_async.batch._interfaces import Cause
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._selection import Selected

__all__ = ("BatchProgress", "Example", "Tally")

_EXAMPLES: Final = 3
_WINDOW: Final = 30.0
_LONGEST_MESSAGE: Final = 300


class Example(msgspec.Struct, frozen=True):
    """One failure of its class.

    Attributes:
        custom_id: Of which row; empty when it had no name.
        line: Its number in the input.
        message: The error's text.
    """

    custom_id: str
    line: int
    message: str


class BatchProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run stands.

    Attributes:
        total: Rows in the input; None as long as that is not known.
        read: Rows read so far.
        succeeded: Answered by this run.
        failed: Recorded as failed by this run.
        skipped: Not sent: done before, failed before, repeated, of another shard.
        in_flight: Attempts being made.
        retrying: Rows that wait to be sent again.
        attempts: Made so far.
        prompt_tokens: Of all answers.
        cached_tokens: Those of them that were in the prompt cache.
        completion_tokens: Of all answers.
        cost: US dollars, this run and those before it; at most so much.
        projected_cost: What it will have been at the end, at the cost of rows so far;
            None as long as nothing can be said.
        elapsed: Seconds since the run began.
        rows_per_second: Over the last half minute.
        tokens_per_second: Of answers, likewise.
        eta: Seconds to the end at this rate, or None.
        waiting_for: Why no row is being sent now, in a few words, or None.
        causes: Failed attempts by cause, those that were retried too.
    """

    total: int | None
    read: int
    succeeded: int
    failed: int
    skipped: int
    in_flight: int
    retrying: int
    attempts: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    cost: float
    projected_cost: float | None
    elapsed: float
    rows_per_second: float
    tokens_per_second: float
    eta: float | None
    waiting_for: str | None
    causes: dict[str, int]


class Tally:
    """Counts.

    Attributes:
        total: See ``BatchProgress``, likewise the others of that name.
        done_before: Rows that an earlier run answered.
        failed_before: Rows that an earlier run failed, and this one leaves.
        shared: Rows answered by another's call.
        in_doubt: Attempts without an answer that may have been billed.
        failures: Rows recorded as failed, by cause.
        examples: Some of them.
        unpriced: Answers whose cost is not known.
    """

    def __init__(self, *, now: float, total: int | None = None) -> None:
        self.began = now
        self._marks: deque[tuple[float, int, int]] = deque([(now, 0, 0)])
        self.total = total
        self.read = 0
        self.done_before = 0
        self.failed_before = 0
        self.repeated = 0
        self.elsewhere = 0
        self.shared = 0
        self.succeeded = 0
        self.attempts = 0
        self.retried = 0
        self.in_doubt = 0
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.completion_tokens = 0
        self.unpriced = 0
        self.causes: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.examples: dict[str, list[Example]] = {}

    @property
    def failed(self) -> int:
        """Rows recorded as failed."""
        return self.failures.total()

    @property
    def skipped(self) -> int:
        """Rows that were not sent."""
        before = self.done_before + self.failed_before
        return before + self.repeated + self.elsewhere

    def selected(self, rows: int, selected: Selected) -> None:
        """Rows were read, and looked up."""
        self.read += rows
        self.done_before += selected.done
        self.failed_before += selected.failed
        self.repeated += selected.repeated
        self.elsewhere += selected.elsewhere

    def recorded(self, result: BatchResult, *, cost: float | None) -> None:
        """A row is over.

        Args:
            result: What became of it.
            cost: What its last attempt cost.
        """
        if result.error is not None:
            message = result.error.message
            self.problem(
                result.cause or "protocol", result.custom_id, result.line, message
            )
            return
        self.succeeded += 1
        self.unpriced += cost is None
        usage = result.usage
        if usage is not None:
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
            if usage.prompt_tokens_details is not None:
                self.cached_tokens += usage.prompt_tokens_details.cached_tokens or 0

    def problem(self, cause: Cause, name: str, line: int, message: str) -> None:
        """A row has failed."""
        self.failures[cause] += 1
        examples = self.examples.setdefault(cause, [])
        if len(examples) < _EXAMPLES:
            examples.append(Example(name, line, message[:_LONGEST_MESSAGE]))

    def progress(
        self,
        now: float,
        *,
        in_flight: int,
        retrying: int,
        spent: float,
        run_cost: float,
        waiting_for: str | None,
    ) -> BatchProgress:
        """How it looks now.

        Args:
            now: Monotonic seconds.
            in_flight: Attempts being made.
            retrying: Rows that wait to be sent again.
            spent: US dollars, by all runs.
            run_cost: The same, by this one.
            waiting_for: Why no row is being sent.
        """
        over = self.succeeded + self.failed + self.shared
        self._marks.append((now, over, self.completion_tokens))
        while len(self._marks) > 2 and now - self._marks[1][0] > _WINDOW:
            self._marks.popleft()
        since, rows, tokens = self._marks[0]
        span = max(now - since, 1e-9)
        rate = (over - rows) / span
        left = None if self.total is None else max(0, self.total - self.skipped - over)
        paid = self.succeeded + self.failed
        projected = None
        if left is not None and paid:
            projected = spent + left * run_cost / paid
        return BatchProgress(
            total=self.total,
            read=self.read,
            succeeded=self.succeeded + self.shared,
            failed=self.failed,
            skipped=self.skipped,
            in_flight=in_flight,
            retrying=retrying,
            attempts=self.attempts,
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            completion_tokens=self.completion_tokens,
            cost=spent,
            projected_cost=projected,
            elapsed=now - self.began,
            rows_per_second=rate,
            tokens_per_second=(self.completion_tokens - tokens) / span,
            eta=left / rate if left is not None and rate else None,
            waiting_for=waiting_for,
            causes=dict(self.causes),
        )
