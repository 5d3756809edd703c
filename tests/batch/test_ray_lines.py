"""Lines of files as tables; what Ray does with them is looked at in ``test_ray_run``."""

import io

import pytest

pytest.importorskip("pyarrow")

from fireworks_async.batch._ray_lines import tables_in
from fireworks_async.batch._rows import Problem, RowReader


def rows_of(data):
    tables = list(tables_in(io.BufferedReader(io.BytesIO(data))))
    return [tuple(row.values()) for table in tables for row in table.to_pylist()]


def test_lines_have_their_numbers_and_blank_ones_are_left_out():
    data = b'\xef\xbb\xbf{"a":1}\r\n\n  \n{"b":2}'
    assert rows_of(data) == [('{"a":1}\r', 1), ('{"b":2}', 4)]


def test_only_line_feeds_end_lines():
    text = '{"a":"x\u2028y\u2029z\x85w\x0bv"}'
    assert rows_of(f"{text}\n{text}\n".encode()) == [(text, 1), (text, 2)]


def test_a_line_that_is_no_utf_8_is_a_bad_row_and_no_end():
    (first, second) = rows_of(b'{"a":"\xff"}\n{"a":"b"}\n')
    assert second == ('{"a":"b"}', 2)
    assert isinstance(RowReader().read(1, first[0].encode()), Problem)


def test_many_lines_are_several_tables():
    data = b'{"a":"%s"}\n' % (b"x" * 90) * 9_000
    assert [number for _, number in rows_of(data)] == list(range(1, 9_001))
    assert len(list(tables_in(io.BufferedReader(io.BytesIO(data))))) > 1
