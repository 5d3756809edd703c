import errno
import os
from pathlib import Path

import pytest

from fireworks_async.batch._files import (
    RecordFile,
    lines_of,
    replaced,
)
from fireworks_async.batch._records import BatchResult, encode
from fireworks_async.errors import BatchError
from tests.support.batches import completion


def record(name, text="é" * 20):
    result = BatchResult(
        custom_id=name, line=1, endpoint="", request={}, response=completion(text)
    )
    return encode(result, run=1)


A, B = record("a"), record("b")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.jsonl"


def reopened(path):
    file = RecordFile.open(path)
    try:
        assert file.size == path.stat().st_size
        return path.read_bytes(), file.repaired
    finally:
        file.close()


def test_an_editors_byte_order_mark_costs_no_record(path):
    path.write_bytes(b"\xef\xbb\xbf" + A + B)
    assert list(lines_of(path)) == [(3, A), (3 + len(A), B)]


def test_a_file_that_is_removed_meanwhile_is_put_back(path):
    file = RecordFile.open(path)
    file.append(A)
    file.sync()
    path.unlink()
    file.append(B)
    with pytest.raises(BatchError, match="was removed while it was written; what is"):
        file.sync()
    file.close()
    assert path.read_bytes() == A + B


def test_a_file_that_is_moved_meanwhile_is_left_where_it_is(path):
    file = RecordFile.open(path)
    file.append(A)
    moved = path.rename(path.with_name("moved.jsonl"))
    with pytest.raises(BatchError, match="was moved while it was written; put it back"):
        file.sync()
    file.close()
    assert (moved.read_bytes(), path.exists()) == (A, False)


def test_what_is_replaced_keeps_its_mode(path):
    path.write_bytes(A)
    path.chmod(0o600)
    replaced(path, iter([B]))
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (B, 0o600)


def test_records_are_appended_and_found(path):
    file = RecordFile.open(path)
    assert [file.append(A), file.append(B)] == [0, len(A)]
    file.sync()
    assert file.read_at(len(A), len(B)) == B
    file.close()
    file.close()
    assert reopened(path) == (A + B, None)


@pytest.mark.parametrize("cut", [1, 2, 30, len(B) // 2, len(B) - 2])
def test_a_torn_record_is_cut_off(path, cut):
    path.write_bytes(A + B[:cut])
    data, repaired = reopened(path)
    assert data == A
    assert repaired == f"{cut} bytes of a torn record cut off"


def test_a_cut_inside_a_character_is_a_torn_record(path):
    cut = B.index("é".encode()) + 1
    path.write_bytes(A + B[:cut])
    assert reopened(path)[0] == A


@pytest.mark.parametrize("before", [b"", A], ids=["alone", "behind another"])
def test_a_whole_record_without_its_line_break_is_kept(path, before):
    path.write_bytes(before + B[:-1])
    assert reopened(path) == (before + B, "a line break added to the last record")


def test_zeros_at_the_end_are_cut_off(path):
    path.write_bytes(A + b"\0" * 700_000)
    assert reopened(path)[0] == A
    path.write_bytes(A + B[:-1] + b"\0" * 10)
    assert reopened(path)[0] == A + B
    path.write_bytes(b"\0" * 10)
    assert reopened(path)[0] == b""


def test_a_long_torn_record_is_cut_off(path):
    path.write_bytes(A + record("b", "x" * 700_000)[:-5])
    assert reopened(path)[0] == A


def test_a_first_record_that_is_torn_is_cut_off(path):
    path.write_bytes(A[:9])
    assert reopened(path)[0] == b""


@pytest.mark.parametrize(
    "data",
    [
        b"Dear diary",
        b"Dear diary\nToday\nnothing",
        b'{"a": 1}',
        b'{"custom_id": "a", "body": {}}\n{"custom_id": "b", "body": {}}\n',
        b"x" * 700_000,
        b"\x1f\x8b\x08\n\xff\0\0",
        b"Dear diary\n",
    ],
)
def test_the_file_of_somebody_else_is_left_alone(path, data):
    path.write_bytes(data)
    with pytest.raises(BatchError, match="holds no results of a batch"):
        RecordFile.open(path)
    assert path.read_bytes() == data


def test_one_at_a_time(path):
    first = RecordFile.open(path)
    with pytest.raises(BatchError, match="another run is writing it"):
        RecordFile.open(path)
    first.close()
    reopened(path)


def test_a_file_that_was_replaced_while_it_was_waited_for_is_opened_anew(
    path, monkeypatch
):
    path.write_bytes(A)
    opened = os.open
    replacements = [A + B]

    def slow(name, *rest):
        descriptor = opened(name, *rest)
        if replacements:
            replaced(path, iter([replacements.pop()]))
        return descriptor

    monkeypatch.setattr(os, "open", slow)
    file = RecordFile.open(path)
    assert file.size == len(A + B)
    file.close()


@pytest.mark.parametrize("place", ["none/out.jsonl", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path, place):
    with pytest.raises(BatchError, match="cannot be written: "):
        RecordFile.open(tmp_path / place)


def test_only_files_can_be_gone_on_with():
    with pytest.raises(BatchError, match="no file that can be gone on with"):
        RecordFile.open(Path("/dev/null"))


def test_a_full_disk_leaves_whole_records(path, monkeypatch):
    file = RecordFile.open(path)
    file.append(A)
    write = os.write
    room = [10]

    def almost_full(descriptor, data):
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: room.pop()])

    monkeypatch.setattr(os, "write", almost_full)
    with pytest.raises(BatchError, match="No space left on device; what is rec"):
        file.append(B)
    monkeypatch.undo()
    assert file.append(B) == len(A)
    file.close()
    assert path.read_bytes() == A + B


def test_a_sync_that_fails_is_told(path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    file = RecordFile.open(path)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BatchError, match="Input/output error"):
        file.sync()
    file.close()


def test_lines_come_with_their_places(path):
    path.write_bytes(A + B)
    assert list(lines_of(path)) == [(0, A), (len(A), B)]
    with pytest.raises(BatchError, match="cannot be read"):
        list(lines_of(path.with_name("none")))


def test_a_file_is_replaced_as_a_whole(path):
    path.write_bytes(A)
    assert replaced(path, iter([B, A])) == 2
    assert path.read_bytes() == B + A
    assert [each.name for each in path.parent.iterdir()] == ["out.jsonl"]


def test_a_file_that_cannot_be_replaced_stays(path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    path.write_bytes(A)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BatchError, match="cannot be rewritten: No space"):
        replaced(path, iter([B]))
    assert path.read_bytes() == A
    assert [each.name for each in path.parent.iterdir()] == ["out.jsonl"]
