import asyncio
import json
import os
from pathlib import Path

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.batch._causes import Selector
from fireworks_async.batch._run import BatchControl, default_errors, run_batch
from fireworks_async.errors import BatchError, MissingAPIKeyError
from fireworks_async.simulator import Rejection, Simulator
from tests.support.batches import (
    MODEL,
    FakeSender,
    answered,
    ids,
    line,
    read_lines,
    refused,
    run,
    until,
    write_lines,
)

NAMES = [f"r{n}" for n in range(20)]


@pytest.fixture
def rows(tmp_path):
    def write(*names, text="Hi {}"):
        write_lines(
            tmp_path / "in.jsonl", [line(name, text.format(name)) for name in names]
        )

    write(*NAMES)
    return write


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.jsonl"


@pytest.fixture
def errors(tmp_path):
    return tmp_path / "out.errors.jsonl"


@pytest.mark.usefixtures("rows")
async def test_every_row_is_answered_once(tmp_path, out, errors):
    summary = await run(tmp_path, FakeSender())
    assert sorted(ids(out)) == sorted(NAMES)
    assert (summary.succeeded, summary.failed, summary.recorded) == (20, 0, 20)
    assert not errors.exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@pytest.mark.usefixtures("rows")
async def test_an_output_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    file = tmp_path / "disk" / "real.jsonl"
    file.touch()
    link = tmp_path / "out.jsonl"
    link.symlink_to(file)
    async with Simulator(tokens=1) as simulator:
        base = {"base_url": simulator.base_url, "api_key": "fw_test"}
        async with AsyncFireworks(**base) as client:
            given = {"client": client, "ordered": True}
            summary = await run_batch(tmp_path / "in.jsonl", link, **given)
    assert (link.is_symlink(), summary.results) == (True, str(file))
    assert ids(file) == NAMES


@pytest.mark.usefixtures("rows")
async def test_run_again_it_sends_nothing(tmp_path, out):
    await run(tmp_path, FakeSender())
    before = out.read_bytes()
    sender = FakeSender()
    summary = await run(tmp_path, sender)
    assert (sender.sent, summary.done_before) == ([], 20)
    assert out.read_bytes() == before


async def test_an_edited_line_is_one_request(tmp_path, out, rows):
    await run(tmp_path, FakeSender())
    lines = read_lines(tmp_path / "in.jsonl")
    lines[7]["body"]["messages"][0]["content"] = "changed"
    write_lines(tmp_path / "in.jsonl", lines)
    sender = FakeSender()
    await run(tmp_path, sender)
    assert sender.sent == ["r7"]
    assert sorted(ids(out)) == sorted(NAMES)


async def test_answers_go_in_the_order_of_the_input_if_asked(tmp_path, out, rows):
    def answer(row):
        return refused(400) if row.line % 5 == 0 else answered()

    await run(tmp_path, FakeSender(answer), ordered=True, places=3)
    numbers = [each["batch"]["line"] for each in read_lines(out)]
    assert numbers == [n for n in range(1, 21) if n % 5]
    rows(*reversed(NAMES))
    await run(tmp_path, FakeSender(answer), ordered=True)
    kept = [name for name in reversed(NAMES) if (int(name[1:]) + 1) % 5]
    assert ids(out) == kept


@pytest.mark.usefixtures("rows")
async def test_failures_are_run_again_by_choice(tmp_path, out, errors):
    def answer(row):
        return refused(400) if row.custom_id in ("r3", "r4") else answered()

    await run(tmp_path, FakeSender(answer))
    assert sorted(ids(errors)) == ["r3", "r4"]
    sender = FakeSender()
    summary = await run(tmp_path, sender)
    assert (sender.sent, summary.failed_before, summary.recorded_failed) == ([], 2, 2)
    sender = FakeSender(
        lambda row: answer(row) if row.custom_id == "r3" else answered()
    )
    summary = await run(tmp_path, sender, retry=Selector(["refused"]))
    assert sorted(sender.sent) == ["r3", "r4"]
    assert ids(errors) == ["r3"]
    assert sorted(ids(out)) == sorted(set(NAMES) - {"r3"})
    await run(tmp_path, FakeSender(), only_failed=True)
    assert not errors.exists()


