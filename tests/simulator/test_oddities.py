import asyncio
import json

import aiohttp
import pytest

from fireworks_async.simulator import BROKEN_STREAMS, ODD_STREAMS, Simulator
from tests.support.simulated import chat

pytestmark = pytest.mark.usefixtures("hurry")


async def received(sim: Simulator) -> tuple[bytes, bool]:
    """What came until a moment of silence, and whether the body then ended well."""
    headers = {"Authorization": "Bearer k"}
    data = b""
    now = asyncio.get_running_loop().time
    # Some never fall silent.
    end = now() + 1.5
    async with aiohttp.ClientSession(headers=headers) as session:
        try:
            async with asyncio.timeout(0.3) as silence:
                url = f"{sim.base_url}/chat/completions"
                body = chat(stream=True)
                async with session.post(url, json=body) as response:
                    async for piece in response.content.iter_any():
                        data += piece
                        silence.reschedule(min(now() + 0.3, end))
        except (aiohttp.ClientError, TimeoutError):
            return data, False
        return data, True


def is_whole(data: bytes) -> bool:
    """Read generously; whole is what finishes every choice and reports no error."""
    text = data.decode(errors="replace").removeprefix("\ufeff")
    if text.startswith("{"):
        return "choices" in json.loads(text)
    seen, finished = set(), set()
    for line in text.splitlines():
        if line.startswith("event: error"):
            return False
        if not line.startswith("data: ") or line == "data: [DONE]":
            if line == "data: [DONE]":
                break
            continue
        try:
            chunk = json.loads(line.removeprefix("data: "))
        except (ValueError, RecursionError):
            return False
        if not isinstance(chunk, dict) or "error" in chunk:
            return False
        for choice in chunk.get("choices") or ():
            seen.add(choice["index"])
            if choice.get("finish_reason"):
                finished.add(choice["index"])
    return bool(seen) and seen == finished


@pytest.mark.parametrize("name", ODD_STREAMS)
async def test_an_odd_stream_is_whole(sim, name):
    sim.script(ODD_STREAMS[name])
    data, ended = await received(sim)
    assert is_whole(data)
    assert ended is (name != "F33 no terminator")


@pytest.mark.parametrize("name", BROKEN_STREAMS)
async def test_a_broken_stream_is_not_whole(sim, name):
    sim.script(BROKEN_STREAMS[name])
    data, _ = await received(sim)
    assert not is_whole(data)


@pytest.mark.parametrize("name", ODD_STREAMS)
async def test_an_odd_stream_differs_from_a_plain_one(sim, name):
    """What a fault does is seen: no entry is quietly a plain stream."""
    sim.script(ODD_STREAMS[name])
    reader, writer = await asyncio.open_connection(*address_of(sim))
    body = json.dumps(chat(stream=True)).encode()
    writer.write(
        b"POST /v1/chat/completions HTTP/1.0\r\nAuthorization: Bearer k\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    moment = 0.3 if name == "F33 no terminator" else None
    try:
        raw = await asyncio.wait_for(reader.read(), moment)
    except TimeoutError:
        raw = b""
    writer.close()
    assert name.startswith(("F07", "F25", "F26", "F30", "F33")) or not is_plain(raw)


def address_of(sim: Simulator) -> tuple[str, int]:
    host, port = sim.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    return host, int(port)


def is_plain(raw: bytes) -> bool:
    body = raw.partition(b"\r\n\r\n")[2]
    try:
        lines = body.decode().split("\n\n")
        chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
        reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
        deltas = [set(delta) for delta in deltas]
        identities = {(chunk["id"], chunk["model"]) for chunk in chunks}
    except (ValueError, KeyError, IndexError, TypeError):
        return False
    return (
        lines[-2:] == ["data: [DONE]", ""]
        and all(delta <= {"role", "content"} for delta in deltas)
        and reasons == [None] * (len(chunks) - 1) + ["stop"]
        and len(identities) == 1
        and all(chunk["usage"] is None for chunk in chunks)
    )
