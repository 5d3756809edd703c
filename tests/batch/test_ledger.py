import json

import msgspec
import pytest

from fireworks_async.batch._files import lines_of
from fireworks_async.batch._index import State, key_of
from fireworks_async.batch._ledger import Copy, Ledger
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._rows import Problem
from fireworks_async.errors import BadRequestError, BatchError
from tests.support.batches import completion, ids, read_lines, row


@pytest.fixture
def paths(tmp_path):
    return tmp_path / "out.jsonl", tmp_path / "out.errors.jsonl"


@pytest.fixture
def opened(paths):
    ledgers = []

    def open_again(**options):
        while ledgers:
            ledgers.pop().close()
        ledgers.append(Ledger.open(*paths, **options))
        return ledgers[0]

    yield open_again
    for ledger in ledgers:
        ledger.close()


def done(name, number=1, text="Hi", **values):
    each = row(name, number, text)
    given = {"response": completion(text), "cost": 0.5, **values}
    return BatchResult(
        custom_id=name,
        line=number,
        endpoint=each.endpoint,
        request=each.body,
        digest=each.digest.hex(),
        **given,
    )


def gone(name, number=1, text="Hi", cost=0.25):
    error = BadRequestError("no", status_code=400)
    return done(name, number, text, error=error, cause="refused", cost=cost)


def entry(ledger, name):
    return ledger.index.find([key_of(name)]).get(key_of(name))


def test_the_files_are_not_taken_for_each_other(opened, paths):
    opened().write([done("a"), gone("b")])
    opened().close()
    held = [path.read_bytes() for path in paths]
    with pytest.raises(BatchError, match=r"out\.errors\.jsonl: holds failures, which"):
        Ledger.open(paths[1], paths[0].with_name("new.jsonl"))
    with pytest.raises(BatchError, match=r"out\.jsonl: holds answers, which"):
        Ledger.open(paths[0].with_name("new.jsonl"), paths[0])
    assert [path.read_bytes() for path in paths] == held


def test_answers_and_failures_have_a_file_each(opened, paths):
    ledger = opened()
    assert not paths[1].exists()
    ledger.write([done("a"), gone("b"), done("c")])
    assert ledger.unsynced == 3
    ledger.sync()
    assert ledger.unsynced == 0
    assert (ids(paths[0]), ids(paths[1])) == (["a", "c"], ["b"])


def test_the_next_run_knows_what_was_recorded(opened):
    opened().write([done("a"), gone("b")])
    ledger = opened()
    assert ledger.run == 2
    assert ledger.index.totals() == (1, 1, 0.75)
    assert entry(ledger, "a").state == State.DONE
    assert entry(ledger, "a").digest == row().digest
    failed = entry(ledger, "b")
    assert (failed.state, failed.cause, failed.status) == (2, "refused", 400)


def test_a_record_can_be_read_where_it_was_written(opened):
    ledger = opened()
    places = ledger.write([done("a"), gone("b"), done("c")])
    names = [json.loads(ledger.read_at(place))["custom_id"] for place in places]
    assert names == ["a", "b", "c"]


@pytest.mark.parametrize("later", [done, gone])
@pytest.mark.parametrize("earlier", [done, gone])
def test_of_two_records_of_a_row_the_later_run_counts(opened, paths, earlier, later):
    opened().write([earlier("a", text="old"), done("b")])
    opened().write([later("a", text="new")])
    ledger = opened()
    assert entry(ledger, "a").digest == row(text="new").digest
    ledger.finish()
    assert sorted(ids(paths[0]) + ids(paths[1])) == ["a", "b"]
    again = opened()
    assert entry(again, "a").digest == row(text="new").digest
    assert paths[1].exists() == (later is gone)


def test_finishing_changes_nothing_without_need(opened, paths):
    ledger = opened()
    ledger.write([done("a"), gone("b")])
    before = paths[0].stat().st_ino
    ledger.finish()
    assert paths[0].stat().st_ino == before


def test_records_are_put_in_the_order_of_the_input(opened, paths):
    ledger = opened()
    for number, name in enumerate("abcd", start=1):
        ledger.index.put([_seen(name, number)])
    ledger.write([done("c"), gone("d"), done("a"), gone("b"), done("x")])
    ledger.finish(ordered=True)
    assert (ids(paths[0]), ids(paths[1])) == (["a", "c", "x"], ["b", "d"])


def _seen(name, number):
    from fireworks_async.batch._index import Entry

    return Entry(key=key_of(name), line=number)


def test_bad_lines_without_a_name_are_recorded_anew_by_each_run(opened, paths):
    def problem():
        return Problem(line=3, digest=b"d" * 32, text="bad")

    opened().write([problem(), gone("b")])
    ledger = opened()
    ledger.write([problem()])
    ledger.finish()
    assert ids(paths[1]) == ["b", None]


def test_an_answer_is_copied(opened, paths):
    ledger = opened()
    (place,) = ledger.write([done("a")])
    ledger.write([Copy(row("b", 2), place)])
    first, second = read_lines(paths[0])
    assert second["response"] == first["response"]
    assert entry(ledger, "b").state == State.DONE
    assert opened().index.totals()[0] == 2


