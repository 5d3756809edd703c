"""What the engine and its limiter say to each other; nothing here decides or waits.

Every attempt of a row passes the limiter: the engine asks it before it sends,
and calls ``settle`` exactly once when the attempt is over, however it ended. Between
two attempts a row holds no permit.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from fireworks_async._policy.concurrency import LimitChange
from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.metadata import PerfMetrics, RateLimit
from fireworks_async.errors import APIStatusError, FireworksError

__all__ = (
    "Cause",
    "Demand",
    "Limiter",
    "LimiterStatistics",
    "Outcome",
    "Permit",
)

Cause: TypeAlias = Literal[
    "account",
    "cancelled",
    "connection",
    "invalid",
    "overloaded",
    "protocol",
    "rate_limit",
    "refused",
    "scaling_up",
    "server",
    "stall",
    "timeout",
    "truncated",
]
"""Why an attempt gave no answer.

``account`` (401, 402, 412, 429 for more than an hour): no row can succeed now. ``cancelled``: by us. ``connection``:
none could be made, or it was lost. ``invalid``: never sent, the row makes no request.
``overloaded``: 503. ``protocol``: what came is no answer. ``rate_limit``: 429.
``refused``: any other 4xx. ``scaling_up``: 503 of a deployment that is starting.
``server``: any other 5xx, 408, 409, 425, or such an error inside the stream. ``stall``:
silence for longer than the receive timeout. ``timeout``: another time limit.
``truncated``: the stream ended before its ``finish_reason``.
"""


class Demand(msgspec.Struct, kw_only=True, gc=False):
    """What is known of a row before it is sent, as far as a limiter is concerned.

    Attributes:
        endpoint: The path, such as ``/v1/chat/completions``.
        model: The full name.
        prompt_bytes: Size of the request's body as JSON, in bytes of UTF-8.
        max_tokens: Tokens of one choice at most; None when the row sets no limit.
        choices: How many choices are asked for.
    """

    endpoint: str
    model: str
    prompt_bytes: int
    max_tokens: int | None = None
    choices: int = 1


class Outcome(msgspec.Struct, kw_only=True):
    """How one attempt ended, as far as a limiter is concerned.

    Attributes:
        cause: Why there is no answer; None when there is one.
        error: The error; None when there is an answer, and sometimes when cancelled.
        usage: As reported; None when it was not.
        headers: Of the answer or of the refusal, found in any case; empty when none
            came.
        perf_metrics: ``perf_metrics`` of the body; None when there are none.
        ttft: Seconds from sending to the first token; None when none came.
        e2e: Seconds from sending to the end.
        of_the_row: Whether a failure is likely the row's fault, and says nothing of the
            server.
    """

    cause: Cause | None = None
    error: FireworksError | None = None
    usage: Usage | None = None
    headers: Mapping[str, str] = {}
    perf_metrics: Mapping[str, object] | None = None
    ttft: float | None = None
    e2e: float = 0.0
    of_the_row: bool = False

    @property
    def status(self) -> int | None:
        """The HTTP status; None when no answer came, or none could be made of it."""
        if self.cause is None:
            return 200
        return (
            self.error.status_code if isinstance(self.error, APIStatusError) else None
        )

    @property
    def retry_after(self) -> float | None:
        """Seconds that the API asked to wait, or None."""
        return (
            self.error.retry_after if isinstance(self.error, APIStatusError) else None
        )

    @property
    def rate_limit(self) -> RateLimit | None:
        """The account's limits at this answer; read from the headers at each access."""
        return RateLimit.from_headers(self.headers)

    @property
    def perf(self) -> PerfMetrics | None:
        """The server's own times; read at each access.

        ``prefill_queue_duration`` is what dedicated deployments are steered by.
        """
        if self.perf_metrics is not None:
            return PerfMetrics.of(self.perf_metrics)
        return PerfMetrics.from_headers(self.headers)


class Permit(Protocol):
    """The right to make one attempt."""

    def settle(self, outcome: Outcome) -> None:
        """Give it back, and say how the attempt ended. Called exactly once."""


class LimiterStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Where a limiter stands.

    Attributes:
        in_flight: Permits given and not settled.
        limit: How many may be; None for no limit.
        waiting_for: In a few words, what the next row waits for (``rate limit, 12 s``,
            ``generated tokens``); None when it waits for nothing, or for a place only.
    """

    in_flight: int
    limit: int | None
    waiting_for: str | None = None


class Limiter(Protocol):
    """Decides when a row may be sent."""

    async def admit(self, demand: Demand) -> Permit:
        """Wait until the row may be sent; first come, first served.

        May be cancelled while it waits, and has then given nothing.
        """
        ...

    def admit_now(self, demand: Demand) -> Permit | None:
        """Admit the row if it may be sent at once, and nobody waits before it."""
        ...

    def statistics(self) -> LimiterStatistics:
        """Where it stands now; asked for by the progress display."""
        ...

    @property
    def history(self) -> Sequence[LimitChange]:
        """How its limit has moved; asked for by the summary."""
        ...
