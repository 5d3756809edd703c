import asyncio
import random

import pytest

from fireworks_async._policy.catalogue import Prices
from fireworks_async.batch._cost import Bill, Budget, PriceBook
from fireworks_async.batch._engine import Engine
from fireworks_async.batch._intake import CallerIntake
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._retries import SCHEDULES, Breaker, Retries, Schedule
from fireworks_async.batch._rows import RowReader
from fireworks_async.batch._senders import Attempt
from fireworks_async.batch._shares import Shares
from fireworks_async.batch._tally import Tally
from fireworks_async.errors import (
    APITimeoutError,
    BatchError,
    FireworksError,
    StreamTruncatedError,
)
from tests.support.batches import (
    FakeSender,
    answered,
    completion,
    failed,
    in_turn,
    line,
    refused,
    until,
)
from tests.support.places import FixedPlaces

AT_ONCE = {
    cause: Schedule(each.most, 0.0, 0.0, each.price)
    for cause, each in SCHEDULES.items()
}


class FakeSink:
    def __init__(self):
        self.items = []
        self.problem = None
        self.open = asyncio.Event()
        self.open.set()

    async def put(self, item):
        await self.open.wait()
        if self.problem is not None:
            raise self.problem
        self.items.append(item)
        return (0, len(self.items), 1)

    @property
    def causes(self):
        return {
            item.custom_id: item.cause
            for item in self.items
            if isinstance(item, BatchResult)
        }


class Rig:
    """An engine and what stands around it."""

    def __init__(self, sender, requests=3, *, places=4, **parts):
        if isinstance(requests, int):
            requests = [line(str(n), f"text {n}") for n in range(requests)]
        self.sink = FakeSink()
        self.sender = sender
        self.tally = Tally(now=0.0)
        self.limiter = FixedPlaces(places)
        kind = parts.pop("intake", CallerIntake)
        intake = kind(requests, RowReader(), sink=self.sink, tally=self.tally)
        given = {
            "retries": Retries(AT_ONCE),
            "breaker": Breaker(),
            "bill": Bill(PriceBook(), Budget(None)),
            "random": random.Random(1).random,
            **parts,
        }
        if given.pop("shares", False):
            given["shares"] = Shares(self.sink, self.tally)
        self.engine = Engine(
            intake=intake,
            sender=sender,
            limiter=self.limiter,
            sink=self.sink,
            tally=self.tally,
            **given,
        )

    async def run(self, **options):
        try:
            await self.engine.run(**options)
        finally:
            assert self.limiter.statistics().in_flight == 0
        return self.sink.causes


async def test_every_row_is_sent_and_recorded():
    rig = Rig(FakeSender(), 50, places=7)
    assert await rig.run() == dict.fromkeys(map(str, range(50)))
    assert sorted(map(int, rig.sender.sent)) == list(range(50))
    assert rig.sender.most == 7
    assert (rig.tally.succeeded, rig.tally.attempts) == (50, 50)


async def test_nothing_to_do_is_done():
    assert await Rig(FakeSender(), 0).run() == {}


async def test_a_failure_that_passes_is_repeated():
    sender = FakeSender(in_turn(refused(500), refused(429), answered()))
    rig = Rig(sender, 1)
    assert await rig.run() == {"0": None}
    assert rig.sink.items[0].attempts == 3
    assert (rig.tally.retried, rig.tally.causes) == (2, {"server": 1, "rate_limit": 1})


async def test_what_the_client_refuses_is_no_request():
    def refuse(row):
        error = FireworksError("no such field")
        return Attempt(error=error, cause="invalid", has_begun=False)

    rig = Rig(FakeSender(refuse), 2)
    assert await rig.run() == {"0": "invalid", "1": "invalid"}
    assert rig.tally.attempts == 0
    assert [result.attempts for result in rig.sink.items] == [0, 0]


