import asyncio

import pytest

from fireworks_async.batch._causes import Selector
from fireworks_async.batch._index import Index, State
from fireworks_async.batch._intake import CallerIntake, FileIntake
from fireworks_async.batch._rows import RowReader
from fireworks_async.batch._selection import Selection
from fireworks_async.batch._tally import Tally
from fireworks_async.errors import BatchError
from tests.batch.test_selection import FakeLedger, record
from tests.support.batches import line, row


class FakeSink:
    def __init__(self):
        self.items = []

    async def put(self, item):
        await asyncio.sleep(0)
        self.items.append(item)


@pytest.fixture
def sink():
    return FakeSink()


@pytest.fixture
def ledger(tmp_path):
    index = Index(tmp_path / "index", by_digest=True)
    yield FakeLedger(index)
    index.close()


async def drained(intake):
    """Names of the rows, taken as the engine takes them."""
    names = []
    while True:
        while (each := intake.take()) is not None:
            names.append(each.custom_id)
            intake.settled(each)
        assert intake.wants_more
        if not await intake.more():
            return names


class TestFileIntake:
    def intake(self, ledger, sink, *chunks, shares=False):
        selection = Selection(ledger, retry=Selector(()), shares=shares)
        self.tally = Tally(now=0.0)
        return FileIntake(
            iter(chunks), RowReader(), selection, sink=sink, tally=self.tally
        )

    async def test_rows_come_in_order_without_those_that_are_done(self, ledger, sink):
        await asyncio.to_thread(record, ledger, row("b"), State.DONE)
        intake = self.intake(
            ledger,
            sink,
            [(1, line("a")), (2, line("b"))],
            [(3, line("c"))],
        )
        assert await drained(intake) == ["a", "c"]
        assert (self.tally.read, self.tally.done_before) == (3, 1)
        assert sink.items == []

    async def test_bad_rows_are_recorded_and_counted(self, ledger, sink):
        intake = self.intake(ledger, sink, [(1, b"{"), (2, line("a"))])
        assert await drained(intake) == ["a"]
        (problem,) = sink.items
        assert problem.line == 1
        assert self.tally.failures == {"invalid": 1}

    async def test_copies_are_recorded_and_counted(self, ledger, sink):
        await asyncio.to_thread(record, ledger, row("a"), State.DONE)
        intake = self.intake(ledger, sink, [(1, line("b"))], shares=True)
        assert await drained(intake) == []
        assert [copy.row.custom_id for copy in sink.items] == ["b"]
        assert self.tally.shared == 1

    async def test_it_reads_a_little_ahead(self, ledger, sink):
        chunk = [(n, line(str(n))) for n in range(1, 301)]
        intake = self.intake(ledger, sink, chunk, [(301, line("x"))])
        await intake.more()
        assert not intake.wants_more
        for _ in range(45):
            intake.take()
        assert intake.wants_more

    async def test_what_cannot_be_read_is_told(self, ledger, sink):
        def broken():
            yield [(1, line("a"))]
            raise BatchError("gone")

        intake = self.intake(ledger, sink)
        intake._chunks = broken()
        await intake.more()
        with pytest.raises(BatchError, match="gone"):
            await intake.more()


class TestCallerIntake:
    def intake(self, requests, sink, names=100):
        self.tally = Tally(now=0.0)
        return CallerIntake(
            requests, RowReader(), sink=sink, tally=self.tally, names=names
        )

    async def test_rows_are_taken_one_by_one(self, sink):
        taken = []

        def requests():
            for name in ("a", None, "c"):
                taken.append(name)
                yield line(name)

        intake = self.intake(requests(), sink)
        assert taken == []
        assert intake.take().custom_id == "a"
        assert taken == ["a"]
        assert not intake.wants_more
        assert await drained(intake) == ["row-2", "c"]

    async def test_rows_may_come_later(self, sink):
        async def requests():
            for name in "ab":
                await asyncio.sleep(0)
                yield line(name)

        assert await drained(self.intake(requests(), sink)) == ["a", "b"]

    async def test_a_name_of_two_requests_is_refused(self, sink):
        given = [line("a"), line("b"), line("a"), line("a", "other"), line("b", "x")]
        assert await drained(self.intake(given, sink)) == ["a", "b", "a"]
        assert [(each.custom_id, each.error.message) for each in sink.items] == [
            ("row-4", "custom_id 'a' is that of request 1 too"),
            ("row-5", "custom_id 'b' is that of request 2 too"),
        ]

    async def test_only_so_many_names_are_remembered(self, sink):
        given = [line("a"), line("b"), line("c"), line("a", "other")]
        assert len(await drained(self.intake(given, sink, names=2))) == 4
        twice = [line("a"), line("a", "other")]
        assert len(await drained(self.intake(twice, sink, names=0))) == 2

    async def test_bad_rows_are_results(self, sink):
        assert await drained(self.intake([{"body": 3}, line("a")], sink)) == ["a"]
        (result,) = sink.items
        assert (result.custom_id, result.cause, result.line) == ("row-1", "invalid", 1)
        assert "expected an object" in result.error.message
        assert self.tally.failures == {"invalid": 1}