async def test_bad_lines_are_failures_with_their_number(tmp_path, errors, rows):
    path = tmp_path / "in.jsonl"
    path.write_text("{\n" + path.read_text() + json.dumps(line("r3", "other")) + "\n")
    for _ in range(2):
        summary = await run(tmp_path, FakeSender())
        assert summary.failures == {"invalid": 2}
        assert [each["error"]["line"] for each in read_lines(errors)] == [1, 22]
    rows(*NAMES)
    await run(tmp_path, FakeSender())
    assert not errors.exists()


@pytest.mark.usefixtures("rows")
async def test_shards_together_are_the_whole(tmp_path, out):
    from fireworks_async.batch._selection import Shard

    for number in (1, 2, 3):
        await run(tmp_path, FakeSender(), shard=Shard(number, 3))
        assert len(ids(out)) == len(set(ids(out)))
    assert sorted(ids(out)) == sorted(NAMES)


async def test_the_same_request_is_paid_once(tmp_path, out, rows):
    rows(*NAMES, text="same")
    sender = FakeSender()
    summary = await run(tmp_path, sender, dedupe=True)
    assert (len(sender.sent), summary.shared, summary.attempts) == (1, 19, 1)
    assert sorted(ids(out)) == sorted(NAMES)
    rows(*NAMES, "new", text="same")
    sender = FakeSender()
    await run(tmp_path, sender, dedupe=True)
    assert sender.sent == []
    assert ids(out)[-1] == "new"


@pytest.mark.usefixtures("rows")
async def test_a_run_can_be_stopped_and_gone_on_with(tmp_path, out):
    control = BatchControl()
    assert control.progress() is None
    sender = FakeSender(held=True)
    running = asyncio.ensure_future(run(tmp_path, sender, places=5, control=control))
    await until(lambda: len(sender.sent) == 5)
    assert control.progress().in_flight == 5
    control.stop()
    sender.release()
    summary = await running
    assert (summary.stopped, summary.succeeded) == ("interrupted", 5)
    later = FakeSender()
    await run(tmp_path, later)
    assert len(later.sent) == 15
    assert sorted(ids(out)) == sorted(NAMES)


@pytest.mark.usefixtures("rows")
async def test_rows_given_up_are_told(tmp_path):
    control = BatchControl()
    sender = FakeSender(held=True)
    running = asyncio.ensure_future(run(tmp_path, sender, places=5, control=control))
    await until(lambda: len(sender.sent) == 5)
    control.abort()
    assert (await running).in_doubt == 5


@pytest.mark.usefixtures("rows")
async def test_stopped_before_it_begins_it_sends_nothing(tmp_path):
    control = BatchControl()
    control.stop()
    sender = FakeSender()
    assert (await run(tmp_path, sender, control=control)).stopped == "interrupted"
    assert sender.sent == []


@pytest.mark.usefixtures("rows")
async def test_cancelled_it_lets_go_of_its_files(tmp_path):
    sender = FakeSender(held=True)
    running = asyncio.ensure_future(run(tmp_path, sender))
    await until(lambda: sender.sent)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await run(tmp_path, FakeSender())).recorded == 20


@pytest.mark.parametrize(
    ("source", "output", "said"),
    [
        ("none.jsonl", "out.jsonl", r"none\.jsonl: cannot be read: No such file"),
        (".", "out.jsonl", r"cannot be read: Is a directory"),
        ("in.jsonl", ".", r"is a directory"),
        ("in.jsonl", "none/out.jsonl", r"out\.jsonl: .* no such directory"),
    ],
)
@pytest.mark.usefixtures("rows")
async def test_what_cannot_be_is_told_before_anything_is_made(
    tmp_path, source, output, said
):
    async with AsyncFireworks(api_key="fw_test") as client:
        with pytest.raises(BatchError, match=said):
            await run_batch(tmp_path / source, tmp_path / output, client=client)
    assert [each.name for each in tmp_path.iterdir()] == ["in.jsonl"]


async def test_a_missing_input_is_an_error(tmp_path):
    with pytest.raises(BatchError, match=r"in\.jsonl: cannot be read"):
        await run(tmp_path, FakeSender())


