import base64
import threading

import pytest

from fireworks_async import AsyncFireworks, audio_part, image_part, video_part
from fireworks_async._client import media
from fireworks_async.simulator import Simulator
from tests.support.pictures import mp4, png

PNG = png()
URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
OGG = b"OggS\0\2" + bytes(20)
MAKERS = {"image": image_part, "video": video_part, "audio": audio_part}


@pytest.mark.parametrize("form", [str, lambda path: path, lambda path: PNG])
async def test_a_path_or_bytes_become_a_data_url(form, tmp_path):
    # The name says nothing: the bytes do.
    path = tmp_path / "a.jpg"
    path.write_bytes(PNG)
    assert await image_part(form(path)) == {
        "type": "image_url",
        "image_url": {"url": URL},
    }


@pytest.mark.parametrize("url", ["https://x/a?b#c", "HTTP://X/a.png", URL])
async def test_a_url_goes_as_it_is(url):
    assert (await image_part(url))["image_url"] == {"url": url}


async def test_what_else_can_be_said_of_it_is_sent_only_if_said():
    part = await image_part(PNG, detail="low")
    assert part["image_url"]["detail"] == "low"
    film = await video_part(
        mp4(), detail="high", max_frames=8, sample_fps=0.5, spatial_limit=512
    )
    assert film["type"] == "video_url"
    assert film["video_url"].pop("url").startswith("data:video/mp4;base64,")
    assert film["video_url"] == {
        "detail": "high",
        "max_frames": 8,
        "sample_fps": 0.5,
        "spatial_limit": 512,
    }
    assert (await video_part("https://x/a"))["video_url"] == {"url": "https://x/a"}


async def test_a_sound():
    part = await audio_part(OGG)
    assert part["type"] == "audio_url"
    assert part["audio_url"]["url"].startswith("data:audio/ogg;base64,")


@pytest.mark.parametrize("kind", MAKERS)
async def test_a_file_that_is_missing_is_named(kind, tmp_path):
    path = str(tmp_path / "no.png")
    with pytest.raises(FileNotFoundError, match=f"{kind}: No such file") as caught:
        await MAKERS[kind](path)
    assert caught.value.filename == path
    assert path in str(caught.value)


async def test_a_directory_is_no_file(tmp_path):
    with pytest.raises(IsADirectoryError, match="image: "):
        await image_part(tmp_path)


@pytest.mark.parametrize("kind", MAKERS)
async def test_what_is_no_source_is_a_type_error(kind):
    said = f"{kind}: expected a path, bytes or a URL, not int"
    with pytest.raises(TypeError, match=said):
        await MAKERS[kind](3)


async def test_a_file_that_is_too_large_is_not_even_read(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(media.LARGEST_MEDIA + 1)
    monkeypatch.setattr(type(path), "read_bytes", lambda _: pytest.fail("it was read"))
    said = "image: '.*large.png' has 7,864,321 bytes; the API takes 7,864,320"
    with pytest.raises(ValueError, match=said):
        await image_part(path)


@pytest.mark.parametrize("source", ["path", "bytes"])
async def test_the_work_is_done_in_a_thread(source, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    threads = []
    real = media.data_url

    def noticing(*args):
        threads.append(threading.current_thread())
        return real(*args)

    monkeypatch.setattr(media, "data_url", noticing)
    await image_part(path if source == "path" else PNG)
    assert threads != [threading.main_thread()]
    assert len(threads) == 1


async def test_parts_go_out_as_they_are():
    parts = [await image_part(PNG), await image_part("https://x/a.png", detail="low")]
    async with (
        Simulator() as simulator,
        AsyncFireworks(base_url=simulator.base_url, api_key="fw_test") as client,
    ):
        await client.chat.completions.create(
            model="qwen2p5-vl-32b-instruct",
            messages=[{"role": "user", "content": parts}],
        )
    assert simulator.requests[0].body["messages"][0]["content"] == parts


async def test_too_many_fail_before_anything_is_sent():
    parts = [await image_part(PNG)] * 31
    async with (
        Simulator() as simulator,
        AsyncFireworks(base_url=simulator.base_url, api_key="fw_test") as client,
    ):
        with pytest.raises(ValueError, match="messages: 31 images"):
            client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": parts}]
            )
        assert simulator.requests == []
