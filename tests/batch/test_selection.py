import pytest

from fireworks_async.batch._causes import Selector
from fireworks_async.batch._index import Entry, Index, State, key_of
from fireworks_async.batch._ledger import Ledger
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._rows import Problem
from fireworks_async.batch._selection import Selection, Shard
from fireworks_async.errors import BatchError
from tests.support.batches import completion, ids, row


class FakeLedger:
    def __init__(self, index):
        self.index = index
        self.superseded = []

    def supersede(self, entry):
        self.superseded.append(entry.key)

    def expect(self, entries):
        self.index.expect(entries)


@pytest.fixture
def ledger(tmp_path):
    index = Index(tmp_path / "index", by_digest=True)
    yield FakeLedger(index)
    index.close()


def record(ledger, each, state, **values):
    """What an earlier run recorded: where it saw the row, this one does not know."""
    ledger.index.forget_seen()
    key = key_of(each.custom_id)
    ledger.index.put([Entry(key=key, digest=each.digest, state=state, **values)])


def select(ledger, *rows, retry=(), **options):
    return Selection(ledger, retry=Selector(retry), **options).select(rows)


def done(name):
    each = row(name)
    return BatchResult(
        custom_id=name,
        line=1,
        endpoint=each.endpoint,
        request=each.body,
        digest=each.digest.hex(),
        response=completion(),
    )


def names(rows):
    return [each.custom_id for each in rows]


def test_new_rows_are_sent(ledger):
    selected = select(ledger, row("a", 1), row("b", 2))
    assert names(selected.rows) == ["a", "b"]


def test_what_is_done_is_not_sent_again(ledger):
    record(ledger, row("a"), State.DONE)
    selected = select(ledger, row("a"))
    assert (selected.rows, selected.done) == ([], 1)


def test_a_changed_request_is_sent_again(ledger):
    record(ledger, row("a", text="old"), State.DONE, spent=0.5)
    selected = select(ledger, row("a", text="new"))
    assert names(selected.rows) == ["a"]
    assert selected.rows[0].spent == 0.5
    assert ledger.superseded == [key_of("a")]


def test_a_changed_request_ends_a_strict_run(ledger):
    record(ledger, row("a", text="old"), State.DONE)
    with pytest.raises(BatchError, match="line 4: 'a' is recorded with another"):
        select(ledger, row("a", 4, text="new"), strict=True)


def test_a_record_without_a_digest_counts(ledger):
    ledger.index.put([Entry(key=key_of("a"), state=State.DONE)])
    assert select(ledger, row("a"), strict=True).done == 1


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, ["new"]),
        ({"retry": ["stall"]}, ["stalled", "new"]),
        ({"retry": ["4xx"]}, ["refused", "new"]),
        ({"only_failed": True}, ["stalled", "refused"]),
        ({"only_failed": True, "retry": ["stall"]}, ["stalled"]),
    ],
)
def test_failures_are_sent_again_by_choice(ledger, options, sent):
    record(ledger, row("stalled"), State.FAILED, cause="stall")
    record(ledger, row("refused"), State.FAILED, cause="refused", status=400)
    record(ledger, row("done"), State.DONE)
    rows = [row(name) for name in ("stalled", "refused", "new", "done")]
    selected = select(ledger, *rows, **options)
    assert names(selected.rows) == sent
    assert selected.done == 1


def test_a_row_that_comes_twice_is_sent_once(ledger):
    selection = Selection(ledger, retry=Selector(()))
    first = selection.select([row("a", 1), row("a", 2)])
    later = selection.select([row("a", 3)])
    assert names(first.rows) == ["a"]
    assert (first.repeated, later.repeated, later.rows) == (1, 1, [])


def test_a_name_of_two_requests_is_a_problem(ledger):
    selected = select(ledger, row("a", 1), row("a", 2, text="other"))
    (problem,) = selected.problems
    assert (problem.line, problem.custom_id) == (2, "")
    assert problem.text == "custom_id 'a' is that of line 1 too"


def nameless(number, text="x"):
    each = row("x", number, text)
    each.custom_id = ""
    return each


def test_rows_without_a_name_are_named_after_their_request(ledger):
    selection = Selection(ledger, retry=Selector(()))
    first = selection.select([nameless(1, "x"), nameless(2, "y"), nameless(3, "x")])
    later = selection.select([nameless(4, "x")])
    base = row(text="x").digest.hex()[:24]
    assert names(first.rows) == [base, row(text="y").digest.hex()[:24], f"{base}-2"]
    assert names(later.rows) == [f"{base}-3"]


def test_rows_without_a_name_are_known_again_wherever_they_stand(ledger):
    (done,) = select(ledger, nameless(1)).rows
    record(ledger, done, State.DONE)
    selected = select(ledger, nameless(5, "first"), nameless(9))
    assert (len(selected.rows), selected.done) == (1, 1)


def test_a_bad_row_is_recorded_once(ledger):
    problem = Problem(line=1, custom_id="a", digest=b"d" * 32, text="bad")
    assert select(ledger, problem).problems == [problem]
    record(ledger, problem, State.FAILED, cause="invalid")
    assert select(ledger, problem).failed == 1


def test_every_row_is_in_one_shard(ledger, tmp_path):
    rows = [row(str(n), n + 1) for n in range(60)]
    parts = []
    for number in (1, 2, 3):
        index = Index(tmp_path / f"index{number}")
        shard = Shard(number, 3)
        selected = select(FakeLedger(index), *rows, shard=shard)
        parts.append(names(selected.rows))
        assert len(selected.rows) + selected.elsewhere == 60
        index.close()
    assert min(map(len, parts)) > 9
    assert sorted(name for part in parts for name in part) == sorted(names(rows))


@pytest.mark.parametrize(("number", "count"), [(0, 3), (4, 3), (1, 0)])
def test_a_shard_is_one_of_several(number, count):
    with pytest.raises(ValueError, match="expected K/N"):
        Shard(number, count)


def test_rows_of_an_answered_request_are_copies(ledger):
    record(ledger, row("a"), State.DONE, start=3, length=4)
    selected = select(ledger, row("b", 2), row("c", 3, text="other"), shares=True)
    (copy,) = selected.copies
    assert (copy.row.custom_id, copy.place) == ("b", (0, 3, 4))
    assert names(selected.rows) == ["c"]


def test_an_answer_that_is_recorded_meanwhile_is_not_forgotten(tmp_path, monkeypatch):
    """Of a row without a name, which is looked up to name its copy."""
    ledger = Ledger.open(tmp_path / "out.jsonl", tmp_path / "errors.jsonl")
    selection = Selection(ledger, retry=Selector(()))
    (first,) = selection.select([row(None, 1)]).rows
    looked_up = Index.find

    def find(index, keys):
        monkeypatch.setattr(Index, "find", looked_up)
        found = looked_up(index, keys)
        ledger.write([done(first.custom_id)])
        return found

    monkeypatch.setattr(Index, "find", find)
    (copy,) = selection.select([row(None, 2)]).rows
    key = key_of(first.custom_id)
    assert copy.custom_id == f"{first.custom_id}-2"
    assert ledger.index.find([key])[key].state == State.DONE
    ledger.finish(ordered=True)
    ledger.close()
    assert ids(tmp_path / "out.jsonl") == [first.custom_id]


def test_bad_lines_have_failed_and_are_told_again_with_those(ledger):
    bad = Problem(line=2, digest=b"x", text="no JSON")
    selected = select(ledger, row("a", 1), bad, only_failed=True)
    assert (selected.rows, selected.problems, selected.elsewhere) == ([], [bad], 1)
