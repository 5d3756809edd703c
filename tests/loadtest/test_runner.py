"""Schedules are kept to, whatever comes back; time is moved by hand."""

import asyncio

import pytest

from fireworks_async.loadtest._arrivals import Load, Segment
from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._probe import chat_output
from fireworks_async.loadtest._runner import Limits, Runner
from fireworks_async.loadtest._workload import Part, Workload
from tests.support.loads import FakeCall
from tests.support.manual_clock import ManualClock

PART = Part(input=Lengths("fixed", 4), output=Lengths("fixed", 2))
STEP = 0.125


def made(load, clock, call, *, workload=None, limits=None, **more):
    return Runner(
        call,
        load=load,
        workload=workload or Workload(parts=(PART,)),
        limits=limits or Limits(requests=8),
        clock=clock,
        output_of=chat_output,
        **more,
    )


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


async def drive(runner, clock, *, most=200):
    """Run to the end, an eighth of a second at a time."""
    run = asyncio.create_task(runner.run(clock.now(), 0))
    for _ in range(most):
        await settle()
        if run.done():
            break
        clock.advance(STEP)
    else:
        run.cancel()
        raise AssertionError("it did not end")
    return sorted(await run, key=lambda record: (record.index, record.turn))


def constant(rate, **more):
    return Load(segments=(Segment(rate, rate),), arrival="constant", **more)


async def test_a_closed_loop_keeps_so_many_in_flight():
    clock = ManualClock()
    call = FakeCall(clock, 1.0)
    records = await drive(made(Load(concurrency=4), clock, call), clock)
    assert call.most == 4
    assert [record.started_at for record in records] == [0] * 4 + [1] * 4
    assert [record.ended_at for record in records] == [1] * 4 + [2] * 4
    assert all(record.intended_at == record.started_at for record in records)


async def test_an_open_loop_starts_when_it_is_time_whatever_comes_back():
    clock = ManualClock()
    call = FakeCall(clock, 100.0)
    runner = made(constant(2), clock, call)
    records = await drive(runner, clock, most=2_000)
    assert [record.started_at for record in records] == [n / 2 for n in range(8)]
    assert call.most == 8


class HastyClock(ManualClock):
    """With timers of a coarser grain, as uvloop's, which may be early."""

    def call_at(self, when, callback):
        early = when - 0.0005
        return super().call_at(early if early > self.now() else when, callback)


async def test_nothing_starts_before_its_time():
    clock = HastyClock()
    runner = made(constant(2), clock, FakeCall(clock, 0.1))
    run = asyncio.create_task(runner.run(clock.now(), 0))
    await settle()
    while clock.next_at is not None:
        clock.advance(clock.next_at - clock.now())
        await settle()
    records = await run
    assert len(records) > 2
    assert all(r.started_at >= r.intended_at - 1e-9 for r in records)


async def test_who_waits_under_a_cap_keeps_the_intended_moment():
    clock = ManualClock()
    call = FakeCall(clock, 1.0)
    limits = Limits(requests=4)
    runner = made(constant(2, concurrency=1), clock, call, limits=limits)
    records = await drive(runner, clock)
    assert call.most == 1
    assert [record.intended_at for record in records] == [0, 0.5, 1, 1.5]
    assert [record.started_at for record in records] == [0, 1, 2, 3]


async def test_who_found_no_time_is_a_record_too():
    clock = ManualClock()
    limits = Limits(duration=2.0)
    runner = made(constant(2, concurrency=1), clock, FakeCall(clock), limits=limits)
    records = await drive(runner, clock)
    assert [record.intended_at for record in records] == [0, 0.5, 1, 1.5, 2]
    assert [record.was_dropped for record in records] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert records[-1].error == "dropped"


async def test_answers_have_a_while_to_end_and_no_more():
    clock = ManualClock()
    limits = Limits(duration=1.0, drain=1.0)
    call = FakeCall(clock, 50.0)
    runner = made(constant(1, concurrency=1), clock, call, limits=limits)
    records = await drive(runner, clock)
    assert [record.error for record in records] == ["stopped", "dropped"]
    assert records[0].ended_at == 2.0


@pytest.mark.parametrize("duration", [None, 100.0])
async def test_who_is_stopped_has_a_while_to_end_and_no_more(duration):
    clock = ManualClock()
    limits = Limits(requests=9, duration=duration, drain=1.0)
    runner = made(constant(1), clock, FakeCall(clock, 50.0), limits=limits)
    clock.call_at(clock.now() + 1.5, runner.stop)
    records = await drive(runner, clock)
    assert [(r.started_at, r.error) for r in records] == [
        (0, "stopped"),
        (1, "stopped"),
    ]
    assert {record.ended_at for record in records} == {2.5}


async def test_what_has_no_more_money_ends_at_its_own_pace():
    clock = ManualClock()
    limits = Limits(requests=9, drain=1.0)
    runner = made(
        constant(1),
        clock,
        FakeCall(clock, 20.0),
        limits=limits,
        may_start=lambda: runner.started < 2,
    )
    records = await drive(runner, clock, most=400)
    assert [record.ended_at for record in records] == [20, 21]


