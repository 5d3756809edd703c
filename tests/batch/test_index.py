import threading

import pytest

from fireworks_async.batch._index import Entry, Index, State, key_of
from fireworks_async.errors import BatchError


@pytest.fixture
def index(tmp_path):
    index = Index(tmp_path / "index", by_digest=True)
    yield index
    index.close()


def entry(name, **values):
    return Entry(key=key_of(name), **values)


def test_what_was_put_is_found(index):
    entries = [
        entry(str(n), digest=b"d", state=State.DONE, line=n, start=2**40, status=None)
        for n in range(1200)
    ]
    index.put(entries)
    found = index.find([key_of("7"), key_of("none"), *(e.key for e in entries)])
    assert found == {each.key: each for each in entries}


def test_it_has_no_name(index, tmp_path):
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_thrown_away(tmp_path):
    path = tmp_path / "index"
    path.write_bytes(b"garbage")
    index = Index(path)
    assert index.totals() == (0, 0, 0.0)
    index.close()
    index.close()


def test_what_is_recorded_does_not_change_where_a_row_was_seen(index):
    index.put([entry("a", line=3, copies=2)])
    index.record([entry("a", state=State.DONE, start=5, spent=0.5), entry("b")])
    (found,) = index.find([key_of("a")]).values()
    assert (found.line, found.copies, found.state, found.start) == (3, 2, 1, 5)
    assert key_of("b") in index.find([key_of("b")])


def test_what_is_expected_is_found_and_set_with_its_record(index):
    index.expect([entry("a", line=3, copies=2), entry("b", line=4)])
    index.put([entry("c", line=5)])
    keys = [key_of(name) for name in "abc"]
    assert [each.line for each in index.find(keys).values()] == [3, 4, 5]
    assert index.totals() == (0, 0, 0.0)
    done = entry("a", state=State.DONE, start=5, spent=0.5)
    index.record([done])
    index.record([entry("a", state=State.DONE, start=6, spent=1.5)])
    found = index.find([key_of("a")])[key_of("a")]
    assert (found.line, found.copies, found.start) == (3, 2, 6)
    assert index.totals() == (1, 0, 1.5)
    index.forget_seen()
    assert list(index.find(keys)) == [key_of("a")]


def test_answers_are_found_by_request(index):
    index.put(
        [
            entry("a", digest=b"1", state=State.DONE, start=3, length=4),
            entry("b", digest=b"2", state=State.FAILED),
        ]
    )
    assert index.answered([b"1", b"2", b"3"]) == {b"1": (0, 3, 4)}


def test_places_are_in_the_order_of_the_input(index):
    index.put(
        [
            entry(str(n), state=State.DONE, line=line, run=1, start=n, length=1)
            for n, line in enumerate([3, 0, 1, 2, 0])
        ]
    )
    index.put([entry("f", state=State.FAILED, line=1)])
    assert [place[1] for place in index.places(State.DONE)] == [2, 3, 0, 1, 4]


def test_totals_count_and_add(index):
    index.put(
        [
            entry("a", state=State.DONE, spent=0.5),
            entry("b", state=State.FAILED, spent=0.25),
            entry("c"),
        ]
    )
    assert index.totals() == (1, 1, 0.75)


def test_any_thread_may_ask(index):
    found = []
    thread = threading.Thread(target=lambda: found.append(index.totals()))
    thread.start()
    thread.join()
    assert found == [(0, 0, 0.0)]


def test_names_that_are_no_unicode_have_keys():
    assert key_of("\ud800") != key_of("a")


def test_a_base_that_cannot_be_gone_on_with_is_told(index):
    index.close()
    with pytest.raises(BatchError, match="index: Cannot operate on a closed"):
        index.totals()


def test_any_number_of_entries_are_set_at_once(index):
    entries = [Entry(key=key_of(str(n)), line=n + 1) for n in range(99)]
    index.put(entries)
    for entry in entries:
        entry.state, entry.cause = State.FAILED, f"{entry.line}"
    index.record([*entries, entries[0]])
    assert index.find(entry.key for entry in entries) == {e.key: e for e in entries}
