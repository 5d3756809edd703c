import io
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from fireworks_async._net import upload
from fireworks_async._net.upload import Upload
from fireworks_async._protocol.multipart import FilePart, MultipartBody


def form(fields=(), data=None, filename="a.wav"):
    file = None
    if data is not None:
        file = FilePart(io.BytesIO(data), filename=filename, start=0, size=len(data))
    return MultipartBody(tuple(fields), file)


async def sent(body):
    """What goes over the wire, as an independent reader has it."""
    going = Upload(body)
    data = b"".join([piece async for piece in going])
    assert going.headers["Content-Length"] == str(len(data))
    head = f"Content-Type: {going.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + data)
    assert not message.defects
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


async def test_fields_and_then_the_file():
    body = form([("model", "whisper-v3"), ("prompt", "Größe\r\nzwei")], b"\0\r\n\xff--")
    assert await sent(body) == [
        ("model", None, b"whisper-v3"),
        ("prompt", None, "Größe\r\nzwei".encode()),
        ("file", "a.wav", b"\0\r\n\xff--"),
    ]


async def test_without_a_file():
    assert await sent(form([("file", "https://x/a.mp3")])) == [
        ("file", None, b"https://x/a.mp3")
    ]


async def test_an_empty_file():
    assert await sent(form(data=b"")) == [("file", "a.wav", b"")]


async def test_a_filename_cannot_break_out_of_its_header():
    [(_, filename, _)] = await sent(form(data=b"x", filename='a"\r\nX: y.wav'))
    assert filename == "a%22%0D%0AX: y.wav"


async def test_a_large_file_is_read_in_pieces(monkeypatch):
    monkeypatch.setattr(upload, "_PIECE", 4)
    body = form(data=b"0123456789")
    assert [len(piece) async for piece in Upload(body)][1:-1] == [4, 4, 2]
    assert (await sent(body))[0][2] == b"0123456789"


async def test_two_sendings_do_not_disturb_each_other(monkeypatch):
    monkeypatch.setattr(upload, "_PIECE", 4)
    body = form(data=b"0123456789")
    first, second = Upload(body), Upload(body)
    pieces = []
    for _ in range(4):
        pieces += [await anext(first), await anext(second)]
    assert pieces[2::2] == pieces[3::2] == [b"0123", b"4567", b"89"]


async def test_a_file_that_shrinks_ends_the_sending():
    data = io.BytesIO(b"0123")
    body = MultipartBody((), FilePart(data, filename="f", start=0, size=10))
    with pytest.raises(OSError, match="shorter"):
        [piece async for piece in Upload(body)]
