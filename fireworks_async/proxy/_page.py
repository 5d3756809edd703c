"""The page at ``/``: what the gateway does at this moment, sent anew every second.

The page itself holds nothing and is shown to anybody; what fills it needs the master key.
"""

import asyncio
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from fireworks_async.proxy._endpoints import answering
from fireworks_async.proxy._errors import refusal
from fireworks_async.proxy._gateway import Gateway

__all__ = ("Page", "present")

_EVERY: Final = 1.0
_POLICY: Final = (
    "default-src 'none'; connect-src 'self'; "
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'"
)
_SSE_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}


class Page:
    """The page of one gateway.

    Args:
        gateway: Whose.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """All paths."""
        return [web.get("/", self._page), web.get("/watch", answering(self._watch))]

    async def _page(self, _: web.Request) -> web.StreamResponse:
        text = await asyncio.to_thread(_text)
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        gateway = self._gateway
        if not gateway.doorkeeper.admit(request.headers).is_master:
            raise refusal(403, "the page is for the master key", type="auth_error")
        response = web.StreamResponse(headers=_SSE_HEADERS)
        await response.prepare(request)
        before: dict[str, int] = {}
        task = asyncio.current_task()
        assert task is not None
        gateway.watchers.add(task)
        try:
            while True:
                state = await present(gateway, before, seconds=_EVERY)
                await response.write(b"data: " + msgspec.json.encode(state) + b"\n\n")
                await gateway.clock.sleep(_EVERY)
        finally:
            gateway.watchers.discard(task)


async def present(
    gateway: Gateway, before: dict[str, int], *, seconds: float
) -> dict[str, object]:
    """What is so now, as rows of the page's tables.

    Args:
        gateway: Whose.
        before: Tokens by model when it was last asked; brought up to date.
        seconds: How long ago that was.
    """
    now = gateway.clock.now()
    metrics = await gateway.all_metrics()
    models: list[tuple[str | float, ...]] = []
    for name, numbers in sorted(metrics.models.items()):
        tokens = numbers.completion_tokens
        pace = (tokens - before.get(name, tokens)) / seconds
        before[name] = tokens
        calls = sum(numbers.statuses.values())
        failed = calls - numbers.statuses.get(200, 0)
        whole = numbers.prompt_tokens + tokens
        models.append((name, calls, failed, pace, whole, numbers.usd))
    return {
        "names": gateway.upstream.router.names,
        "deployments": [
            (
                each.group,
                each.settings.id,
                each.in_flight,
                each.latency,
                max(0.0, each.cooldown.until - now),
            )
            for each in gateway.upstream.router.deployments
        ],
        "models": models,
        "spend": [
            (
                each.key or "master",
                each.model,
                each.requests,
                each.prompt_tokens + each.completion_tokens,
                each.usd,
            )
            for each in gateway.books.totals
        ],
    }


@cache
def _text() -> str:
    return Path(__file__).with_name("page.html").read_text(encoding="utf-8")
