"""Held against servers whose times, capacity and log are known; nothing is believed."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from fireworks_async.loadtest import run_loadtest
from fireworks_async.loadtest._stand_in import Pace, stand_ins
from fireworks_async.simulator import Batched, Reply, Rewrite, Simulator
from tests.support.simulated import MODEL, REASONER

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

TTFT, GAP, TOKENS = 0.4, 0.05, 9
ATTEMPTS = 4


def counted_thrice(index, wire):
    """Each chunk is three tokens, as the server counts them."""
    if usage := wire.get("usage"):
        usage["completion_tokens"] *= 3
    return wire


# What is ordered, for which model, and what the times are then.
SHAPES = {
    "plain": ((), MODEL, TTFT, GAP, TOKENS),
    "reasoning first": ((), REASONER, TTFT, GAP, TOKENS),
    "three tokens a chunk": (
        (Reply(text=["one two three"] * TOKENS), Rewrite(counted_thrice)),
        MODEL,
        TTFT,
        GAP / 3,
        3 * TOKENS,
    ),
    # The role comes with the first three tokens, when the third of them is due.
    "four events a read": (Batched(4), MODEL, TTFT + 2 * GAP, GAP, TOKENS),
}


def is_near(found, truth):
    return abs(found - truth) <= max(0.02 * truth, 0.001)


async def measure(simulator, **options):
    given = {
        "base_url": simulator.base_url,
        "api_key": "fw_test",
        "calibrate": False,
        "concurrency": 2,
        "requests": 8,
        "input_tokens": 40,
        "output_tokens": TOKENS,
        **options,
    }
    return (await run_loadtest(**given)).runs[0]


@pytest.mark.parametrize("shape", SHAPES)
async def test_medians_are_the_truth_and_counts_are_exact(shape):
    """Medians within 2 % or 1 ms; again, when the machine had other things to do."""
    order, model, ttft, itl, tokens = SHAPES[shape]
    seen = []
    for _ in range(ATTEMPTS):
        async with Simulator(ttft=TTFT, gap=GAP) as simulator:
            if order:
                simulator.always(order, when=lambda r: r.body["max_tokens"] != 1)
            run = await measure(simulator, model=model)
        summary = run.summary
        assert {r.completion_tokens for r in run.records} == {tokens}
        assert summary.total_completion_tokens == 8 * tokens
        assert summary.total_prompt_tokens == 8 * 40
        seen.append((summary.ttft.p50, summary.itl.p50, summary.tpot.p50))
        if all(map(is_near, seen[-1], (ttft, itl, itl))):
            break
    else:
        raise AssertionError(seen)
    if shape == "reasoning first":
        assert summary.ttfv.p50 > summary.ttft.p50 + GAP


async def test_the_servers_log_tells_the_same():
    """Each request's first token and end, as sent and as received."""
    for _ in range(ATTEMPTS):
        async with Simulator(ttft=TTFT, gap=GAP) as simulator:
            run = await measure(
                simulator, model=MODEL, rate=20, requests=40, concurrency=None
            )
            log = [r for r in simulator.requests if r.body["max_tokens"] != 1]
        assert len(log) == run.summary.requests == 40
        assert (
            sum(r.generated_tokens for r in log) == run.summary.total_completion_tokens
        )
        log.sort(key=lambda request: request.arrived_at)
        records = sorted(run.records, key=lambda record: record.started_at)
        late = sorted(
            (record.first_token_at - record.started_at)
            - (request.first_token_at - request.arrived_at)
            for record, request in zip(records, log, strict=True)
        )
        events = sorted(
            [(r.arrived_at, 1) for r in log] + [(r.ended_at, -1) for r in log]
        )
        level = most = 0
        for _, step in events:
            level += step
            most = max(most, level)
        assert abs(most - run.summary.max_in_flight) <= 1
        span = log[-1].arrived_at - log[0].arrived_at
        delivered = 39 / span
        asked = 39 / (records[-1].intended_at - records[0].intended_at)
        if late[len(late) // 2] < 0.005 and abs(delivered / asked - 1) < 0.02:
            return
    raise AssertionError((late, delivered, asked))


async def test_a_known_capacity_is_found():
    """8 slots of 0.2 s each are 40 requests a second.

    By the median: beside a full server, what a busy machine holds up stays in the queue.
    """
    found = []
    for _ in range(ATTEMPTS):
        async with Simulator(ttft=0.1, gap=0.02, slots=8) as simulator:
            report = await run_loadtest(
                model=MODEL,
                base_url=simulator.base_url,
                api_key="fw_test",
                calibrate=False,
                rate=32,
                arrival="constant",
                duration=1.5,
                input_tokens=40,
                output_tokens=6,
                find_max="ttft.p50<130ms,error_share<=0",
            )
        found.append(report.search.greatest)
        if found[-1] == pytest.approx(40, rel=0.05):
            return
    raise AssertionError(found)


async def verdict_against(url):
    report = await run_loadtest(
        model=MODEL,
        base_url=url,
        api_key="fw_test",
        calibrate=False,
        concurrency=4,
        duration=1.5,
        input_tokens=40,
        output_tokens=20,
    )
    return report.verdict


async def test_beside_a_busy_thread_it_is_the_client():
    stop = threading.Event()

    def spin():
        while not stop.is_set():
            sum(range(1_000))

    async with stand_ins(Pace(0.02, 0.005)) as [url]:
        thread = threading.Thread(target=spin)
        thread.start()
        try:
            verdict = await verdict_against(url)
        finally:
            stop.set()
            thread.join()
    assert verdict.grade == "client-limited"
    assert verdict.reasons


@contextmanager
def crowded(processor):
    """Three processes that keep a processor busy, on which this one then is too."""
    everywhere = os.sched_getaffinity(0)
    command = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(command) for _ in range(3)]
    try:
        for process in (0, *(each.pid for each in spinning)):
            os.sched_setaffinity(process, {processor})
        yield
    finally:
        os.sched_setaffinity(0, everywhere)
        for each in spinning:
            each.kill()
            each.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="processors are chosen by Linux")
async def test_on_a_processor_that_others_keep_busy_it_is_the_client():
    async with stand_ins(Pace(0.02, 0.005)) as [url]:
        with crowded(min(os.sched_getaffinity(0))):
            verdict = await verdict_against(url)
    assert verdict.grade == "client-limited"
