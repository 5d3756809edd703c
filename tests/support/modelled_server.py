"""A server as the limiter sees it, modelled in events: no sockets, no real time.

A ``World`` keeps the time and lets things happen in its order; a ``ModelledServer``
takes rows, charges token budgets, has places for so many rows, and refuses the others
or lets them queue; ``Traffic`` sends rows through a limiter and keeps what became of
them.
"""

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from fireworks_async._protocol.completions import PromptTokensDetails, Usage
from fireworks_async.batch._interfaces import Demand, Outcome
from fireworks_async.errors import (
    DeploymentScalingUpError,
    InternalServerError,
    RateLimitError,
    ServiceUnavailableError,
)

BYTES_PER_TOKEN = 5
NETWORK = 0.02


def usage_of(prompt, cached, generated):
    return Usage(prompt, prompt + generated, generated, PromptTokensDetails(cached))


class _Timer:
    def __init__(self, callback):
        self.callback = callback

    def cancel(self):
        self.callback = None


class World:
    """A ``Clock`` whose time goes on from one thing that happens to the next."""

    def __init__(self):
        self.time = 1_000.0
        self.timers_set = 0
        self._heap = []
        self._numbers = itertools.count()

    def now(self):
        return self.time

    def wall(self):
        return self.time

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        self.at(self.time + seconds, lambda: woken.done() or woken.set_result(None))
        await woken

    def call_at(self, when, callback):
        self.timers_set += 1
        return self.at(when, callback)

    def at(self, when, callback):
        timer = _Timer(callback)
        heapq.heappush(self._heap, (when, next(self._numbers), timer))
        return timer

    def after(self, seconds, callback):
        return self.at(self.time + seconds, callback)

    async def run(self, seconds):
        """Let so much time go by."""
        end = self.time + seconds
        await _turns()
        while self._heap and self._heap[0][0] <= end:
            when, _, timer = heapq.heappop(self._heap)
            self.time = max(self.time, when)
            if timer.callback is not None:
                timer.callback()
                await _turns()
        self.time = end


async def _turns():
    for _ in range(3):
        await asyncio.sleep(0)


class Bucket:
    """A token budget of the server's.

    Args:
        limit: As the headers say.
        period: In which it is refilled.
        steady: Refilled all the time; else all at once when a period begins.
    """

    def __init__(self, world, limit, *, period=60.0, steady=True, full=1.0):
        self.world = world
        self.limit = limit
        self.period = period
        self.steady = steady
        self._left = limit * full
        self._at = world.time

    @property
    def left(self):
        now = self.world.time
        if self.steady:
            gained = (now - self._at) * self.limit / self.period
            self._left = min(self.limit, self._left + gained)
        elif now // self.period > self._at // self.period:
            self._left = self.limit
        self._at = now
        return self._left

    def charge(self, amount):
        self._left = self.left - amount


@dataclass
class Row:
    """One attempt at the server."""

    demand: Demand
    prompt: int
    cached: int
    generated: int
    settle: Callable[[Outcome], None]
    queued: float = 0.0
    arrived_at: float = 0.0
    faults: list = field(default_factory=list)


