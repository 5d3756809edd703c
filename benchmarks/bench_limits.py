"""How much of what an account allows does the row limiter use, and at what price?

Rows without end go through the limiter to the simulator, over HTTP. Three cases: the
three token budgets, a budget that is halved and doubled, and a server of so many slots
whose number is halved and doubled. A run prints one line of JSON per case:

    python -m benchmarks.bench_limits            # about ten minutes
    python -m benchmarks.bench_limits --quick    # about four

``used`` is the share of the allowed tokens, or of the slots, that was used in the time
looked at; ``refused`` the share of attempts that were answered 429 or 503;
``back_after`` the seconds from a change to the first ten seconds, all of whose
followers are at 90 % of what is then allowed; ``swing`` how far any ten seconds
later than 20 s after the change are from their mean.

The answer (``--quick``, two cores, CPython 3.11):

| case | used | back after s | swing | refused |
| --- | --- | --- | --- | --- |
| three budgets | 99.4 % | | | 0 |
| budget halved | 101.3 % | 0 | 7.2 % | 0 |
| budget doubled | 98.6 % | 0 | 3.0 % | 0 |
| slots halved, refusing with 503 | 101.9 % | 0 | 1.5 % | 3.5 % |
| slots doubled, refusing with 503 | 100.7 % | 6 | 1.1 % | 1.8 % |
| slots halved, with a queue | 100.1 % | 0 | 2.3 % | 0 |
| slots doubled, with a queue | 99.7 % | 5 | 1.2 % | 0 |

The price of finding out how many slots there are, where nothing tells, is a few
refusals each time more are tried for.
"""

import argparse
import asyncio
import itertools
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from fireworks_async import APIStatusError, AsyncFireworks, FireworksError
from fireworks_async.batch._interfaces import Cause, Demand, Outcome
from fireworks_async.batch._limiter import RowLimiter, row_limiter
from fireworks_async.simulator import Limits, Simulator

MODEL = "accounts/fireworks/models/deepseek-v3p1"
GAP = 0.01
TTFT = 0.1
WARM = 15.0
CAUSES: dict[int, Cause] = {429: "rate_limit", 503: "overloaded"}


@dataclass
class Ended:
    """What became of an attempt."""

    at: float
    cause: Cause | None
    prompt: int = 0
    uncached: int = 0
    generated: int = 0


class Load:
    """Rows without end."""

    def __init__(self, client: AsyncFireworks, limiter: RowLimiter) -> None:
        self.client = client.with_options(max_retries=0)
        self.limiter = limiter
        self.ended: list[Ended] = []
        self.random = random.Random(1)
        self.running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            for number in itertools.count():
                words = self.random.randint(20, 180)
                tokens = self.random.randint(40, 120)
                # All begin alike, so that a part of each prompt is in the cache.
                text = "word " * words + str(number)
                demand = Demand(
                    endpoint="/v1/chat/completions",
                    model=MODEL,
                    prompt_bytes=len(text) + 100,
                    max_tokens=120,
                )
                permit = await self.limiter.admit(demand)
                task = asyncio.create_task(self._send(text, tokens, permit))
                self.running.add(task)
                task.add_done_callback(self.running.discard)
        finally:
            for task in self.running:
                task.cancel()

    async def _send(self, text, tokens, permit) -> None:
        stream = self.client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": text}],
            max_tokens=tokens,
            ignore_eos=True,
        )
        error, cause = None, None
        try:
            await stream.collect()
        except APIStatusError as problem:
            error, cause = problem, CAUSES.get(problem.status_code, "server")
        except FireworksError as problem:
            error, cause = problem, "connection"
        except asyncio.CancelledError:
            permit.settle(Outcome(cause="cancelled"))
            raise
        self._end(stream, error, cause, permit)

    def _end(self, stream, error, cause, permit) -> None:
        usage = stream.usage
        ended = Ended(time.monotonic(), cause)
        headers = error.headers if isinstance(error, APIStatusError) else {}
        cached = 0
        if usage is not None and cause is None:
            headers = stream.response.headers
            details = usage.prompt_tokens_details
            cached = (details.cached_tokens if details else 0) or 0
            ended.prompt = usage.prompt_tokens
            ended.uncached = usage.prompt_tokens - cached
            ended.generated = usage.completion_tokens or 0
        self.ended.append(ended)
        permit.settle(
            Outcome(
                cause=cause,
                error=error,
                usage=usage if cause is None else None,
                headers=headers,
                ttft=stream.timings.ttft,
                e2e=stream.timings.e2e or 0.0,
            )
        )

    def used(self, what: str, start: float, end: float) -> float:
        """Tokens used in a span, or rows answered."""
        span = [e for e in self.ended if start <= e.at < end and e.cause is None]
        return len(span) if what == "rows" else sum(getattr(e, what) for e in span)

    def refused(self, start: float, end: float) -> float:
        """Share of the attempts of a span that were refused."""
        span = [e for e in self.ended if start <= e.at < end]
        return sum(e.cause is not None for e in span) / max(1, len(span))


