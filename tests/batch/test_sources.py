import gzip
import io
import sys

import pytest

from fireworks_async.batch import _sources
from fireworks_async.batch._sources import chunks_of, count_rows, is_table
from fireworks_async.errors import BatchError


def rows_of(path):
    return [row for chunk in chunks_of(str(path)) for row in chunk]


@pytest.fixture(params=[1, 2, 3, 7, 262144], ids=lambda size: f"blocks of {size}")
def block(request, monkeypatch):
    monkeypatch.setattr(_sources, "_BLOCK", request.param)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"a", [(1, b"a")]),
        (b"a\n", [(1, b"a")]),
        (b"a\nb", [(1, b"a"), (2, b"b")]),
        (b"\n\na\n \nb\n\n", [(3, b"a"), (5, b"b")]),
        (b"aaaaaaaaaa\nbb\r\nc\n", [(1, b"aaaaaaaaaa"), (2, b"bb\r"), (3, b"c")]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", [(1, b"a"), (2, b"\xef\xbb\xbfb")]),
    ],
)
@pytest.mark.usefixtures("block")
def test_lines_are_numbered_however_they_are_read(tmp_path, data, expected):
    path = tmp_path / "in.jsonl"
    path.write_bytes(data)
    assert rows_of(path) == expected
    packed = tmp_path / "in.jsonl.gz"
    packed.write_bytes(gzip.compress(data))
    assert rows_of(packed) == expected


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\n")))
    assert rows_of("-") == [(1, b"a"), (2, b"b")]


def test_a_line_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_sources, "_BLOCK", 16)
    monkeypatch.setattr(_sources, "_LONGEST_LINE", 64)
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"a\n" + b"x" * 200)
    with pytest.raises(BatchError, match="line 2 is longer"):
        rows_of(path)


@pytest.mark.parametrize(("name", "mark"), [("in.csv", ","), ("in.tsv", "\t")])
def test_tables_have_columns(tmp_path, name, mark):
    path = tmp_path / name
    path.write_text(f'\ufeffid{mark}text\n1{mark}"a\nb"\n2{mark}c\n', encoding="utf-8")
    assert rows_of(path) == [
        (1, {"id": "1", "text": "a\nb"}),
        (2, {"id": "2", "text": "c"}),
    ]
    assert is_table(str(path))


def test_many_rows_of_a_table_come_in_chunks(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("id\n" + "".join(f"{n}\n" for n in range(600)))
    assert [len(chunk) for chunk in chunks_of(str(path))] == [256, 256, 88]


def test_a_broken_table_is_named_with_its_line(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b'id\n"a\n')
    with pytest.raises(BatchError, match=r"in\.csv: line \d"):
        rows_of(path)


def test_a_cell_may_be_a_document(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text\n" + 200_000 * "x")
    assert [len(row["text"]) for _, row in rows_of(path)] == [200_000]


def test_a_table_in_another_encoding_is_told_of(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"id\ncaf\xe9\n")
    with pytest.raises(BatchError, match=r"in\.csv: is no UTF-8, after line 0; iconv"):
        rows_of(path)


@pytest.mark.slow
def test_parquet_is_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "in.parquet"
    parquet.write_table(pyarrow.table({"id": [1, 2]}), path)
    assert rows_of(path) == [(1, {"id": 1}), (2, {"id": 2})]


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    path = tmp_path / "in.parquet"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(BatchError, match="needs the library pyarrow"):
        rows_of(path)


def test_zstd_is_read(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "in.jsonl.zst"
    path.write_bytes(zstandard.compress(b"a\n") + zstandard.compress(b"b\n"))
    assert rows_of(path) == [(1, b"a"), (2, b"b")]


@pytest.mark.parametrize("name", ["none.jsonl", "none.csv", "none.jsonl.gz"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(BatchError, match=rf"{name}: cannot be read: No such file"):
        rows_of(tmp_path / name)


def test_a_truncated_gzip_file_is_an_error(tmp_path):
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(b"a\n" * 1000)[:-9])
    with pytest.raises(BatchError, match="cannot be read"):
        rows_of(path)


@pytest.mark.parametrize(
    ("data", "count"), [(b"", 0), (b"a\n", 1), (b"a\nb", 2), (b"\n\n", 2)]
)
def test_lines_are_counted(tmp_path, data, count):
    path = tmp_path / "in.jsonl"
    path.write_bytes(data)
    assert count_rows(str(path)) == count


@pytest.mark.parametrize("name", ["-", "in.csv", "in.jsonl.gz", "/dev/null"])
def test_what_only_reading_would_tell_is_not_counted(name):
    assert count_rows(name) in (None, 0)
