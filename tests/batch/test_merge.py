import asyncio
import gzip

import pytest

from fireworks_async.batch._merge import merge_batches
from fireworks_async.batch._selection import Shard
from fireworks_async.errors import BatchError
from tests.support.batches import (
    FakeSender,
    answered,
    ids,
    line,
    read_lines,
    refused,
    run,
    write_lines,
)

NAMES = [f"r{n}" for n in range(30)]


def answer(row):
    return refused(400) if row.custom_id in ("r3", "r8") else answered()


async def shards(tmp_path, count=3):
    write_lines(tmp_path / "in.jsonl", [line(name, name) for name in NAMES])
    parts = []
    for number in range(1, count + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "in.jsonl").symlink_to(tmp_path / "in.jsonl")
        await run(folder, FakeSender(answer), shard=Shard(number, count))
        parts.append(folder / "out.jsonl")
    return parts


async def test_shards_together_are_one_run(tmp_path):
    parts = await shards(tmp_path)
    out = tmp_path / "all.jsonl"
    merged = await _merge(out, parts, ordered=True)
    await run(tmp_path, FakeSender(answer), ordered=True)
    assert ids(out) == ids(tmp_path / "out.jsonl")
    assert ids(tmp_path / "all.errors.jsonl") == ["r3", "r8"]
    assert (merged.recorded, merged.recorded_failed, merged.repeated) == (28, 2, 0)
    assert merged.spent > 0


async def test_what_was_merged_can_be_gone_on_with(tmp_path):
    parts = await shards(tmp_path)
    await _merge(tmp_path / "out.jsonl", parts)
    sender = FakeSender()
    summary = await run(tmp_path, sender, only_failed=True)
    assert sorted(sender.sent) == ["r3", "r8"]
    assert summary.recorded == 30


async def test_of_one_row_the_answer_wins(tmp_path):
    parts = await shards(tmp_path)
    again = tmp_path / "again"
    again.mkdir()
    write_lines(again / "in.jsonl", [line("r3", "r3"), line("r4", "r4")])
    await run(again, FakeSender())
    for number, order in enumerate(
        [[*parts, again / "out.jsonl"], [again / "out.jsonl", *parts]]
    ):
        out = tmp_path / f"all{number}.jsonl"
        merged = await _merge(out, order)
        assert (merged.recorded, merged.recorded_failed, merged.repeated) == (29, 1, 2)
        assert sorted(ids(out)) == sorted(set(NAMES) - {"r8"})
        assert ids(tmp_path / f"all{number}.errors.jsonl") == ["r8"]


async def test_bad_lines_without_a_name_are_kept(tmp_path):
    (tmp_path / "in.jsonl").write_text("{\n")
    await run(tmp_path, FakeSender())
    await _merge(tmp_path / "all.jsonl", [tmp_path / "out.jsonl"])
    (bad,) = read_lines(tmp_path / "all.errors.jsonl")
    assert bad["error"]["line"] == 1


async def test_packed_parts_are_merged(tmp_path):
    names = ["all.jsonl.gz", "again.jsonl.gz"]
    parts = await shards(tmp_path)
    for name in names:
        await _merge(tmp_path / name, parts)
        parts = [tmp_path / name]
    with gzip.open(tmp_path / names[1]) as file:
        assert len(file.readlines()) == 28
    with gzip.open(tmp_path / "again.errors.jsonl.gz") as file:
        assert len(file.readlines()) == 2


async def test_nothing_is_overwritten(tmp_path):
    parts = await shards(tmp_path, 1)
    with pytest.raises(BatchError, match="exists"):
        await _merge(parts[0], parts)
    with pytest.raises(BatchError, match="no such file"):
        await _merge(tmp_path / "all.jsonl", [tmp_path / "none.jsonl"])
    assert not (tmp_path / "all.jsonl").exists()


async def test_a_part_that_is_named_twice_is_a_mistake(tmp_path):
    (part,) = await shards(tmp_path, 1)
    with pytest.raises(BatchError, match="named twice"):
        await _merge(tmp_path / "all.jsonl", [part, part])


async def _merge(*args, **options):
    return await asyncio.to_thread(merge_batches, *args, **options)