async def test_who_waits_for_a_place_is_counted():
    clock = ManualClock()
    load, limits = constant(2, concurrency=1), Limits(requests=4)
    runner = made(load, clock, FakeCall(clock, 10.0), limits=limits)
    seen = []
    clock.call_at(
        clock.now() + 3, lambda: seen.append((runner.in_flight, runner.waiting))
    )
    await drive(runner, clock, most=400)
    assert seen == [(1, 3)]
    assert runner.waiting == 0


async def test_a_closed_loop_ends_with_its_time():
    clock = ManualClock()
    limits = Limits(duration=2.5)
    runner = made(Load(concurrency=2), clock, FakeCall(clock), limits=limits)
    records = await drive(runner, clock)
    assert [record.started_at for record in records] == [0, 0, 1, 1, 2, 2]


async def test_failures_are_results():
    clock = ManualClock()
    call = FakeCall(clock, fails=(2, 3))
    records = await drive(made(Load(concurrency=1), clock, call), clock)
    assert [r.error for r in records].count("429") == 2
    assert len(records) == 8
    assert records[1].message == "429: slow down"


async def test_conversations_go_on_with_what_was_said():
    clock = ManualClock()
    call = FakeCall(clock)
    runner = made(
        Load(concurrency=1),
        clock,
        call,
        workload=Workload(parts=(PART,), turns=3),
        limits=Limits(requests=1, think=0.5),
    )
    records = await drive(runner, clock)
    assert [record.turn for record in records] == [0, 1, 2]
    assert [record.started_at for record in records] == [0, 1.5, 3]
    assert [record.intended_at for record in records] == [0, 1.5, 3]
    last = call.items[-1].messages
    assert [message["role"] for message in last] == ["user", "assistant"] * 2 + ["user"]
    assert last[1]["content"] == "answer 1"


async def test_a_conversation_ends_with_its_failure():
    clock = ManualClock()
    runner = made(
        Load(concurrency=1),
        clock,
        FakeCall(clock, fails=(2,)),
        workload=Workload(parts=(PART,), turns=3),
        limits=Limits(requests=1),
    )
    records = await drive(runner, clock)
    assert [record.error for record in records] == [None, "429"]


async def test_stripes_are_one_schedule():
    starts = []
    for stripe in range(3):
        clock = ManualClock()
        limits = Limits(requests=8, stripe=(stripe, 3))
        runner = made(constant(2), clock, FakeCall(clock), limits=limits)
        starts += [
            (r.started_at, r.index, r.process) for r in await drive(runner, clock)
        ]
    assert sorted(starts) == [(n / 2, n, n % 3) for n in range(8)]


async def test_stripes_share_a_concurrency():
    most = []
    for stripe in range(3):
        clock = ManualClock()
        call = FakeCall(clock)
        limits = Limits(requests=30, stripe=(stripe, 3))
        await drive(made(Load(concurrency=7), clock, call, limits=limits), clock)
        most.append(call.most)
    assert most == [3, 2, 2]


async def test_stopping_starts_nothing_more():
    for load in (Load(concurrency=2), constant(2)):
        clock = ManualClock()
        call = FakeCall(clock)
        limits = Limits(requests=100, duration=60.0, drain=5.0)
        runner = made(load, clock, call, limits=limits)
        run = asyncio.create_task(runner.run(clock.now(), 0))
        for _ in range(10):
            await settle()
            clock.advance(STEP)
        runner.stop()
        started = runner.started
        for _ in range(20):
            await settle()
            clock.advance(STEP)
        records = await asyncio.wait_for(run, 5)
        assert len(records) == runner.started == started < 10
        assert all(record.is_good for record in records)
        assert runner.in_flight == 0


async def test_who_may_not_start_does_not():
    for load in (Load(concurrency=2), constant(2)):
        clock = ManualClock()
        left = [3]
        records = await drive(
            made(
                load,
                clock,
                FakeCall(clock),
                may_start=lambda left=left: left[0] > 0,
                on_start=lambda left=left: left.__setitem__(0, left[0] - 1),
            ),
            clock,
        )
        assert len([r for r in records if not r.was_dropped]) == 3


async def test_everybody_is_told():
    clock = ManualClock()
    told, begun = [], []
    runner = made(
        Load(concurrency=2),
        clock,
        FakeCall(clock),
        on_record=told.append,
        on_start=lambda: begun.append(1),
    )
    records = await drive(runner, clock)
    assert sorted(r.index for r in told) == [r.index for r in records]
    assert len(begun) == 8


async def test_a_fault_of_the_plan_comes_out_as_it_is():
    clock = ManualClock()

    async def refuse(item, probe):
        raise TypeError("no such keyword")

    for load in (Load(concurrency=2), constant(2)):
        with pytest.raises(TypeError, match="no such keyword"):
            await drive(made(load, clock, refuse), clock)


async def test_it_begins_at_its_origin():
    clock = ManualClock()
    call = FakeCall(clock)
    runner = made(Load(concurrency=1), clock, call, limits=Limits(requests=1))
    run = asyncio.create_task(runner.run(clock.now() + 1, 0))
    await settle()
    assert not call.items
    for _ in range(20):
        clock.advance(STEP)
        await settle()
    assert (await run)[0].started_at == 0
