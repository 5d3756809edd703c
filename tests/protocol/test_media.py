import base64
import re

import pytest

from fireworks_async._protocol.media import (
    LARGEST_MEDIA,
    check_images,
    check_media,
    check_media_url,
    data_url,
    media_type_of,
    too_large,
)
from tests.support.pictures import box, mp4, png
from tests.support.sounds import wav

PNG = png()
OGG = b"OggS\0\2" + bytes(20)

FILES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "image/gif": b"GIF89a\1\0\1\0",
    "image/bmp": b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0",
    "image/tiff": b"II*\0\x08\0\0\0",
    "image/x-portable-pixmap": b"P6\n2 2\n255\n",
    "image/webp": b"RIFF\x1a\0\0\0WEBPVP8L",
    "image/heic": box(b"ftyp", b"heic\0\0\0\0"),
    "image/avif": box(b"ftyp", b"avif\0\0\0\0"),
    "image/svg+xml": b"<?xml version='1.0'?>\n<svg/>",
    "application/pdf": b"%PDF-1.7\n",
    "video/quicktime": box(b"ftyp", b"qt  \0\0\0\0"),
    "video/mp4": mp4(),
    "video/webm": b"\x1aE\xdf\xa3\x9fB\x86",
    "video/x-msvideo": b"RIFF\x1a\0\0\0AVI LIST",
    "audio/mp4": box(b"ftyp", b"M4A \0\0\0\0"),
    "audio/ogg": OGG,
    "audio/wav": wav(0.01),
    "audio/mpeg": b"ID3\4\0",
    "audio/aac": b"\xff\xf1\x50\x80",
    "audio/flac": b"fLaC\0\0\0\x22",
}


def media(kind, url):
    return {"type": kind, kind: url if isinstance(url, str) else {"url": url[0]}}


def asked(*parts):
    return {"role": "user", "content": list(parts)}


class TestFormats:
    @pytest.mark.parametrize("media_type", FILES)
    def test_the_bytes_tell(self, media_type):
        assert media_type_of(FILES[media_type]) == media_type

    @pytest.mark.parametrize(
        ("media_type", "data"),
        [
            ("image/gif", b"GIF87a"),
            ("image/tiff", b"MM\0*\0\0\0\x08"),
            ("image/x-portable-pixmap", b"P3 # plain"),
            ("image/svg+xml", b"\n <svg xmlns="),
            ("audio/mpeg", b"\xff\xfb\x90\x64"),
        ],
    )
    def test_formats_with_several_beginnings(self, media_type, data):
        assert media_type_of(data) == media_type

    @pytest.mark.parametrize(
        "data", [b"", b"BMW is a car", b"P6", b"hello", b"<html>", b"GIF", b"\xff"]
    )
    def test_what_is_none_of_them_is_unknown(self, data):
        assert media_type_of(data) is None


class TestDataURL:
    def test_it_holds_the_file_and_its_type(self):
        url = data_url("image", PNG, "'a.txt'")
        head, _, data = url.partition(",")
        assert head == "data:image/png;base64"
        assert base64.b64decode(data) == PNG

    @pytest.mark.parametrize(
        ("kind", "media_type"),
        [
            ("image", "image/jpeg"),
            ("image", "image/gif"),
            ("image", "image/bmp"),
            ("image", "image/tiff"),
            ("image", "image/x-portable-pixmap"),
            ("video", "video/mp4"),
            ("audio", "audio/ogg"),
        ],
    )
    def test_what_the_api_takes(self, kind, media_type):
        url = data_url(kind, FILES[media_type], "it")
        assert url.startswith(f"data:{media_type};base64,")

    @pytest.mark.parametrize(
        ("kind", "data", "said"),
        [
            ("image", b"", "image: it is empty"),
            (
                "image",
                FILES["image/webp"],
                "it is image/webp; the API takes png, jpeg, gif, bmp, tiff and ppm",
            ),
            ("image", b"hello", "image: it is no image; the API takes png,"),
            ("image", mp4(), "image: it is video/mp4; "),
            ("video", FILES["video/webm"], "video: it is video/webm; the API takes "),
            ("audio", wav(0.1), "audio: it is audio/wav; the API takes ogg"),
        ],
    )
    def test_what_it_does_not_take_is_said_by_name(self, kind, data, said):
        with pytest.raises(ValueError, match=re.escape(said)):
            data_url(kind, data, "it")

    def test_the_largest_file_passes_and_one_more_byte_does_not(self):
        largest = PNG + bytes(LARGEST_MEDIA - len(PNG))
        url = data_url("image", largest, "it")
        check_media_url("image", url)
        check_media([asked(media("image_url", url))])
        said = re.escape(too_large("image", "it", LARGEST_MEDIA + 1))
        with pytest.raises(ValueError, match=said):
            data_url("image", largest + b"\0", "it")
        assert "7,864,321 bytes; the API takes 7,864,320" in said.replace("\\", "")


