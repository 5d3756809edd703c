"""The clients, each as its documentation says to use it; the key is in the environment.

All are asked alike: the official SDKs have one shape, ours has it too, and LiteLLM's
one function is it. What differs between them is here.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

__all__ = ("CLIENTS", "Client")

_MODEL = "accounts/fireworks/models/m"


@dataclass(frozen=True)
class Client:
    """One client, made inside a running loop.

    Attributes:
        package: The top-level package that its own errors are from.
        create: A call; awaited, it gives the stream or the completion.
        aclose: Close all connections.
    """

    package: str
    create: Callable[..., Awaitable[Any]]
    aclose: Callable[[], Awaitable[None]]


def _retries(max_retries: int | None) -> dict[str, Any]:
    """The constructor's argument, or none: the default is what most people run."""
    return {} if max_retries is None else {"max_retries": max_retries}


def _ours(base: str, max_retries: int | None) -> Client:
    from fireworks_async import AsyncFireworks

    sdk = AsyncFireworks(base_url=base, **_retries(max_retries))
    create = partial(sdk.chat.completions.create, model=_MODEL)
    return Client("fireworks_async", create, sdk.aclose)


def _openai(base: str, max_retries: int | None, **transport: Any) -> Client:
    from openai import AsyncOpenAI

    sdk = AsyncOpenAI(base_url=base, **_retries(max_retries), **transport)
    create = partial(sdk.chat.completions.create, model=_MODEL)
    return Client("openai", create, sdk.close)


def _openai_aiohttp(base: str, max_retries: int | None) -> Client:
    from openai import DefaultAioHttpClient

    return _openai(base, max_retries, http_client=DefaultAioHttpClient())


def _fireworks_ai(base: str, max_retries: int | None) -> Client:
    from fireworks import AsyncFireworks

    # It adds the version itself.
    base = base.removesuffix("/v1")
    sdk = AsyncFireworks(base_url=base, **_retries(max_retries))
    create = partial(sdk.chat.completions.create, model=_MODEL)
    return Client("fireworks", create, sdk.close)


def _litellm(base: str, max_retries: int | None) -> Client:
    # Read while it is imported: no price list from the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.suppress_debug_info = True
    options: dict[str, Any] = {"model": f"fireworks_ai/{_MODEL}", "api_base": base}
    if max_retries is not None:
        options["num_retries"] = max_retries

    async def aclose() -> None:
        """Its HTTP clients are in a cache of its own, which outlives any call."""

    return Client("litellm", partial(litellm.acompletion, **options), aclose)


# By the names that ``benchmarks.compare`` has for them.
CLIENTS: dict[str, Callable[[str, int | None], Client]] = {
    "ours": _ours,
    "openai": _openai,
    "openai[aiohttp]": _openai_aiohttp,
    "fireworks-ai": _fireworks_ai,
    "litellm": _litellm,
}
