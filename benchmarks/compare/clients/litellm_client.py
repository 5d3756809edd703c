"""LiteLLM's SDK, in its favour: no price list from the network, no connection limit."""

import os

from benchmarks.compare.interface import Deliver
from benchmarks.compare.load import API_KEY, MESSAGES, MODEL, Ending

# Read while it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["AIOHTTP_CONNECTOR_LIMIT"] = "2000"
os.environ["AIOHTTP_CONNECTOR_LIMIT_PER_HOST"] = "2000"

import litellm

litellm.suppress_debug_info = True

__all__ = ("Client",)


class Client:
    """It keeps its HTTP clients in a cache of its own, one for all."""

    def __init__(self, base: str) -> None:
        self._options = {
            "model": f"fireworks_ai/{MODEL}",
            "messages": MESSAGES,
            "api_base": f"{base}/v1",
            "api_key": API_KEY,
        }

    async def read(self, deltas: int, deliver: Deliver) -> Ending:
        finish_reason = completion_tokens = None
        stream = await litellm.acompletion(
            **self._options,
            max_tokens=deltas,
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            for choice in chunk.choices:
                if text := choice.delta.content:
                    deliver(text)
                if choice.finish_reason is not None:
                    finish_reason = choice.finish_reason
            if usage := getattr(chunk, "usage", None):
                completion_tokens = usage.completion_tokens
        return Ending(finish_reason, completion_tokens)

    async def create(self, deltas: int) -> tuple[str, Ending]:
        completion = await litellm.acompletion(**self._options, max_tokens=deltas)
        choice = completion.choices[0]
        ending = Ending(choice.finish_reason, completion.usage.completion_tokens)
        return choice.message.content, ending

    async def aclose(self) -> None:
        await litellm.close_litellm_async_clients()