def test_a_line_that_cannot_be_read_does_not_count(opened, paths):
    opened().write([done("a"), done("b")])
    data = paths[0].read_bytes()
    paths[0].write_bytes(data.replace(b'"custom_id":"b"', b'"custom_id:"b"'))
    ledger = opened()
    assert ledger.notes == [f"{paths[0]}: 1 lines cannot be read"]
    assert entry(ledger, "b") is None
    ledger.finish()
    assert ids(paths[0]) == ["a"]


def test_a_repair_is_told(opened, paths):
    opened().write([done("a"), done("b")])
    paths[0].write_bytes(paths[0].read_bytes()[:-9])
    ledger = opened()
    assert "torn record cut off" in ledger.notes[0]
    assert ids(paths[0]) == ["a"]


def test_the_results_of_other_programs_count_as_answers(opened, paths):
    line = {"id": "1", "custom_id": "a", "response": {"status_code": 200, "body": {}}}
    paths[0].write_text(json.dumps({**line, "error": None}) + "\n")
    ledger = opened()
    assert (entry(ledger, "a").state, entry(ledger, "a").digest) == (1, b"")


def test_the_file_of_somebody_else_is_refused(opened, paths):
    paths[0].write_text('{"a": 1}\n' * 3)
    with pytest.raises(BatchError, match="holds no results of a batch"):
        opened()
    assert paths[0].read_text() == '{"a": 1}\n' * 3


def test_a_file_that_was_being_rewritten_is_thrown_away(opened, paths):
    left = paths[0].with_name("out.jsonl.new")
    left.write_text("x")
    opened()
    assert not left.exists()


def test_one_run_at_a_time(opened, paths):
    opened()
    with pytest.raises(BatchError, match="another run"):
        Ledger.open(*paths)


class TestPacked:
    @pytest.fixture(params=[".gz", ".zst"])
    def paths(self, tmp_path, request):
        if request.param == ".zst":
            pytest.importorskip("backports.zstd")
        return tuple(
            tmp_path / f"{name}.jsonl{request.param}" for name in ("out", "errors")
        )

    @staticmethod
    def unpacked(path):
        return [json.loads(line)["custom_id"] for _, line in lines_of(path)]

    def test_the_files_are_there_when_it_is_finished(self, opened, paths, tmp_path):
        ledger = opened()
        ledger.write([done("a"), gone("b"), done("c")])
        assert not any(path.exists() for path in paths)
        ledger.finish()
        assert list(map(self.unpacked, paths)) == [["a", "c"], ["b"]]
        assert sorted(tmp_path.iterdir()) == sorted(paths)

    def test_the_next_run_goes_on_from_them(self, opened, paths, tmp_path):
        ledger = opened()
        ledger.write([done("a", 2), gone("b", 1)])
        ledger.finish()
        ledger = opened()
        assert ledger.index.totals() == (1, 1, 0.75)
        ledger.supersede(entry(ledger, "b"))
        for name, line in (("b", 1), ("a", 2)):
            ledger.index.put([msgspec.structs.replace(entry(ledger, name), line=line)])
        ledger.write([done("b")])
        ledger.finish(ordered=True)
        assert self.unpacked(paths[0]) == ["b", "a"]
        assert sorted(tmp_path.iterdir()) == [paths[0]]

    def test_what_a_killed_run_left_is_newer(self, opened, paths, tmp_path):
        ledger = opened()
        ledger.write([done("a")])
        ledger.finish()
        opened().write([done("b")])
        assert opened().index.totals()[0] == 2
        ledger = opened()
        ledger.finish()
        assert self.unpacked(paths[0]) == ["a", "b"]

    def test_one_run_at_a_time(self, opened, paths):
        opened()
        with pytest.raises(BatchError, match="another run"):
            Ledger.open(*paths)

    def test_what_is_not_packed_is_left_alone(self, paths):
        paths[0].write_bytes(b"Dear diary")
        with pytest.raises(BatchError, match="cannot be read"):
            Ledger.open(*paths)
        assert paths[0].read_bytes() == b"Dear diary"


def test_nothing_is_held_when_it_cannot_be_opened(opened, paths):
    paths[1].mkdir()
    with pytest.raises(BatchError, match="Is a directory"):
        opened()
    paths[1].rmdir()
    opened()


def test_all_is_let_go_of_when_one_file_cannot_be_put_back(opened, paths, monkeypatch):
    ledger = opened()
    ledger.write([done("a"), gone("b")])
    paths[0].unlink()
    results, errors = ledger._files
    with pytest.raises(BatchError, match="was removed"):
        results.sync()

    def fails():
        errors.__class__.close(errors)
        raise BatchError("cannot be rewritten")

    monkeypatch.setattr(errors, "close", fails)
    with pytest.raises(BatchError, match="cannot be rewritten"):
        ledger.close()
    assert ids(paths[0]) == ["a"]
    monkeypatch.undo()
    assert opened().index.totals()[0] == 1
