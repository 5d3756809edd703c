"""Records of requests that never were, and calls that only pretend to be made."""

from array import array

from fireworks_async.errors import RateLimitError
from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._facts import HostFacts
from fireworks_async.loadtest._measures import Distribution
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._report import LoadTestReport, Run
from fireworks_async.loadtest._summary import Summary
from fireworks_async.loadtest._targets import request_targets
from fireworks_async.loadtest._timeline import Timeline
from fireworks_async.loadtest._verdict import judge
from fireworks_async.loadtest._watch import ClientHealth


def record(
    index=0,
    *,
    start=0.0,
    intended=None,
    ttft=0.1,
    gaps=(0.01,) * 9,
    tokens=1,
    events=1,
    error=None,
    **more,
):
    """A request with one read after each gap, each of so many tokens."""
    # Rounded, so that sums in another order are the same moments.
    start = round(start, 9)
    at = [round(start + ttft, 9)]
    for gap in gaps:
        at.append(round(at[-1] + gap, 9))
    counts = [float(tokens)] * len(at)
    fields = {
        "prompt_tokens": 10,
        "completion_tokens": tokens * len(at),
        "counted_by": "events",
        **more,
    }
    return Record(
        index=index,
        intended_at=start if intended is None else intended,
        started_at=start,
        sent_at=start + 0.001,
        headers_at=start + 0.002,
        first_event_at=start + 0.002,
        first_token_at=at[0],
        first_visible_at=at[0],
        last_token_at=at[-1],
        ended_at=at[-1],
        read_at=array("d", at).tobytes(),
        read_tokens=array("f", counts).tobytes(),
        read_events=array("H", [events] * len(at)).tobytes(),
        error=error,
        message=None if error is None else f"it was {error}",
        **fields,
    )


def dropped(index=0, *, intended=0.0):
    """A request that never started."""
    return Record(index=index, intended_at=intended, error="dropped", message="late")


def closed_loop(concurrency=4, rounds=10, *, seconds=0.19, **more):
    """The records of a perfect closed loop; each request takes ``seconds``."""
    gaps = (seconds - 0.1,)
    return [
        record(turn * concurrency + worker, start=turn * seconds, gaps=gaps, **more)
        for turn in range(rounds)
        for worker in range(concurrency)
    ]


def health(*, seconds=10.0, lag=0.0001, cpu=0.1, starved=0.0, collecting=0.0, **more):
    """A measuring process that fared well, but for what is said."""
    return ClientHealth(
        seconds=seconds,
        loop_lag=Distribution.of([lag] * 100),
        cpu_share=cpu,
        loop_cpu_share=cpu,
        starved_share=starved,
        gc_pauses=1,
        gc_seconds=collecting * seconds,
        gc_longest=collecting,
        **{"has_uvloop": True, **more},
    )


class FakeCall:
    """Answers after a while of a manual clock, or fails.

    Attributes:
        seconds: How long an answer takes.
        items: What was asked, in order.
        most: How many were in flight at most.
    """

    def __init__(self, clock, seconds=1.0, *, fails=()):
        self.clock = clock
        self.seconds = seconds
        self.fails = fails
        self.items = []
        self.most = self._now = 0

    async def __call__(self, item, probe):
        self.items.append(item)
        self._now += 1
        self.most = max(self.most, self._now)
        number = len(self.items)
        try:
            await self.clock.sleep(self.seconds)
        finally:
            self._now -= 1
        if number in self.fails:
            raise RateLimitError("slow down", status_code=429)
        probe.end(self.clock.now())
        return f"answer {number}"


def run(records=None, load=None, *, clients=None, targets="", **more):
    """A run of such records, judged."""
    load = load or Load(concurrency=4)
    records = closed_loop() if records is None else records
    clients = clients or [health()]
    summary = Summary.of(records, load, request_targets(targets))
    return Run(
        **{
            "name": "concurrency 4",
            "load": str(load),
            "is_closed": load.is_closed,
            "concurrency": load.concurrency,
            "rate": load.rate,
            "summary": summary,
            "verdict": judge(summary, clients, None, is_open=not load.is_closed),
            "clients": clients,
            "timeline": Timeline.of(records),
            "records": records,
            **more,
        }
    )


def report(*runs, **more):
    """A report of such runs."""
    return LoadTestReport(
        **{
            "model": "some-model",
            "base_url": "http://127.0.0.1:8000/v1",
            "config": {"seed": 0, "input_tokens": 10},
            "runs": list(runs),
            "host": HostFacts.gather(),
            **more,
        }
    )
