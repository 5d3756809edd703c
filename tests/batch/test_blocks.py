"""Blocks of rows: no row raises, and none is sent that was recorded."""

import json

import pytest

from fireworks_async.batch._blocks import BlockRunner, BlockSettings
from fireworks_async.errors import BatchError, ConfigurationError
from fireworks_async.simulator import ErrorReply, Simulator

MODEL = "accounts/fireworks/models/deepseek-v3p1"


def rows(count, **fields):
    return [
        {"custom_id": f"r{n}", "messages": [{"role": "user", "content": f"{n}"}]}
        | fields
        for n in range(count)
    ]


@pytest.fixture
async def sim():
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
def settings(sim, monkeypatch, tmp_path):
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_test")

    def make(*, ledger="ledger", **options):
        return BlockSettings(
            options={"model": MODEL, **options},
            base_url=sim.base_url,
            ledger=str(tmp_path / ledger) if ledger else None,
        )

    return make


def ids(answers):
    return [json.loads(answer.record)["custom_id"] for answer in answers]


async def test_a_block_is_answered_in_its_order(settings):
    async with BlockRunner(settings()) as runner:
        answers = await runner.run(rows(20))
    assert ids(answers) == [f"r{n}" for n in range(20)]
    assert not any(answer.has_failed for answer in answers)
    assert runner.blocks == 0


async def test_no_row_raises(settings):
    bad = [b"no JSON", rows(1, temperature=9)[0], {"custom_id": "x"}]
    async with BlockRunner(settings()) as runner:
        answers = await runner.run([*rows(2), *bad])
    assert [answer.has_failed for answer in answers] == [False, False, True, True, True]
    causes = [json.loads(a.record)["error"]["code"] for a in answers[2:]]
    assert causes == ["invalid", "refused", "invalid"]


async def test_rows_that_were_recorded_are_not_sent_by_whomever(settings, sim):
    async with BlockRunner(settings()) as first, BlockRunner(settings()) as second:
        before = await first.run(rows(10))
        again = await second.run(rows(12))
    assert len(sim.requests) == 12
    assert [answer.was_recorded for answer in again] == [True] * 10 + [False] * 2
    assert [a.record for a in again[:10]] == [a.record for a in before]


async def test_a_changed_request_is_sent(settings, sim):
    async with BlockRunner(settings()) as runner:
        await runner.run(rows(2))
        await runner.run(rows(2, max_tokens=3))
    assert len(sim.requests) == 4


async def test_what_failed_is_sent_again(settings, sim):
    async with BlockRunner(settings(max_retries=0)) as runner:
        sim.script(ErrorReply(500, {"error": {"message": "no"}}))
        (failed,) = await runner.run(rows(1))
        (answered,) = await runner.run(rows(1))
    assert failed.has_failed
    assert not answered.has_failed


async def test_rows_without_a_name_have_the_same_one_each_time(settings, sim):
    nameless = [{"messages": each["messages"]} for each in rows(3)]
    async with BlockRunner(settings()) as runner:
        first = await runner.run(nameless)
        second = await runner.run(nameless[::-1])
    assert ids(first) == ids(second)[::-1]
    assert len(sim.requests) == 3


async def test_without_a_ledger_all_is_sent(settings, sim):
    async with BlockRunner(settings(ledger=None)) as runner:
        await runner.run(rows(2))
        await runner.run(rows(2))
    assert len(sim.requests) == 4


async def test_a_wrong_key_fails_the_rows_and_raises_nothing(settings, sim):
    sim.always(ErrorReply(401, {"error": {"message": "no", "code": "UNAUTHORIZED"}}))
    async with BlockRunner(settings(concurrency=1)) as runner:
        answers = await runner.run(rows(5))
    causes = {json.loads(a.record)["error"]["code"] for a in answers}
    assert all(answer.has_failed for answer in answers)
    assert causes <= {"account", "cancelled"}
    assert len(sim.requests) < 5


async def test_a_ledger_that_cannot_be_used_is_an_error(settings, sim, tmp_path):
    (tmp_path / "ledger").write_text("")
    async with BlockRunner(settings()) as runner:
        with pytest.raises(BatchError, match="ledger"):
            await runner.run(rows(1))
    assert not sim.requests


async def test_a_ledger_that_fails_later_is_an_error_too(settings, tmp_path):
    async with BlockRunner(settings()) as runner:
        await runner.run([])
        (tmp_path / "ledger").write_text("")
        runner._ledger.refresh = lambda: None
        with pytest.raises(BatchError, match="ledger"):
            await runner.run(rows(1))


async def test_the_key_may_be_in_another_variable(settings, sim, monkeypatch):
    monkeypatch.setenv("OTHER_KEY", "fw_other")
    other = BlockSettings(
        options={"model": MODEL}, base_url=sim.base_url, api_key_env="OTHER_KEY"
    )
    async with BlockRunner(other) as runner:
        (answer,) = await runner.run(rows(1))
    assert not answer.has_failed
    with pytest.raises(ConfigurationError, match="NO_KEY: no such"):
        BlockRunner(BlockSettings(api_key_env="NO_KEY"))


async def test_an_unknown_option_is_named(settings):
    with pytest.raises(TypeError, match="modle"):
        BlockRunner(settings(modle="x"))


async def test_records_give_the_numbers_of_lines_in_the_input(settings):
    sources = [b"no JSON", *rows(2)]
    async with BlockRunner(settings()) as runner:
        answers = await runner.run(sources, [7, 9, 12])
        alone = await runner.run([b"no JSON"])
    lines = [json.loads(a.record)["batch"]["line"] for a in (*answers, *alone)]
    assert lines == [7, 9, 12, 1]


async def test_a_refused_key_ends_it(settings, sim):
    sim.always(ErrorReply(401, {"error": {"message": "no such key"}}))
    async with BlockRunner(settings(concurrency=2)) as runner:
        first = await runner.run(rows(20))
        sent = len(sim.requests)
        later = await runner.run(rows(20, max_tokens=4))
    assert sent <= 2
    assert len(sim.requests) == sent
    errors = [json.loads(answer.record)["error"] for answer in (*first, *later)]
    assert {error["code"] for error in errors} == {"account"}
    assert all("no such key" in error["message"] for error in errors)
