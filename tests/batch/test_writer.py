import asyncio
import threading

import pytest

from fireworks_async.batch import _writer
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._writer import Writer
from fireworks_async.errors import BatchError
from tests.support.batches import until


class FakeLedger:
    """Writes numbers, when it is let."""

    def __init__(self, *, held=False):
        self.groups = []
        self.threads = set()
        self.synced = 0
        self.unsynced = 0
        self.problem = None
        self.open = threading.Event()
        if not held:
            self.open.set()

    def write(self, items):
        assert self.open.wait(5)
        self.threads.add(threading.current_thread())
        if self.problem is not None:
            raise self.problem
        self.groups.append(list(items))
        self.unsynced += len(items)
        return [(0, item, 1) for item in items]

    def append(self, item):
        (place,) = self.write([item])
        return place

    def sync(self):
        self.unsynced = 0
        self.synced += 1
        if isinstance(self.problem, BatchError):
            raise self.problem


async def test_a_record_is_written_when_put_returns():
    ledger = FakeLedger()
    writer = Writer(ledger)
    assert await writer.put(7) == (0, 7, 1)
    assert ledger.groups == [[7]]
    await writer.aclose()
    assert ledger.synced == 1


async def test_what_comes_while_it_writes_is_the_next_group():
    ledger = FakeLedger(held=True)
    writer = Writer(ledger)
    tasks = [asyncio.ensure_future(writer.put(n)) for n in range(5)]
    await asyncio.sleep(0)
    ledger.open.set()
    assert [place[1] for place in await asyncio.gather(*tasks)] == [0, 1, 2, 3, 4]
    assert ledger.groups == [[0], [1, 2, 3, 4]]
    await writer.aclose()


async def test_one_that_no_longer_waits_is_written_all_the_same():
    ledger = FakeLedger(held=True)
    writer = Writer(ledger)
    task = asyncio.ensure_future(writer.put(1))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    ledger.open.set()
    await writer.aclose()
    assert ledger.groups == [[1]]


async def test_closing_waits_for_all():
    ledger = FakeLedger(held=True)
    writer = Writer(ledger)
    tasks = [asyncio.ensure_future(writer.put(n)) for n in range(3)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(writer.aclose())
    await asyncio.sleep(0.01)
    assert not closing.done()
    ledger.open.set()
    await closing
    assert [n for group in ledger.groups for n in group] == [0, 1, 2]
    assert all(task.done() for task in tasks)


async def test_what_cannot_be_written_is_told_to_all_who_wait():
    ledger = FakeLedger()
    ledger.problem = BatchError("full")
    writer = Writer(ledger)
    done = await asyncio.gather(
        *(writer.put(n) for n in range(3)), return_exceptions=True
    )
    assert [str(error) for error in done] == ["full"] * 3
    with pytest.raises(BatchError, match="full"):
        await writer.aclose()


async def test_the_disk_is_waited_for_by_number_and_by_time(monkeypatch):
    monkeypatch.setattr(_writer, "_SYNC_ROWS", 3)
    ledger = FakeLedger()
    writer = Writer(ledger)
    for number in range(3):
        await writer.put(number)
    await until(lambda: ledger.synced == 1)
    monkeypatch.setattr(_writer, "_SYNC_SECONDS", 0.01)
    await asyncio.sleep(0.005)
    await writer.put(4)
    await until(lambda: ledger.synced == 2)
    await writer.aclose()


async def test_once_closed_it_plans_nothing_more(monkeypatch):
    """Not even when what waits for the disk then leaves some behind."""
    monkeypatch.setattr(_writer, "_SYNC_ROWS", 2)
    monkeypatch.setattr(_writer, "_SYNC_SECONDS", 0.001)
    ledger, goes_on = FakeLedger(), threading.Event()
    sync = ledger.sync

    def slow():
        sync()
        assert goes_on.wait(5)

    monkeypatch.setattr(ledger, "sync", slow)
    writer = Writer(ledger)
    await writer.put(1)
    await writer.put(2)
    await until(lambda: ledger.synced)
    await writer.put(3)
    closing = asyncio.ensure_future(writer.aclose())
    await asyncio.sleep(0)
    goes_on.set()
    await closing
    await asyncio.sleep(0.01)
    assert ledger.synced == 2


async def test_after_a_failed_sync_nothing_more_is_taken(monkeypatch):
    monkeypatch.setattr(_writer, "_SYNC_ROWS", 1)
    ledger = FakeLedger()
    writer = Writer(ledger)
    await writer.put(1)
    await asyncio.sleep(0.01)
    ledger.problem = BatchError("gone")
    ledger.write = FakeLedger.write.__get__(FakeLedger())
    ledger.unsynced = 1
    await writer.put(2)
    await until(lambda: ledger.synced == 2)
    await asyncio.sleep(0.005)
    with pytest.raises(BatchError, match="gone"):
        await writer.put(3)
    with pytest.raises(BatchError, match="gone"):
        await writer.aclose()


class TestAnswers:
    @staticmethod
    def answer(number=1, error=None):
        return BatchResult(
            custom_id=str(number), line=number, endpoint="", request={}, error=error
        )

    async def test_an_answer_is_written_on_the_spot(self):
        ledger = FakeLedger()
        writer = Writer(ledger)
        putting = writer.put(self.answer())
        with pytest.raises(StopIteration):
            putting.send(None)
        assert ledger.groups == [[self.answer()]]
        assert ledger.threads == {threading.current_thread()}
        await writer.aclose()
        assert ledger.synced == 1

    async def test_it_waits_for_a_group_that_is_being_written(self):
        ledger = FakeLedger(held=True)
        writer = Writer(ledger)
        tasks = [asyncio.ensure_future(writer.put(each)) for each in (1, self.answer())]
        await asyncio.sleep(0)
        assert ledger.groups == []
        ledger.open.set()
        await asyncio.gather(*tasks)
        assert ledger.groups == [[1], [self.answer()]]
        assert threading.current_thread() not in ledger.threads
        await writer.aclose()

    async def test_a_failure_is_for_the_thread(self):
        ledger = FakeLedger()
        writer = Writer(ledger)
        await writer.put(self.answer(error=BatchError("no")))
        assert threading.current_thread() not in ledger.threads
        await writer.aclose()

    async def test_one_that_took_long_leaves_the_next_to_the_thread(self, monkeypatch):
        monkeypatch.setattr(_writer, "_SLOW", -1.0)
        monkeypatch.setattr(_writer, "_REST", 1e9)
        ledger = FakeLedger()
        writer = Writer(ledger)
        await writer.put(self.answer(1))
        assert ledger.threads == {threading.current_thread()}
        ledger.threads.clear()
        await writer.put(self.answer(2))
        assert threading.current_thread() not in ledger.threads
        await writer.aclose()

    async def test_what_cannot_be_written_is_told(self):
        ledger = FakeLedger()
        ledger.problem = BatchError("full")
        writer = Writer(ledger)
        with pytest.raises(BatchError, match="full"):
            await writer.put(self.answer())
        with pytest.raises(BatchError, match="full"):
            await writer.aclose()