class ModelledServer:
    """Takes rows.

    Args:
        budgets: ``prompt``, ``uncached``, ``generated``, ``requests``: those there are.
        capacity: Rows that are worked on at once.
        queues: Whether the others wait, instead of being refused.
        speed: Tokens a second of one row.
        charges_at_once: Whether a row is charged for its output in steps, as it comes;
            else at its end.
        error_rate: Share of rows that are answered 500.
        refusal: What rows are refused with for want of a place: ``rate_limit`` or
            ``overloaded``.
        measures_queue: Whether the queue's duration is reported, as by dedicated
            deployments.
    """

    def __init__(
        self,
        world,
        *,
        budgets=None,
        capacity=10**9,
        queues=False,
        speed=100.0,
        prefill=0.1,
        charges_in_steps=False,
        error_rate=0.0,
        measures_queue=False,
        retry_after=None,
        refusal="rate_limit",
        seed=1,
    ):
        self.world = world
        self.budgets = budgets or {}
        self.capacity = capacity
        self.queues = queues
        self.speed = speed
        self.prefill = prefill
        self.charges_in_steps = charges_in_steps
        self.error_rate = error_rate
        self.overload_rate = 0.0
        self.measures_queue = measures_queue
        self.retry_after = retry_after
        self.refusal = refusal
        self.down_until = 0.0
        self.asleep = False
        self.awake_at = None
        self.startup = 40.0
        self.working = 0
        self.waiting = []
        self.random = random.Random(seed)

    def arrive(self, row):
        row.arrived_at = self.world.time
        if self.asleep:
            self._wake(row)
        elif self.world.time < self.down_until:
            self._refuse(row, InternalServerError, 500, "server")
        elif any(bucket.left <= 0 for bucket in self.budgets.values()):
            self._refuse(row, RateLimitError, 429, "rate_limit")
        elif self.random.random() < self.error_rate:
            self._refuse(row, InternalServerError, 500, "server")
        elif self.working >= self.capacity and not self.queues:
            if self.refusal == "rate_limit":
                self._refuse(row, RateLimitError, 429, "rate_limit")
            else:
                self._refuse(row, ServiceUnavailableError, 503, "overloaded")
        elif self.random.random() < self.overload_rate:
            self._refuse(row, ServiceUnavailableError, 503, "overloaded")
        else:
            self._accept(row)

    def _wake(self, row):
        now = self.world.time
        if self.awake_at is None:
            self.awake_at = now + self.startup
        if now < self.awake_at:
            self._refuse(row, DeploymentScalingUpError, 503, "scaling_up")
        else:
            self.asleep = False
            self.arrive(row)

    def _accept(self, row):
        self._charge("prompt", row.prompt)
        self._charge("uncached", row.prompt - row.cached)
        self._charge("requests", 1)
        row.headers = self._headers()
        if self.working < self.capacity:
            self._begin(row)
        else:
            self.waiting.append(row)

    def _begin(self, row):
        self.working += 1
        row.queued = self.world.time - row.arrived_at
        seconds = self.prefill + row.generated / self.speed
        if self.charges_in_steps:
            steps = 5
            for step in range(steps):
                self.world.after(
                    self.prefill + seconds * (step + 1) / steps,
                    lambda: self._charge("generated", row.generated / steps),
                )
        self.world.after(seconds, lambda: self._finish(row))

    def _finish(self, row):
        self.working -= 1
        if not self.charges_in_steps:
            self._charge("generated", row.generated)
        while self.waiting and self.working < self.capacity:
            self._begin(self.waiting.pop(0))
        total = self.world.time - row.arrived_at + 2 * NETWORK
        metrics = {"prefill-queue-duration": row.queued}
        outcome = Outcome(
            cause=None,
            usage=usage_of(row.prompt, row.cached, row.generated),
            headers=row.headers,
            perf_metrics=metrics if self.measures_queue else None,
            ttft=row.queued + self.prefill + 2 * NETWORK,
            e2e=total,
        )
        self.world.after(NETWORK, lambda: row.settle(outcome))

    def _refuse(self, row, kind, status, cause):
        headers = self._headers()
        error = kind(
            "no", status_code=status, headers=headers, retry_after=self.retry_after
        )
        outcome = Outcome(cause=cause, error=error, headers=headers, e2e=0.04)
        self.world.after(NETWORK, lambda: row.settle(outcome))

    def _charge(self, name, amount):
        if name in self.budgets:
            self.budgets[name].charge(amount)

    def _headers(self):
        names = {
            "requests": "requests",
            "prompt": "tokens-prompt",
            "uncached": "tokens-cache-adjusted-prompt",
            "generated": "tokens-generated",
        }
        return {
            f"x-ratelimit-{kind}-{names[name]}": str(int(value))
            for name, bucket in self.budgets.items()
            for kind, value in (
                ("limit", bucket.limit),
                ("remaining", max(0, bucket.left)),
            )
        }


@dataclass
class Ended:
    """What became of an attempt."""

    at: float
    row: Row
    outcome: Outcome


class Traffic:
    """Rows without end, each asked again until it is answered.

    Args:
        sizes: Gives ``(prompt, cached, generated)`` in tokens for each row's number.
    """

    def __init__(self, world, server, limiter, sizes, *, max_tokens=None):
        self.world = world
        self.server = server
        self.limiter = limiter
        self.sizes = sizes
        self.max_tokens = max_tokens
        self.ended = []
        self.admitted = []
        self.limits = []
        self._again = []
        self._task = None

    async def __aenter__(self):
        self._task = asyncio.create_task(self._feed())
        return self

    async def __aexit__(self, *exc):
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _feed(self):
        numbers = itertools.count()
        while True:
            size = self._again.pop() if self._again else self.sizes(next(numbers))
            prompt, cached, generated = size
            demand = Demand(
                endpoint="/v1/chat/completions",
                model="m",
                prompt_bytes=prompt * BYTES_PER_TOKEN,
                max_tokens=self.max_tokens,
            )
            permit = await self.limiter.admit(demand)
            self.admitted.append((self.world.time, size))
            row = Row(demand, prompt, cached, generated, settle=None)
            row.settle = lambda outcome, row=row, permit=permit: self._settle(
                row, permit, outcome
            )
            self.world.after(NETWORK, lambda row=row: self.server.arrive(row))

    def _settle(self, row, permit, outcome):
        permit.settle(outcome)
        self.ended.append(Ended(self.world.time, row, outcome))
        self.limits.append((self.world.time, self.limiter.statistics().limit))
        if outcome.cause is not None:
            self._again.append((row.prompt, row.cached, row.generated))

    def between(self, start, end):
        return [each for each in self.ended if start <= each.at < end]

    def share_of(self, cause, start, end):
        """Share of the attempts that ended so."""
        ended = self.between(start, end)
        return sum(each.outcome.cause == cause for each in ended) / max(1, len(ended))

    def used(self, dimension, start, end):
        """Tokens that were charged."""
        pick = {
            "prompt": lambda row: row.prompt,
            "uncached": lambda row: row.prompt - row.cached,
            "generated": lambda row: row.generated,
            "requests": lambda row: 1,
        }[dimension]
        return sum(
            pick(each.row)
            for each in self.between(start, end)
            if each.outcome.cause is None
        )

    def rate(self, start, end):
        """Rows answered a second."""
        return self.used("requests", start, end) / (end - start)
