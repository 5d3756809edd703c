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
from fireworks_async.proxy._metrics import Metrics, ModelNumbers

__all__ = ("Page", "present")

_EVERY: Final = 1.0
_ASKS_FOR_KEY: Final = " data-asks-for-key"
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
        if self._gateway.doorkeeper.is_open:
            text = text.replace(_ASKS_FOR_KEY, "")
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        gateway = self._gateway
        if not gateway.doorkeeper.admit(request.headers).is_master:
            raise refusal(403, "the page is for the master key", type="auth_error")
        response = web.StreamResponse(headers=_SSE_HEADERS)
        await response.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        gateway.watchers.add(task)
        try:
            while True:
                state = msgspec.json.encode(await present(gateway))
                await response.write(b"data: " + state + b"\n\n")
                await gateway.clock.sleep(_EVERY)
        finally:
            gateway.watchers.discard(task)


async def present(gateway: Gateway) -> dict[str, object]:
    """What is so now; tokens and dollars are sums since the beginning.

    Those of streams that are under way are counted by their chunks.
    """
    now = gateway.clock.now()
    metrics = await gateway.all_metrics()
    return {
        "at": now,
        "names": gateway.upstream.router.names,
        "deployments": [
            {
                "id": each.settings.id,
                "group": each.group,
                "model": each.settings.model,
                "in_flight": metrics.in_flight.get(each.settings.id, 0),
                "latency": each.latency,
                "rests": max(0.0, each.cooldown.until - now),
            }
            for each in gateway.upstream.router.deployments
        ],
        "models": [
            _model(metrics, name)
            for name in sorted(metrics.models.keys() | metrics.streaming.keys())
        ],
        "spend": _spend(gateway),
    }


def _model(metrics: Metrics, name: str) -> dict[str, object]:
    numbers = metrics.models.get(name) or ModelNumbers()
    calls = sum(numbers.statuses.values())
    return {
        "name": name,
        "calls": calls,
        "failed": calls - numbers.statuses.get(200, 0),
        "given": numbers.prompt_tokens,
        "made": numbers.completion_tokens + metrics.streaming.get(name, 0),
        "usd": numbers.usd,
    }


def _spend(gateway: Gateway) -> list[dict[str, object]]:
    """By key and model."""
    return [
        {
            "key": each.key or "master",
            "model": each.model,
            "requests": each.requests,
            "tokens": each.prompt_tokens + each.completion_tokens,
            "usd": each.usd,
            "unpriced": each.unpriced,
        }
        for each in gateway.books.totals
    ]


@cache
def _text() -> str:
    return Path(__file__).with_name("page.html").read_text(encoding="utf-8")
