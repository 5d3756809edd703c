"""(f): aiohttp and msgspec as an expert would write it by hand, without a library.

All that the network gave at once (``iter_any``), one split, narrow typed structs that
the garbage collector does not visit, decoders made once, and no timers. No retries, no
timeouts, no typed errors, no tool calls: the least that can be called reading a stream.
"""

import aiohttp
import msgspec

from benchmarks.compare.interface import Deliver
from benchmarks.compare.load import API_KEY, MESSAGES, MODEL, Ending

__all__ = ("Client",)


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None


class _ChunkChoice(msgspec.Struct, gc=False):
    delta: _Delta
    finish_reason: str | None = None


class _Usage(msgspec.Struct, gc=False):
    completion_tokens: int


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_ChunkChoice]
    usage: _Usage | None = None


class _Message(msgspec.Struct, gc=False):
    content: str


class _Choice(msgspec.Struct, gc=False):
    message: _Message
    finish_reason: str


class _Completion(msgspec.Struct, gc=False):
    choices: list[_Choice]
    usage: _Usage


_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_completion = msgspec.json.Decoder(_Completion).decode
_encode = msgspec.json.Encoder().encode


class Client:
    """One session; a call is one ``post`` and one loop."""

    def __init__(self, base: str) -> None:
        self._url = f"{base}/v1/chat/completions"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_read=None),
            headers={
                "Authorization": f"Bearer {API_KEY}",
                "Content-Type": "application/json",
            },
        )

    def _post(self, deltas: int, *, stream: bool):
        body: dict[str, object] = {
            "model": MODEL,
            "messages": MESSAGES,
            "max_tokens": deltas,
        }
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return self._session.post(self._url, data=_encode(body))

    async def read(self, deltas: int, deliver: Deliver) -> Ending:
        finish_reason = completion_tokens = None
        remainder = b""
        async with self._post(deltas, stream=True) as response:
            response.raise_for_status()
            async for data in response.content.iter_any():
                lines = (remainder + data if remainder else data).split(b"\n")
                remainder = lines.pop()
                for line in lines:
                    if not line or line == b"data: [DONE]":
                        continue
                    chunk = _decode_chunk(line[6:])
                    for choice in chunk.choices:
                        if text := choice.delta.content:
                            deliver(text)
                        if choice.finish_reason is not None:
                            finish_reason = choice.finish_reason
                    if chunk.usage is not None:
                        completion_tokens = chunk.usage.completion_tokens
        return Ending(finish_reason, completion_tokens)

    async def create(self, deltas: int) -> tuple[str, Ending]:
        async with self._post(deltas, stream=False) as response:
            response.raise_for_status()
            completion = _decode_completion(await response.read())
        choice = completion.choices[0]
        ending = Ending(choice.finish_reason, completion.usage.completion_tokens)
        return choice.message.content, ending

    async def aclose(self) -> None:
        await self._session.close()
