"""fireworks_async: its iterator, its lists of one network read, its collected call."""

from benchmarks.compare.interface import Deliver
from benchmarks.compare.load import API_KEY, MESSAGES, MODEL, Ending
from fireworks_async import AsyncFireworks

__all__ = ("Client",)


class Client:
    """As its documentation says to use it, with nothing tuned."""

    def __init__(self, base: str) -> None:
        self._client = AsyncFireworks(api_key=API_KEY, base_url=f"{base}/v1")

    def _stream(self, deltas: int):
        return self._client.chat.completions.create(
            model=MODEL, messages=MESSAGES, max_tokens=deltas
        )

    async def read(self, deltas: int, deliver: Deliver) -> Ending:
        stream = self._stream(deltas)
        async for chunk in stream:
            if text := chunk.content:
                deliver(text)
        return Ending(stream.finish_reason, stream.usage.completion_tokens)

    async def read_batches(self, deltas: int, deliver: Deliver) -> Ending:
        stream = self._stream(deltas)
        async for batch in stream.batches():
            for chunk in batch:
                if text := chunk.content:
                    deliver(text)
        return Ending(stream.finish_reason, stream.usage.completion_tokens)

    async def read_collected(self, deltas: int, deliver: Deliver) -> Ending:
        text, ending = await self.create(deltas)
        deliver(text)
        return ending

    async def create(self, deltas: int) -> tuple[str, Ending]:
        completion = await self._stream(deltas)
        choice = completion.choices[0]
        ending = Ending(choice.finish_reason, completion.usage.completion_tokens)
        return choice.message.content, ending

    async def aclose(self) -> None:
        await self._client.aclose()
