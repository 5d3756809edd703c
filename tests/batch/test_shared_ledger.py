"""A ledger for many writers, any of which may die at any byte."""

import errno
import os

import pytest

from fireworks_async.batch._shared_ledger import SharedLedger, key_of_request
from fireworks_async.errors import BatchError


def key(number):
    return key_of_request(f"row {number}", b"digest")


def line(number):
    return b'{"row": %d}\n' % number


def record(ledger, *numbers):
    ledger.append((key(number), line(number)) for number in numbers)


@pytest.fixture
def writer(tmp_path):
    ledger = SharedLedger(tmp_path / "ledger")
    yield ledger
    ledger.close()


@pytest.fixture
def reader(tmp_path):
    return SharedLedger(tmp_path / "ledger")


def found(ledger, *numbers):
    ledger.refresh()
    return [ledger.find(key(number)) for number in numbers]


def test_what_one_records_the_others_find(writer, reader):
    record(writer, 1, 2)
    assert found(reader, 1, 2, 3) == [line(1)[:-1], line(2)[:-1], None]
    record(writer, 3)
    assert found(reader, 3) == [line(3)[:-1]]
    assert len(reader) == 3


def test_many_write_at_once(tmp_path):
    writers = [SharedLedger(tmp_path / "ledger") for _ in range(3)]
    for number in range(30):
        record(writers[number % 3], number)
    assert found(writers[0], *range(30)) == [line(n)[:-1] for n in range(30)]
    for each in writers:
        each.close()


def test_nothing_is_made_before_something_is_recorded(writer, tmp_path):
    assert found(writer, 1) == [None]
    assert not (tmp_path / "ledger").exists()


def test_name_and_request_make_the_key():
    assert key_of_request("a", b"d") == key_of_request("a", b"d")
    assert key_of_request("a", b"d") != key_of_request("a", b"e")
    assert key_of_request("a", b"d") != key_of_request("b", b"d")
    # A name that is no UTF-8 is a name.
    key_of_request("\ud800", b"d")


@pytest.mark.parametrize("suffix", [".keys", ".jsonl"])
def test_cut_at_any_byte_it_holds_what_was_whole(tmp_path, suffix):
    writer = SharedLedger(tmp_path / "ledger")
    record(writer, 1, 2, 3)
    writer.close()
    (path,) = (tmp_path / "ledger").glob(f"*{suffix}")
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        lines = found(SharedLedger(tmp_path / "ledger"), 1, 2, 3)
        there = length // (len(whole) // 3)
        expected = [line(n)[:-1] for n in range(1, there + 1)]
        assert lines == expected + [None] * (3 - there)


def test_a_key_that_was_half_written_is_found_when_it_is_whole(tmp_path, reader):
    writer = SharedLedger(tmp_path / "ledger")
    record(writer, 1, 2)
    writer.close()
    (path,) = (tmp_path / "ledger").glob("*.keys")
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert found(reader, 1, 2) == [line(1)[:-1], None]
    path.write_bytes(whole)
    assert found(reader, 1, 2) == [line(1)[:-1], line(2)[:-1]]


def test_it_may_be_read_by_its_owner_only(writer, tmp_path):
    record(writer, 1)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "ledger").iterdir()}
    assert modes == {0o600}


def test_a_place_that_is_no_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    ledger = SharedLedger(tmp_path / "file")
    with pytest.raises(BatchError, match="ledger"):
        ledger.refresh()
    with pytest.raises(BatchError, match="ledger"):
        record(ledger, 1)


def test_behind_a_torn_write_nothing_is_written(writer, reader, monkeypatch):
    record(writer, 1)
    write = os.write

    def torn(file, data):
        monkeypatch.setattr(os, "write", full)
        return write(file, data[:5])

    def full(file, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", torn)
    with pytest.raises(BatchError, match="No space"):
        record(writer, 2)
    monkeypatch.setattr(os, "write", write)
    record(writer, 3)
    assert found(reader, 1, 2, 3) == [line(1)[:-1], None, line(3)[:-1]]
