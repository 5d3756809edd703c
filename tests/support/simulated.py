"""A client that knows nothing: plain aiohttp and raw sockets, pointed at a simulator."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

from fireworks_async.simulator import Simulator

MODEL = "accounts/fireworks/models/llama-v3p3-70b-instruct"
REASONER = "accounts/fireworks/models/kimi-k2p6"
HELLO = [{"role": "user", "content": "Hello"}]
DONE = "[DONE]"


@dataclass(frozen=True)
class Answered:
    """What came back, whole."""

    status: int
    headers: CIMultiDictProxy[str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def message(self) -> str:
        """The text of an error."""
        return self.json["error"]["message"]

    @property
    def events(self) -> list[Any]:
        """The data of each event, decoded; `[DONE]` as it is."""
        blocks = self.data.decode().split("\n\n")
        assert blocks.pop() == ""
        assert all(block.startswith("data: ") for block in blocks)
        texts = [block.removeprefix("data: ") for block in blocks]
        return [text if text == DONE else json.loads(text) for text in texts]

    @property
    def chunks(self) -> list[Any]:
        """The events but `[DONE]`, which has to be the last."""
        *chunks, last = self.events
        assert last == DONE
        return chunks


def chat(**fields: Any) -> dict[str, Any]:
    """A minimal request; a field that is None is left out."""
    body = {"model": MODEL, "messages": HELLO, **fields}
    return {name: value for name, value in body.items() if value is not None}


async def ask(
    sim: Simulator,
    body: Any = None,
    *,
    path: str = "/chat/completions",
    method: str = "POST",
    key: str | None = "fw_test",
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> Answered:
    """Send one request on a connection of its own."""
    sent = dict(headers or {})
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    if body is None and method == "POST":
        body = chat(**fields)
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    url = sim.base_url + path
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=data, headers=sent) as response,
    ):
        return Answered(response.status, response.headers, await response.read())


def wire_request(sim: Simulator, **fields: Any) -> bytes:
    """The bytes of a request, for raw sockets."""
    body = json.dumps(chat(stream=True, **fields)).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: sim\r\n"
        f"Authorization: Bearer fw_test\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def connect(
    sim: Simulator,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = sim.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    return await asyncio.open_connection(host, int(port), limit=2**24)


async def exchange(sim: Simulator, **fields: Any) -> bytes:
    """Send a request over a raw socket; give all bytes until the connection ends.

    Raises:
        ConnectionResetError: It ended by RST.
    """
    reader, writer = await connect(sim)
    try:
        writer.write(wire_request(sim, **fields))
        return await reader.read()
    finally:
        writer.close()


async def exchange_until(sim: Simulator, end: bytes, **fields: Any) -> bytes:
    """The same, but leave when `end` has come."""
    reader, writer = await connect(sim)
    try:
        writer.write(wire_request(sim, **fields))
        return await reader.readuntil(end)
    finally:
        writer.close()
