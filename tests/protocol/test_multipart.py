import io

import pytest

from fireworks_async._protocol.multipart import FilePart, MultipartBody


def part(data=b"0123456789", start=0, size=None):
    size = len(data) - start if size is None else size
    return FilePart(io.BytesIO(data), filename="f", start=start, size=size)


def test_pieces_are_read_from_where_the_file_began():
    file = part(start=2)
    assert [file.read(0, 3), file.read(6, 3), file.read(0, 3)] == [
        b"234",
        b"89",
        b"234",
    ]


def test_no_more_is_read_than_there_was():
    assert part(size=4).read(2, 100) == b"23"
    assert part(size=4).read(4, 100) == b""


def test_a_file_that_has_become_shorter_is_an_error():
    with pytest.raises(OSError, match="f has become shorter"):
        part(size=12).read(10, 2)


def test_the_length_of_a_form_is_that_of_what_it_says():
    assert len(MultipartBody((("a", "ü"),), part())) == 1 + 2 + 10
    assert len(MultipartBody((("a", "b"),))) == 2
