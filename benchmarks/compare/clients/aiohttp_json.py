"""Plain aiohttp and ``json``: the loop that most people write by hand."""

import json

import aiohttp

from benchmarks.compare.interface import Deliver
from benchmarks.compare.load import API_KEY, MESSAGES, MODEL, Ending

__all__ = ("Client",)


class Client:
    """A session as it comes, but for the limit of 100 connections."""

    def __init__(self, base: str) -> None:
        self._url = f"{base}/v1/chat/completions"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers={"Authorization": f"Bearer {API_KEY}"},
        )

    def _post(self, deltas: int, **more: object):
        body = {"model": MODEL, "messages": MESSAGES, "max_tokens": deltas, **more}
        return self._session.post(self._url, json=body)

    async def read(self, deltas: int, deliver: Deliver) -> Ending:
        finish_reason = completion_tokens = None
        options = {"include_usage": True}
        async with self._post(deltas, stream=True, stream_options=options) as response:
            response.raise_for_status()
            async for raw in response.content:
                line = raw.strip()
                if not line.startswith(b"data: ") or line == b"data: [DONE]":
                    continue
                chunk = json.loads(line[6:])
                for choice in chunk["choices"]:
                    if text := choice["delta"].get("content"):
                        deliver(text)
                    if choice["finish_reason"]:
                        finish_reason = choice["finish_reason"]
                if chunk["usage"]:
                    completion_tokens = chunk["usage"]["completion_tokens"]
        return Ending(finish_reason, completion_tokens)

    async def create(self, deltas: int) -> tuple[str, Ending]:
        async with self._post(deltas) as response:
            response.raise_for_status()
            completion = await response.json()
        choice = completion["choices"][0]
        ending = Ending(
            choice["finish_reason"], completion["usage"]["completion_tokens"]
        )
        return choice["message"]["content"], ending

    async def aclose(self) -> None:
        await self._session.close()
