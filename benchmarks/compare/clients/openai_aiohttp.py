"""The OpenAI SDK on aiohttp, as its ``aiohttp`` extra offers it."""

from openai import AsyncOpenAI, DefaultAioHttpClient

from benchmarks.compare.clients import openai_httpx
from benchmarks.compare.load import API_KEY

__all__ = ("Client",)


class Client(openai_httpx.Client):
    """The same calls over the other transport."""

    def _make(self, base_url: str) -> AsyncOpenAI:
        return AsyncOpenAI(
            api_key=API_KEY, base_url=base_url, http_client=DefaultAioHttpClient()
        )
