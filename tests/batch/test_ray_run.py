"""A batch on a real Ray of two nodes, one of which is killed in the middle.

In a process of its own; see ``tests.support.ray_cluster``.
"""

import gzip
import importlib.util
import json
import subprocess
import sys

import pytest

from fireworks_async.batch._ray_run import _COUNTED, _write_lines
from tests.support.package import ROOT
from tests.support.ray_cluster import PLACES, ROWS


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
    bad = {"record": b'{"custom_id":"b"}\n', "cause": "refused", "error": "no"}
    count = _write_lines(FakeDataset(good, bad), *paths)
    assert (count.succeeded, count.failures) == (1, {"refused": 1})
    read = gzip.decompress if ending else bytes
    assert [read(path.read_bytes()) for path in paths] == [
        good["record"],
        bad["record"],
    ]
    _write_lines(FakeDataset(good), *paths)
    assert list(tmp_path.iterdir()) == paths[:1]


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
