"""Plain aiohttp that reads the bytes and throws them away: the speed of light here."""

import aiohttp

from benchmarks.compare.interface import Deliver
from benchmarks.compare.load import API_KEY, MESSAGES, MODEL, Ending

__all__ = ("Client",)

_MARK = b'"content":"'


class Client:
    """Sends what ``aiohttp_msgspec`` sends, and understands nothing of the answer."""

    def __init__(self, base: str) -> None:
        self._url = f"{base}/v1/chat/completions"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_read=None),
            headers={"Authorization": f"Bearer {API_KEY}"},
        )

    def _post(self, deltas: int, *, stream: bool):
        body = {
            "model": MODEL,
            "messages": MESSAGES,
            "max_tokens": deltas,
            "stream": stream,
        }
        return self._session.post(self._url, json=body)

    async def read(self, deltas: int, deliver: Deliver) -> Ending:
        del deliver
        async with self._post(deltas, stream=True) as response:
            async for _ in response.content.iter_any():
                pass
        return Ending(None, None)

    async def read_clocks(self, deltas: int, deliver: Deliver) -> Ending:
        """Look only for the text in each event: the lag with no decoding in it."""
        async with self._post(deltas, stream=True) as response:
            async for data in response.content.iter_any():
                for piece in data.split(_MARK)[1:]:
                    if text := piece.partition(b'"')[0]:
                        deliver(text.decode())
        return Ending(None, None)

    async def create(self, deltas: int) -> tuple[str, Ending]:
        async with self._post(deltas, stream=False) as response:
            await response.read()
        return "", Ending(None, None)

    async def aclose(self) -> None:
        await self._session.close()
