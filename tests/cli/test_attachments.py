import base64
from pathlib import Path

import pytest

from fireworks_async.cli._attachments import AttachmentOptions
from fireworks_async.cli._exits import UsageError
from tests.support.pictures import mp4, png

IMAGE = {
    "type": "image_url",
    "image_url": {"url": f"data:image/png;base64,{base64.b64encode(png()).decode()}"},
}


def written(path: Path, data: bytes | str) -> str:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


async def test_nothing_is_nothing():
    assert await AttachmentOptions().parts() == []


async def test_images_come_first_all_in_order(tmp_path: Path):
    picture = written(tmp_path / "a", png())
    text = written(tmp_path / "b.txt", "b")
    url = "https://h/c.png"
    options = AttachmentOptions(image=[picture, url], file=[text, picture])
    assert await options.parts() == [
        IMAGE,
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": '<file name="b.txt">\nb\n</file>'},
        IMAGE,
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [("a\r\nb\r\n", "a\r\nb"), ("\ufeffé\n\n", "é"), ("", "")],
)
async def test_a_text_is_named_and_otherwise_as_it_is(
    data: str, text: str, tmp_path: Path
):
    name = written(tmp_path / "notes.md", data)
    [part] = await AttachmentOptions(file=[name]).parts()
    assert part["text"] == f'<file name="notes.md">\n{text}\n</file>'


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://h/a.pdf", "https://h/a.pdf#transform=inline"),
        ("http://h/a.pdf?b=c", "http://h/a.pdf?b=c#transform=inline"),
        ("https://h/a.pdf#transform=inline", "https://h/a.pdf#transform=inline"),
    ],
)
async def test_a_document_of_the_web_is_read_by_the_api(url: str, sent: str):
    [part] = await AttachmentOptions(file=[url]).parts()
    assert part == {"type": "image_url", "image_url": {"url": sent}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "--image {}: No such file or directory"),
        (b"hello", "--image {}: '{}' is no image; the API takes png"),
        (mp4(), "--image {}: '{}' is video/mp4; the API takes png"),
    ],
    ids=["missing", "text", "video"],
)
async def test_an_image_that_is_none_is_named(
    data: bytes | None, said: str, tmp_path: Path
):
    path = tmp_path / "a"
    name = written(path, data) if data is not None else str(path)
    with pytest.raises(UsageError) as caught:
        await AttachmentOptions(image=[name]).parts()
    assert str(caught.value).startswith(said.replace("{}", name))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "--file {}: No such file or directory"),
        (b"%PDF-1.7\nall in ASCII", "--file {}: neither text nor an image that the"),
        (b"a\0b", "--file {}: neither text nor an image that the API takes; documents"),
        (b"\xff\xfe\xfd", "--file {}: neither text nor an image"),
    ],
    ids=["missing", "document", "binary", "other"],
)
async def test_a_file_that_cannot_be_sent_is_named(
    data: bytes | None, said: str, tmp_path: Path
):
    path = tmp_path / "a.pdf"
    name = written(path, data) if data is not None else str(path)
    with pytest.raises(UsageError) as caught:
        await AttachmentOptions(file=[name]).parts()
    assert str(caught.value).startswith(said.replace("{}", name))