async def play(simulator: Simulator, script) -> dict[str, object]:
    """Run a script beside the load."""
    limiter = row_limiter()
    async with simulator as sim:
        client = AsyncFireworks(base_url=sim.base_url, api_key="fw_bench")
        async with client:
            load = Load(client, limiter)
            sending = asyncio.create_task(load.run())
            try:
                return await script(sim, load)
            finally:
                sending.cancel()
                await asyncio.wait([sending, *load.running])


async def until_empty(load: Load, name: str, allowed: float) -> None:
    """Until the minute that the budget held at first is used up."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(1)
        now = time.monotonic()
        if load.used(name, began, now) > 0.9 * allowed + (now - began) * allowed / 60:
            break
    await asyncio.sleep(WARM)


async def budgets(seconds: float) -> dict[str, object]:
    """All three budgets; the generated tokens are the scarcest."""
    allowed = 24_000
    limits = Limits(
        prompt_tokens=60_000, uncached_prompt_tokens=45_000, generated_tokens=allowed
    )

    async def script(_: Simulator, load: Load) -> dict[str, object]:
        await until_empty(load, "generated", allowed)
        start = time.monotonic()
        await asyncio.sleep(seconds)
        end = time.monotonic()
        # Of 80 tokens each, some are under way at either end.
        used = load.used("generated", start, end) / (allowed / 60 * (end - start))
        return {
            "case": "three budgets",
            "used": round(used, 3),
            "refused": round(load.refused(start, end), 4),
            "refused in all": round(load.refused(0, end), 4),
            "rows": int(load.used("rows", 0, end)),
        }

    return await play(Simulator(ttft=TTFT, gap=GAP, limits=limits), script)


def judge(
    load: Load, what: str, rate: float, changed: float, end: float
) -> dict[str, object]:
    """How the load came back after a change to this rate."""
    windows = [
        (
            start - changed,
            load.used(what, start, start + 10) / (10 * rate),
        )
        for start in (changed + n for n in range(int(end - changed) - 10))
    ]
    back = next(
        (
            at
            for at, _ in windows
            if all(share >= 0.9 for later, share in windows if later >= at)
        ),
        None,
    )
    late = [share for at, share in windows if at >= 20]
    average = sum(late) / len(late)
    return {
        "used": round(average, 3),
        "back_after": None if back is None else round(back),
        "swing": round(max(abs(share / average - 1) for share in late), 3),
        "refused": round(load.refused(changed + 20, end), 4),
    }


async def budget_steps(seconds: float) -> list[dict[str, object]]:
    """The budget of generated tokens is halved, and doubled again."""
    allowed = 24_000

    async def script(sim: Simulator, load: Load) -> dict[str, object]:
        await until_empty(load, "generated", allowed)
        found = []
        for factor, name in ((0.5, "halved"), (1.0, "doubled")):
            sim.limits = Limits(generated_tokens=factor * allowed)
            changed = time.monotonic()
            await asyncio.sleep(seconds)
            end = time.monotonic()
            rate = factor * allowed / 60
            result = judge(load, "generated", rate, changed, end)
            found.append({"case": f"budget {name}", **result})
        return {"cases": found}

    limits = Limits(generated_tokens=allowed)
    played = await play(Simulator(ttft=TTFT, gap=GAP, limits=limits), script)
    return played["cases"]


async def slot_steps(
    seconds: float, make: Callable[..., Simulator], name: str, **kind: object
) -> list[dict[str, object]]:
    """The server's slots are halved, and doubled again."""
    slots = 40
    per_row = TTFT + 80 * GAP

    async def script(sim: Simulator, load: Load) -> dict[str, object]:
        await asyncio.sleep(30)
        start = time.monotonic()
        await asyncio.sleep(10)
        # What a slot really does in a second, on this machine, at this load.
        real = load.used("rows", start, time.monotonic()) / 10 / slots
        found = []
        for count, change in ((slots // 2, "halved"), (slots, "doubled")):
            sim.slots = count
            changed = time.monotonic()
            await asyncio.sleep(seconds)
            end = time.monotonic()
            result = judge(load, "rows", count * real, changed, end)
            extra = {"of_the_ideal_before": round(real * per_row, 3)}
            found.append({"case": f"slots {change}, {name}", **result, **extra})
        return {"cases": found}

    simulator = make(ttft=TTFT, gap=GAP, slots=slots, **kind)
    return (await play(simulator, script))["cases"]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="shorter spans")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    options = parser.parse_args()
    seconds = 40.0 if options.quick else 120.0
    cases = {
        "three budgets": lambda: budgets(seconds),
        "budget steps": lambda: budget_steps(seconds),
        "slots that refuse": lambda: slot_steps(
            seconds, Simulator, "refusing with 503", queue=0
        ),
        "slots with a queue": lambda: slot_steps(seconds, Simulator, "with a queue"),
    }
    for name, case in cases.items():
        if options.only in name:
            found = await case()
            for line in found if isinstance(found, list) else [found]:
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