def test_errors_have_a_file_beside_the_answers(tmp_path):
    assert default_errors(tmp_path / "a.b.jsonl").name == "a.b.errors.jsonl"
    assert default_errors(tmp_path / "out").name == "out.errors.jsonl"
    assert default_errors(tmp_path / "a.jsonl.gz").name == "a.errors.jsonl.gz"


class TestThroughAClient:
    @pytest.fixture
    async def simulator(self):
        async with Simulator(tokens=3) as simulator:
            yield simulator

    @pytest.fixture
    async def client(self, simulator):
        url = simulator.base_url
        async with AsyncFireworks(base_url=url, api_key="fw_CANARY123") as client:
            yield client

    @pytest.mark.usefixtures("rows")
    async def test_rows_are_answered(self, tmp_path, out, client, simulator):
        simulator.script(Rejection.overloaded())
        summary = await run_batch(
            tmp_path / "in.jsonl", out, client=client, concurrency=4
        )
        assert (summary.succeeded, summary.retried) == (20, 1)
        assert summary.completion_tokens == 60
        assert summary.cost > 0
        assert client.statistics().in_flight == 0

    async def test_a_table_is_made_requests_of(self, tmp_path, out, client, simulator):
        path = tmp_path / "in.csv"
        path.write_text("id,topic\n1,tea\n2,rain\n")
        await run_batch(
            path,
            out,
            client=client,
            model=MODEL,
            prompt="About {topic}",
            system="Be brief.",
            id_column="id",
            params={"max_tokens": 3},
        )
        assert sorted(ids(out)) == ["1", "2"]
        body = simulator.requests[0].body
        assert body["messages"][0] == {"role": "system", "content": "Be brief."}

    async def test_no_file_holds_the_key(self, tmp_path, out, client, simulator, rows):
        rows("a", "b")
        simulator.script(Rejection.payment_required())
        summary = await run_batch(tmp_path / "in.jsonl", out, client=client)
        assert summary.stopped == "account"
        for path in tmp_path.iterdir():
            assert b"CANARY" not in path.read_bytes()
        assert "CANARY" not in repr(summary)

    @pytest.mark.usefixtures("rows")
    async def test_a_client_of_its_own_is_closed(
        self, tmp_path, out, simulator, monkeypatch
    ):
        monkeypatch.setenv("FIREWORKS_API_KEY", "fw_test")
        monkeypatch.setenv("FIREWORKS_BASE_URL", simulator.base_url)
        assert (await run_batch(tmp_path / "in.jsonl", out)).succeeded == 20

    @pytest.mark.usefixtures("rows")
    async def test_without_a_key_nothing_is_touched(self, tmp_path, out, monkeypatch):
        for name in ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(MissingAPIKeyError):
            await run_batch(tmp_path / "in.jsonl", out)
        assert not out.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"output": "in.jsonl"}, "expected different files"),
        ({"errors": "out.jsonl"}, "expected different files"),
        ({"shard": (3, 2)}, "expected K/N"),
        ({"retry": ["stal"]}, "'stal' is no status"),
        ({"input": "in.csv"}, "make no request: give a prompt"),
        ({"prompt": "{a!r}"}, "not the name of a column"),
        ({"output": "out.parquet"}, "answers are lines of JSON; call it .jsonl"),
    ],
)
async def test_options_that_cannot_be_used_are_refused(tmp_path, options, said):
    given = {"input": "in.jsonl", "output": "out.jsonl", **options}
    source, output = tmp_path / given.pop("input"), tmp_path / given.pop("output")
    if "errors" in given:
        given["errors"] = tmp_path / given["errors"]
    async with AsyncFireworks(api_key="fw_test") as client:
        with pytest.raises(ValueError, match=said):
            await run_batch(source, output, client=client, **given)


def resident():
    """What the process holds, in bytes."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_memory_does_not_grow_with_the_number_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("fireworks_async.batch._index._CACHE", 512)
    with (tmp_path / "in.jsonl").open("w") as file:
        for number in range(60_000):
            file.write(json.dumps(line(f"r{number}")) + "\n")
    seen = {}

    class Watching(FakeSender):
        async def send(self, row, *, affinity=None):
            if row.line % 20_000 == 0:
                seen[row.line] = await asyncio.to_thread(resident)
            return answered()

    await run(tmp_path, Watching(), places=64)
    assert seen[60_000] - seen[20_000] < 8 * 2**20
