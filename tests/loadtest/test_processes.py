import asyncio

import msgspec
import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest import _processes
from fireworks_async.loadtest._processes import run_everywhere
from fireworks_async.loadtest._runner import Limits
from fireworks_async.simulator import Simulator
from tests.loadtest.test_engine import job


async def test_here(monkeypatch):
    monkeypatch.setattr(_processes, "_EVERY", 0.01)
    tallies = []
    async with Simulator(ttft=0.05, gap=0.02) as simulator:
        [outcome] = await run_everywhere(
            job(simulator.base_url),
            1,
            stop=asyncio.Event(),
            on_tally=lambda tally: tallies.append((tally.started, tally.in_flight)),
        )
        tokens = []
        await run_everywhere(
            msgspec.structs.replace(
                job(simulator.base_url), limits=Limits(duration=0.2, drain=1.0)
            ),
            1,
            stop=asyncio.Event(),
            on_tally=lambda tally: tokens.append((len(tally.ttfts), tally.completed)),
        )
    assert len(outcome.records) == 6
    assert (2, 2) in tallies
    # A first token is told before its answer is whole.
    assert any(first > whole for first, whole in tokens)


async def test_stopping_here():
    stop = asyncio.Event()
    async with Simulator(ttft=0.02) as simulator:
        run = asyncio.create_task(
            run_everywhere(job(simulator.base_url, requests=1_000), 1, stop=stop)
        )
        await simulator.until(lambda: len(simulator.requests) >= 4)
        stop.set()
        [outcome] = await run
    assert 4 <= len(outcome.records) < 1_000


@pytest.mark.slow
async def test_elsewhere_together_and_from_one_moment_on():
    async with Simulator(ttft=0.05) as simulator:
        outcomes = await run_everywhere(
            job(simulator.base_url, requests=40), 2, stop=asyncio.Event()
        )
        assert len(simulator.requests) == 40
        first, second = (
            min(r.started_at for r in outcome.records) for outcome in outcomes
        )
    records = [record for outcome in outcomes for record in outcome.records]
    assert sorted(record.index for record in records) == list(range(40))
    assert {record.process for record in records} == {0, 1}
    # Of one clock, so that a start is one for all.
    assert 0 <= first < 1
    assert 0 <= second < 1


@pytest.mark.slow
async def test_stopping_elsewhere():
    stop = asyncio.Event()
    async with Simulator(ttft=0.02) as simulator:
        run = asyncio.create_task(
            run_everywhere(job(simulator.base_url, requests=10_000), 2, stop=stop)
        )
        await simulator.until(lambda: len(simulator.requests) >= 4)
        stop.set()
        outcomes = await run
    assert sum(len(outcome.records) for outcome in outcomes) < 10_000


@pytest.mark.slow
async def test_stopping_before_they_have_begun():
    stop = asyncio.Event()
    stop.set()
    async with Simulator() as simulator:
        outcomes = await run_everywhere(
            job(simulator.base_url, requests=10_000), 2, stop=stop
        )
    assert sum(len(outcome.records) for outcome in outcomes) < 10_000


@pytest.mark.slow
async def test_what_fails_elsewhere_comes_back():
    async with Simulator() as simulator:
        with pytest.raises(LoadTestError, match="temprature"):
            await run_everywhere(
                job(simulator.base_url, params={"temprature": 1}),
                2,
                stop=asyncio.Event(),
            )


@pytest.mark.slow
async def test_one_that_does_not_start(monkeypatch):
    monkeypatch.setattr(_processes, "_WORKER", "fireworks_async._version")
    with pytest.raises(LoadTestError, match="did not start"):
        await run_everywhere(job("http://[::1]/v1"), 2, stop=asyncio.Event())
