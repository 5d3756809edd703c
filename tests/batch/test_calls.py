import asyncio

import pytest

from fireworks_async.batch._calls import batch_through, results_of
from fireworks_async.batch._options import Job
from fireworks_async.errors import BatchError
from tests.support.batches import FakeSender, answered, line, refused, until


def lines(count):
    return [line(f"r{n}") for n in range(count)]


async def collected(requests, sender, **options):
    job = Job(concurrency=4, **options)
    return [each async for each in results_of(requests, job, sender)]


async def test_every_request_has_one_result():
    results = await collected(lines(50), FakeSender())
    assert sorted(each.custom_id for each in results) == sorted(
        f"r{n}" for n in range(50)
    )


async def test_requests_may_come_later():
    async def requests():
        for each in lines(5):
            await asyncio.sleep(0)
            yield each

    assert len(await collected(requests(), FakeSender())) == 5


async def test_failures_and_bad_requests_are_results():
    results = await collected(
        [line("a"), {"body": 3}], FakeSender(lambda row: refused(400))
    )
    assert {each.custom_id: each.cause for each in results} == {
        "a": "refused",
        "row-2": "invalid",
    }


@pytest.mark.parametrize("requests", ["rows.jsonl", b"{}", line("a")])
def test_a_name_or_one_request_is_not_taken_for_many(requests):
    with pytest.raises(TypeError, match=r"run_batch"):
        batch_through(None, requests, {})


async def test_a_slow_reader_holds_up_the_senders_and_the_source():
    taken = []

    def requests():
        for number in range(10_000):
            taken.append(number)
            yield line(f"r{number}")

    sender = FakeSender()
    results = results_of(requests(), Job(concurrency=4), sender)
    await anext(results)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(sender.sent) <= 5
    assert len(taken) <= 6
    await results.aclose()


async def test_left_early_nothing_goes_on():
    sender = FakeSender(held=True)

    async def read():
        async for _ in results_of(lines(9), Job(concurrency=4), sender):
            pass

    reading = asyncio.ensure_future(read())
    await until(lambda: len(sender.sent) == 4)
    reading.cancel()
    await asyncio.wait([reading])
    assert sender.in_flight == 0


def breaks():
    yield from lines(9)
    raise LookupError("mine")


async def breaks_later():
    for each in breaks():
        await asyncio.sleep(0)
        yield each


@pytest.mark.parametrize("requests", [breaks, breaks_later])
async def test_what_the_source_raises_is_raised_after_the_results(requests):
    sender, seen = FakeSender(), []

    async def read():
        async for each in results_of(requests(), Job(concurrency=4), sender):
            seen.append(each.custom_id)  # noqa: PERF401 - it ends with an error

    with pytest.raises(LookupError, match="mine"):
        await read()
    # What was sent is paid for.
    assert sorted(seen) == sorted(sender.sent) == [f"r{n}" for n in range(9)]


async def test_a_stop_is_an_error_after_the_results():
    seen = []

    def answer(row):
        return refused(401) if row.custom_id == "r3" else answered()

    async def read():
        job = Job(concurrency=1)
        async for each in results_of(lines(50), job, FakeSender(answer)):
            seen.append(each.custom_id)  # noqa: PERF401 - kept when it raises

    with pytest.raises(BatchError, match="stopped \\(account\\): 401"):
        await read()
    assert seen == ["r0", "r1", "r2"]