async def test_a_refusal_is_recorded_at_once():
    rig = Rig(FakeSender(lambda row: refused(400)), 2)
    assert await rig.run() == {"0": "refused", "1": "refused"}
    assert len(rig.sender.sent) == 2
    assert rig.tally.failures == {"refused": 2}
    assert rig.tally.in_doubt == 0


async def test_what_had_come_goes_with_the_error():
    error = StreamTruncatedError("cut", partial=completion("Hel"))
    rig = Rig(FakeSender(lambda row: failed(error, has_begun=True)), 1)
    assert await rig.run() == {"0": "truncated"}
    assert rig.sink.items[0].error.partial.choices[0].message.content == "Hel"
    assert rig.sink.items[0].attempts == 4
    assert (rig.tally.in_doubt, rig.tally.retried) == (4, 3)


async def test_a_row_that_waits_holds_no_place():
    waits = {**AT_ONCE, "server": Schedule(1, 60.0, 60.0, 1.0)}

    def answer(row):
        return refused(500) if row.custom_id == "0" else answered()

    rig = Rig(FakeSender(answer), 5, places=1, retries=Retries(waits))
    running = asyncio.ensure_future(rig.run())
    await until(lambda: rig.tally.succeeded == 4)
    assert rig.engine.progress().retrying == 1
    rig.engine.stop("interrupted")
    assert await running == dict.fromkeys("1234")


