"""A batch on a real Ray of two nodes, one of which is killed in the middle.

In a process of its own; see ``tests.support.ray_cluster``.
"""

import asyncio
import gzip
import importlib.util
import json
import subprocess
import sys
from contextlib import ExitStack

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.batch import run_batch
from fireworks_async.batch._blocks import BlockRunner, BlockSettings
from fireworks_async.batch._ray_run import (
    _COUNTED,
    _join,
    _keep_earlier,
    _write_lines,
    run_ray_batch,
)
from fireworks_async.errors import BatchError
from fireworks_async.simulator import Simulator
from tests.support.package import ROOT
from tests.support.ray_cluster import MODEL, PLACES, ROWS


class FakeDataset:
    """Blocks of a dataset that is answered; no Ray is needed to write them down."""

    def __init__(self, *rows):
        self._rows = [{**dict.fromkeys(_COUNTED), "attempts": 1, **row} for row in rows]

    def iter_batches(self, **_):
        return [self]

    def to_pylist(self):
        return self._rows


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_answers_and_failures_are_written_as_their_names_say(tmp_path, ending):
    paths = [tmp_path / f"{name}.jsonl{ending}" for name in ("out", "errors")]
    good = {"record": b'{"custom_id":"a"}\n'}
    failure = b'{"custom_id":"b","error":{"code":"refused"},"batch":{"line":7}}\n'
    bad = {"record": failure, "cause": "refused", "error": "no"}
    count = _write_lines(FakeDataset(good, bad), *paths)
    assert (count.succeeded, count.failures) == (1, {"refused": 1})
    assert [example.line for example in count.examples["refused"]] == [7]
    read = gzip.decompress if ending else bytes
    assert [read(path.read_bytes()) for path in paths] == [
        good["record"],
        bad["record"],
    ]
    _write_lines(FakeDataset(good), *paths)
    assert list(tmp_path.iterdir()) == paths[:1]


class TestPlaces:
    """What is refused before Ray is started."""

    @pytest.mark.parametrize(
        ("source", "output", "said"),
        [
            ("in.csv", "out.jsonl", "lines of JSON, and Parquet"),
            ("-", "out.jsonl", "lines of JSON, and Parquet"),
            ("in.jsonl", "out.csv", "parquet"),
            ("in.jsonl", "in.jsonl", "different files"),
            ("in.parquet", "in.parquet", "different files"),
            ("none.jsonl", "out.jsonl", "No such file"),
            ("in.jsonl", "none/out.jsonl", "no such directory"),
            ("in.jsonl", "in.parquet", "no directory"),
            ("in.jsonl", "mine.parquet", "other things than tables"),
            ("mine.parquet/in.jsonl", "mine.parquet", "different files"),
            ("in.jsonl", "notes.jsonl", "no results of a batch"),
        ],
    )
    def test_that_cannot_be(self, tmp_path, monkeypatch, source, output, said):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mine.parquet").mkdir()
        for name in ("in.jsonl", "in.parquet", "notes.jsonl", "mine.parquet/in.jsonl"):
            (tmp_path / name).write_text('{"messages":[]}\n')
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises((BatchError, ValueError), match=said):
            run_ray_batch(source, output, model="m")
        assert sorted(tmp_path.rglob("*")) == before

    def test_options_that_are_not_for_ray(self, tmp_path):
        (tmp_path / "in.jsonl").touch()
        for option in ({"max_cost": 1.0}, {"retry": ["all"]}, {"only_failed": True}):
            with pytest.raises(ValueError, match="not on Ray"):
                run_ray_batch(tmp_path / "in.jsonl", tmp_path / "out.jsonl", **option)


def kept_twice(output, directory):
    """Have them taken over; nobody else can meanwhile."""
    places = output, directory / "e.jsonl", directory / "ledger"
    with ExitStack() as held:
        _keep_earlier(held, *places)
        with pytest.raises(BatchError, match="another run"):
            _keep_earlier(held, *places)


def test_a_ray_that_cannot_be_started_is_told():
    class Ray:
        def is_initialized(self):
            return False

        def init(self, **_):
            raise RuntimeError("The current node timed out")

    with pytest.raises(BatchError, match=r"Ray at auto .* node timed out"):
        _join(Ray(), "auto")


async def test_answers_of_a_run_without_ray_are_not_paid_again(tmp_path, monkeypatch):
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_test")
    bodies = [{"messages": [{"role": "user", "content": f"{n}"}]} for n in range(3)]
    bodies[0]["custom_id"] = "a"
    lines = [json.dumps(body).encode() for body in bodies]
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join(lines))
    async with Simulator() as sim:
        async with AsyncFireworks(base_url=sim.base_url) as client:
            await run_batch(source, output, client=client, model=MODEL)
        await asyncio.to_thread(kept_twice, output, tmp_path)
        settings = BlockSettings(
            options={"model": MODEL},
            base_url=sim.base_url,
            ledger=str(tmp_path / "ledger"),
        )
        async with BlockRunner(settings) as runner:
            answers = await runner.run(lines)
        assert len(sim.requests) == 3
    assert all(answer.was_recorded for answer in answers)
    assert {answer.record for answer in answers} == set(
        output.read_bytes().splitlines(keepends=True)
    )


needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed"
)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the run told, and what it left."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.ray_cluster",
            str(tmp_path_factory.mktemp("ray")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    # Ray talks on standard output as well.
    return next(
        json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"
    )


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(300)
class TestCluster:
    """One run, looked at from several sides."""

    def test_a_node_was_killed_and_others_went_on(self, told):
        assert told["killed"]
        assert told["writers"] >= 1

    def test_each_row_is_there_once(self, told):
        assert told["answers"] == {f"r{number}": 1 for number in range(ROWS)}
        assert sorted(told["failed"], key=str) == [None, "refused"]
        assert told["rows"] == ROWS + 2
        assert told["failures"] == {"invalid": 1, "refused": 1}

    def test_no_more_is_paid_twice_than_was_in_flight(self, told):
        """The killed actor's rows, and what its successor had when it was noticed."""
        assert told["requests"] - (ROWS + 1) <= 2 * PLACES

    def test_the_actors_share_one_limit(self, told):
        # For a moment the killed one's calls are open beside those of its successor.
        assert told["most_in_flight"] <= 2 * PLACES

    def test_run_again_it_sends_nothing_but_what_failed(self, told):
        assert told["done_before"] == ROWS
        assert told["requests_again"] == 1

    def test_a_table_holds_all_rows_with_their_columns(self, told):
        columns = told["columns"]
        assert columns["rows"] == ROWS + 2
        assert columns["recorded"] == ROWS
        assert columns["causes"] == {"invalid": 1, "refused": 1}
        assert columns["known"]["response"] == ROWS
        assert columns["known"]["completion_tokens"] == ROWS

    def test_the_key_is_in_nothing_that_is_stored(self, told):
        assert not told["pickle_holds_key"]
        assert told["files_with_key"] == []
