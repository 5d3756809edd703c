import asyncio

import pytest

from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._engine import Target
from fireworks_async.loadtest._measuring import Measuring
from fireworks_async.loadtest._options import Options
from fireworks_async.loadtest._spend import Account, Prices
from fireworks_async.loadtest._targets import request_targets
from fireworks_async.simulator import Simulator

MODEL = "llama-v3p3-70b-instruct"
CLOSED = Load(concurrency=2)


def made(simulator, account=None, **given):
    options = Options(
        model=MODEL, requests=4, input_tokens=20, output_tokens=3, **given
    )
    return Measuring(
        options,
        target=Target(model=MODEL, base_url=simulator.base_url, api_key="fw_test"),
        workload=options.workload(),
        aims=request_targets("e2e<60s"),
        account=account or Account(None, None),
        calibration=None,
        stop=asyncio.Event(),
        on_progress=lambda _: None,
    )


def prompts(simulator):
    return [str(request.body["messages"]) for request in simulator.requests]


async def test_a_run_has_the_figures_of_its_load():
    async with Simulator() as simulator:
        run = await made(simulator, warmup=1).run("two", CLOSED)
    assert (run.name, run.load, run.concurrency) == ("two", str(CLOSED), 2)
    assert (run.summary.requests, run.summary.completed) == (4, 4)
    assert run.summary.goodput.fraction == 1
    assert [record.index for record in run.records] == [0, 1, 2, 3, 4]
    assert (run.stopped, run.is_saturated, run.sentinels) == (None, False, None)


@pytest.mark.slow
async def test_each_run_asks_anew_and_a_seed_makes_tests_alike():
    async with Simulator() as simulator:
        measuring = made(simulator, seed=7)
        await measuring.run("one", CLOSED)
        await measuring.run("two", CLOSED)
        assert len(set(prompts(simulator))) == 8
        await made(simulator, seed=7).run("again", CLOSED)
        assert len(set(prompts(simulator))) == 8
        await made(simulator).run("other", CLOSED)
        assert len(set(prompts(simulator))) == 12


@pytest.mark.slow
async def test_runs_are_paid_from_one_account():
    account = Account(Prices(0.0, 1_000_000.0), 20.0)
    async with Simulator() as simulator:
        measuring = made(simulator, account)
        first = await measuring.run("one", CLOSED)
        assert (first.stopped, account.paid) == (None, pytest.approx(12.0))
        second = await measuring.run("two", CLOSED)
    assert second.stopped == "$20 were all that might be spent"
    assert account.paid == pytest.approx(18.0)