async def test_a_row_holds_its_place_until_it_is_recorded():
    rig = Rig(FakeSender(), 5, places=2)
    rig.sink.open.clear()
    running = asyncio.ensure_future(rig.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(rig.sender.sent) == 2
    rig.sink.open.set()
    assert len(await running) == 5


@pytest.mark.parametrize("status", [401, 402, 412])
async def test_a_matter_of_the_account_stops_the_run(status):
    def answer(row):
        return refused(status) if row.custom_id == "2" else answered()

    rig = Rig(FakeSender(answer), 20, places=2)
    done = await rig.run()
    assert "2" not in done
    assert len(rig.sender.sent) <= 5
    assert rig.engine.stopped == "account"
    assert str(status) in rig.engine.stopped_by


async def test_a_stop_lets_rows_in_flight_end():
    rig = Rig(FakeSender(held=True), 9, places=3)
    running = asyncio.ensure_future(rig.run())
    await until(lambda: len(rig.sender.sent) == 3)
    rig.engine.stop("interrupted")
    rig.sender.release()
    assert await running == dict.fromkeys("012")
    assert (rig.engine.stopped, rig.tally.in_doubt) == ("interrupted", 0)


@pytest.mark.parametrize("how", ["abort", "deadline"])
async def test_rows_in_flight_are_given_up(how):
    rig = Rig(FakeSender(held=True), 9, places=3)
    running = asyncio.ensure_future(rig.run(drain=0.01))
    await until(lambda: len(rig.sender.sent) == 3)
    if how == "abort":
        rig.engine.abort()
    else:
        rig.engine.stop("interrupted")
    assert await running == {}
    assert rig.tally.in_doubt == 3


async def test_stopped_before_it_began_it_does_nothing():
    rig = Rig(FakeSender())
    rig.engine.stop("interrupted")
    assert await rig.run() == {}


async def test_cancelled_from_outside_it_leaves_nothing_behind():
    rig = Rig(FakeSender(held=True), 9, places=3)
    running = asyncio.ensure_future(rig.run())
    await until(lambda: len(rig.sender.sent) == 3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert rig.sender.in_flight == 0


async def test_a_disk_that_is_full_ends_the_run():
    rig = Rig(FakeSender(), 50)
    rig.sink.problem = BatchError("No space left on device")
    with pytest.raises(BatchError, match="No space"):
        await rig.run()
    assert len(rig.sender.sent) <= 4


async def test_an_input_that_breaks_ends_the_run():
    class Torn(CallerIntake):
        wants_more = True

        async def more(self):
            raise BatchError("torn")

    with pytest.raises(BatchError, match="torn"):
        await Rig(FakeSender(), intake=Torn).run()


async def test_while_nothing_succeeds_one_row_tries_for_all():
    breaker = Breaker(threshold=3, first=0.001, longest=0.004)
    health = [False]
    sent = []

    def answer(row):
        sent.append(row.custom_id)
        if len(sent) == 12:
            health[0] = True
        return answered() if health[0] else refused(500)

    sender = FakeSender(answer)
    rig = Rig(sender, 30, places=6, breaker=breaker)
    assert await rig.run() == dict.fromkeys(map(str, range(30)))
    # Six at once until it was noticed, then one at a time.
    assert len(sent) == 11 + 30


async def test_a_run_in_which_nothing_succeeds_is_stopped():
    breaker = Breaker(threshold=3, first=0.0, patience=0.0)
    rig = Rig(FakeSender(lambda row: refused(500)), 50, breaker=breaker)
    await rig.run()
    assert rig.engine.stopped == "failing"
    assert len(rig.sender.sent) < 20


async def test_rows_in_flight_are_recorded_though_the_input_breaks():
    class Torn(CallerIntake):
        wants_more = True

        async def more(self):
            await until(lambda: sender.in_flight == 3)
            sender.release()
            raise BatchError("torn")

    sender = FakeSender(held=True)
    rig = Rig(sender, 3, intake=Torn)
    with pytest.raises(BatchError, match="torn"):
        await rig.run()
    assert rig.sink.causes == {"0": None, "1": None, "2": None}


async def test_rows_on_which_the_server_always_fails_are_no_outage():
    bad = {str(number) for number in range(0, 40, 4)}

    def answer(row):
        return refused(500) if row.custom_id in bad else answered()

    rig = Rig(FakeSender(answer), 40, places=40, breaker=Breaker(threshold=11))
    causes = await rig.run()
    assert {name for name, cause in causes.items() if cause == "server"} == bad
    told = [each for each in rig.limiter.failures if each.cause == "server"]
    assert len(told) == 60
    assert sum(each.of_the_row for each in told) == 50


async def test_why_it_waits_can_be_asked():
    breaker = Breaker(threshold=2, first=60.0)
    rig = Rig(FakeSender(lambda row: refused(500)), 9, places=2, breaker=breaker)
    running = asyncio.ensure_future(rig.run())
    assert rig.engine.progress().waiting_for is None
    await until(lambda: breaker.is_open)
    # Whether a row that was on its way tries for all already, or none does yet.
    assert "answers nothing (500: no); " in rig.engine.progress().waiting_for
    rig.engine.stop("interrupted")
    await running


class TestCost:
    PRICES = Prices(input=1.0, output=10.0)

    def rig(self, answer, ceiling, rows=9, **parts):
        return Rig(
            FakeSender(answer),
            rows,
            bill=Bill(PriceBook(self.PRICES), Budget(ceiling)),
            **parts,
        )

    async def test_the_run_stops_before_the_ceiling(self):
        # A row may cost 0.0012, and costs 0.00006.
        rig = self.rig(lambda row: answered(), 0.0014)
        done = await rig.run()
        assert rig.engine.stopped == "cost"
        assert "may cost $0.00119" in rig.engine.stopped_by
        assert len(done) == 4
        assert rig.sender.most == 1
        assert sum(item.cost for item in rig.sink.items) <= 0.0014

    async def test_rows_wait_for_what_others_have_set_aside(self):
        rig = self.rig(lambda row: answered(prompt=1, generated=0), 0.0026)
        assert len(await rig.run()) == 9
        assert rig.sender.most == 2

    async def test_a_row_without_a_bound_is_an_error(self):
        row = line("a", model="nobody/knows")
        del row["body"]["max_tokens"]
        with pytest.raises(BatchError, match="line 1: what it can cost at most"):
            await self.rig(lambda row: answered(), 1.0, [row]).run()

    async def test_what_a_stopped_row_has_cost_is_recorded(self):
        waits = {**AT_ONCE, "stall": Schedule(1, 60.0, 60.0, 1.0)}
        error = APITimeoutError("silence", phase="receive")
        rig = self.rig(
            lambda row: failed(error, has_begun=True),
            1.0,
            1,
            retries=Retries(waits),
        )
        running = asyncio.ensure_future(rig.run())
        await until(lambda: rig.engine.progress().retrying == 1)
        rig.engine.stop("interrupted")
        assert await running == {"0": "cancelled"}
        assert rig.sink.items[0].cost > 0.001


class TestSharing:
    REQUESTS = tuple(line(str(n), "same" if n < 5 else "other") for n in range(7))

    async def test_the_same_request_is_sent_once(self):
        rig = Rig(FakeSender(), self.REQUESTS, shares=True)
        await rig.run()
        assert len(rig.sender.sent) == 2
        assert rig.tally.succeeded + rig.tally.shared == 7

    async def test_one_place_is_enough(self):
        rig = Rig(FakeSender(), self.REQUESTS, shares=True, places=1)
        await rig.run()
        assert len(rig.sender.sent) == 2
        assert rig.tally.succeeded + rig.tally.shared == 7

    async def test_a_failure_is_shared_too(self):
        rig = Rig(FakeSender(lambda row: refused(400)), self.REQUESTS, shares=True)
        assert set((await rig.run()).values()) == {"refused"}
        assert rig.tally.failures == {"refused": 7}


async def test_a_row_that_was_not_sent_leaves_no_record_at_a_stop():
    """What an earlier run recorded of it still holds."""
    rig = Rig(FakeSender(), 3, bill=Bill(PriceBook(), Budget(0.0)))
    rig.engine._intake._reader = SpentReader()
    assert await rig.run() == {}
    assert rig.engine.stopped == "cost"


class SpentReader(RowReader):
    def read(self, line, source):
        row = super().read(line, source)
        row.spent = 1.0
        return row


class TestGoingOn:
    async def test_a_task_goes_on_with_the_next_row(self):
        tasks = set()

        def answer(row):
            tasks.add(asyncio.current_task())
            return answered()

        rig = Rig(FakeSender(answer), 80, places=8)
        assert await rig.run() == dict.fromkeys(map(str, range(80)))
        assert sorted(map(int, rig.sender.sent)) == list(range(80))
        assert len(tasks) < 30
        assert rig.sender.most == 8

    async def test_a_row_that_waits_for_money_is_not_passed(self):
        # A row takes at most 1 dollar and 4, of 5; each costs nothing in the end.
        prices = PriceBook(Prices(input=0.0, output=1e6))
        bill = Bill(prices, Budget(5.0))
        costs = [1, 1, 4, 1, 1]
        rows = [line(str(n), max_tokens=cost) for n, cost in enumerate(costs)]
        rig = Rig(
            FakeSender(lambda row: answered(generated=0)), rows, places=3, bill=bill
        )
        assert len(await rig.run()) == 5
        assert rig.sender.sent == [str(n) for n in range(5)]
        assert rig.sender.most == 2

    async def test_nothing_is_begun_after_a_stop(self):
        sender = FakeSender(held=True)
        rig = Rig(sender, 50, places=4)
        running = asyncio.ensure_future(rig.run())
        await until(lambda: sender.in_flight == 4)
        rig.engine.stop("interrupted")
        sender.release()
        assert len(await running) == 4

    async def test_a_row_without_a_bound_ends_the_run(self):
        bill = Bill(PriceBook(Prices(input=1.0, output=1.0)), Budget(1000.0))
        rows = [line(str(n)) for n in range(20)]
        del rows[12]["body"]["max_tokens"]
        rows[12]["body"]["model"] = "nobody/knows"
        rig = Rig(FakeSender(), rows, places=4, bill=bill)
        with pytest.raises(BatchError, match="line 13: what it can cost"):
            await rig.run()
        assert "12" not in rig.sender.sent