class TestLengthOfVideos:
    @pytest.mark.parametrize("is_long", [False, True])
    @pytest.mark.parametrize("seconds", [0.0, 59.5, 60.0, None])
    def test_up_to_a_minute_or_unknown(self, seconds, is_long):
        assert data_url("video", mp4(seconds, is_long=is_long), "it")

    @pytest.mark.parametrize("is_long", [False, True])
    def test_longer_ones_are_not_taken(self, is_long):
        said = "video: it lasts 60.5 s; the API takes 60 s"
        with pytest.raises(ValueError, match=said):
            data_url("video", mp4(60.5, is_long=is_long), "it")

    @pytest.mark.parametrize(
        "rest",
        [
            b"",
            b"\0\0\0",
            b"\0\0\0\0moov",
            b"\0\0\0\4moov",
            b"\0\0\0\1moov" + bytes(8),
            b"\0\0\0\1mdat\0\0\0\0\0\0\0\x10" + mp4(2),
            box(b"moov"),
            box(b"moov", box(b"trak")),
            box(b"moov", box(b"mvhd")),
            box(b"moov", box(b"mvhd", bytes(100))),
            b"\0\0\0\0moov" + box(b"mvhd", bytes(12) + b"\0\0\0\1"),
        ],
    )
    def test_what_cannot_be_read_is_for_the_api_to_judge(self, rest):
        assert data_url("video", box(b"ftyp", b"isom") + rest, "it")

    def test_the_last_box_may_be_open_and_sizes_may_be_long(self):
        header = mp4(61).partition(b"moov")[2]
        first = b"\0\0\0\1mdat\0\0\0\0\0\0\0\x12\7\7"
        film = box(b"ftyp", b"isom") + first + b"\0\0\0\0moov" + header
        with pytest.raises(ValueError, match="lasts 61"):
            data_url("video", film, "it")


class TestURLs:
    @pytest.mark.parametrize(
        "url", ["https://x/a.png", "HTTP://x", data_url("image", PNG, "it")]
    )
    def test_what_the_api_takes(self, url):
        check_media_url("image", url)

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("ftp://x/a.png", "image: the API takes http:, .* not 'ftp://x/a.png'"),
            ("file:///a.png", "image: the API takes http:, "),
            ("data:image/png,abc", "image: the API takes .*base64, URLs, not 'data:"),
            ("data:image/png;base64,%", "image: the data: URL holds no base64"),
            ("data:image/png;base64,", "image: the data: URL is no image"),
            (
                "data:image/png;base64," + base64.b64encode(b"%PDF-1.7").decode(),
                "image: the data: URL is application/pdf; the API takes ",
            ),
            (
                data_url("image", PNG, "it") + "A" * 10 * 1024 * 1024,
                "image: the data: URL has 7,864,[0-9]+ bytes; the API takes ",
            ),
        ],
        ids=["ftp", "file", "plain", "no base64", "empty", "pdf", "large"],
    )
    def test_what_it_does_not_take(self, url, said):
        with pytest.raises(ValueError, match=said):
            check_media_url("image", url)


class TestWholeRequests:
    def test_thirty_images_of_all_messages_are_taken_and_no_more(self):
        one = media("image_url", "https://x/a.png")
        check_media([asked(*[one] * 15), {"role": "user"}, asked(*[one] * 15)])
        said = "messages: 31 images; the API takes 30 in one request"
        with pytest.raises(ValueError, match=said):
            check_media([asked(*[one] * 15), asked(*[one] * 16)])

    def test_base64_of_all_kinds_counts_together(self):
        half = ["data:image/png;base64," + "A" * 5 * 1024 * 1024]
        check_media([asked(media("image_url", half), media("audio_url", half))])
        more = asked(media("video_url", "data:video/mp4;base64,AAAA"))
        said = "messages: 10,485,764 bytes of base64; the API takes 10,485,760 "
        with pytest.raises(ValueError, match=said):
            check_media(
                [asked(media("image_url", half)), asked(media("image_url", half)), more]
            )

    def test_the_images_of_texts_are_held_to_the_same(self):
        url = "https://x/a.png"
        check_images([url] * 30)
        check_images([[url] * 15, (url,) * 15])
        check_images("not a list")
        check_images([None, [3]])
        with pytest.raises(ValueError, match="images: 31 images; the API takes 30"):
            check_images([[url] * 16, [url] * 15])
        large = "data:image/png;base64," + "A" * 6 * 1024 * 1024
        check_images([large])
        with pytest.raises(ValueError, match="images: 12,582,912 bytes of base64"):
            check_images([[large], [large]])

    def test_what_is_no_media_counts_for_nothing(self):
        text = {"type": "text", "text": "image_url"}
        odd = {"type": "image_url", "image_url": {"url": None}}
        check_media([{"content": None}, {"content": "x"}, asked(text, odd, "x")])
