"""The official Fireworks SDK."""

from fireworks import AsyncFireworks

from benchmarks.compare.interface import Deliver
from benchmarks.compare.load import API_KEY, MESSAGES, MODEL, Ending

__all__ = ("Client",)


class Client:
    """As its documentation says to use it; it adds ``/v1`` to the base itself."""

    def __init__(self, base: str) -> None:
        self._client = AsyncFireworks(api_key=API_KEY, base_url=base)

    async def read(self, deltas: int, deliver: Deliver) -> Ending:
        finish_reason = completion_tokens = None
        stream = await self._client.chat.completions.create(
            model=MODEL, messages=MESSAGES, max_tokens=deltas, stream=True
        )
        async for chunk in stream:
            for choice in chunk.choices:
                if text := choice.delta.content:
                    deliver(text)
                if choice.finish_reason is not None:
                    finish_reason = choice.finish_reason
            if chunk.usage is not None:
                completion_tokens = chunk.usage.completion_tokens
        return Ending(finish_reason, completion_tokens)

    async def create(self, deltas: int) -> tuple[str, Ending]:
        completion = await self._client.chat.completions.create(
            model=MODEL, messages=MESSAGES, max_tokens=deltas
        )
        choice = completion.choices[0]
        ending = Ending(choice.finish_reason, completion.usage.completion_tokens)
        return choice.message.content, ending

    async def aclose(self) -> None:
        await self._client.close()
