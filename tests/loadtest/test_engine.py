import msgspec
import pytest

from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._engine import Job, Target, open_client, run_job
from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._runner import Limits
from fireworks_async.loadtest._spend import Prices
from fireworks_async.loadtest._workload import Part, Workload
from fireworks_async.simulator import Rejection, Simulator

MODEL = "accounts/fireworks/models/llama-v3p3-70b-instruct"


def job(url, *, requests=6, params=None, **more):
    part = Part(input=Lengths("fixed", 20), output=Lengths("fixed", 4))
    return Job(
        target=Target(model=MODEL, base_url=url, api_key="fw_test"),
        load=Load(concurrency=2),
        workload=Workload(parts=(part,), params=params or {}),
        limits=Limits(requests=requests),
        **more,
    )


async def test_a_run_and_how_the_process_fared():
    async with Simulator() as simulator:
        told, runners = [], []
        outcome = await run_job(
            job(simulator.base_url), on_record=told.append, on_runner=runners.append
        )
        assert len(simulator.requests) == 6
    assert len(outcome.records) == len(told) == runners[0].started == 6
    assert all(record.completion_tokens == 4 for record in outcome.records)
    assert outcome.health.seconds > 0


async def test_nothing_is_repeated():
    async with Simulator() as simulator:
        simulator.always(Rejection.overloaded())
        outcome = await run_job(job(simulator.base_url))
        assert len(simulator.requests) == 6
    assert {record.error for record in outcome.records} == {"503"}


async def test_a_budget_is_held_to():
    async with Simulator() as simulator:
        # 20 and 4 tokens a request; the simulator counts some more for its template.
        outcome = await run_job(
            job(simulator.base_url, requests=100, budget=0.0005, prices=Prices(1, 1))
        )
    paid = sum(r.prompt_tokens + r.completion_tokens for r in outcome.records) / 1e6
    assert 5 < len(outcome.records) < 25
    assert paid <= 0.00053


async def test_sentinels_ask_beside_the_load():
    async with Simulator(ttft=0.02) as simulator:
        outcome = await run_job(job(simulator.base_url, requests=40, sentinels=100))
        short = [r for r in simulator.requests if r.body["max_tokens"] == 1]
    assert len(outcome.records) == 40
    assert len(outcome.sentinels) == len(short) > 5
    assert len({r.body["messages"][0]["content"] for r in short}) == 1
    # By a schedule, not one after the other.
    intended = [record.intended_at for record in outcome.sentinels]
    assert sorted(intended) == pytest.approx([n / 100 for n in range(len(short))])
    assert {record.completion_tokens for record in outcome.sentinels} == {1}


async def test_only_the_first_process_has_sentinels():
    async with Simulator() as simulator:
        second = job(simulator.base_url, sentinels=100)
        limits = Limits(requests=6, stripe=(1, 2))
        outcome = await run_job(msgspec.structs.replace(second, limits=limits))
    assert outcome.sentinels == []


async def test_a_field_that_there_is_not():
    async with Simulator() as simulator:
        with pytest.raises(TypeError, match="temprature"):
            await run_job(job(simulator.base_url, params={"temprature": 1}))


async def test_a_client_for_measuring():
    async with open_client(
        Target(model="m", api_key="k", base_url="http://[::1]/v1")
    ) as client:
        assert client.statistics().in_flight == 0
