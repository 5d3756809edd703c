"""Whether the gateway is alive, ready and well; no question to it costs a token."""

import msgspec
from aiohttp import web

from fireworks_async.proxy._endpoints import answering
from fireworks_async.proxy._gateway import Gateway

__all__ = ("Health",)

_JSON = "application/json"


class Health:
    """The health of one gateway.

    Args:
        gateway: Whose.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """All paths."""
        return [
            web.get("/health/liveliness", self._alive),
            web.get("/health/liveness", self._alive),
            web.get("/health/readiness", self._ready),
            web.get("/health", answering(self._well)),
        ]

    async def _alive(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text="I'm alive!")

    async def _ready(self, _: web.Request) -> web.StreamResponse:
        gateway = self._gateway
        body = {"status": "healthy", "db": gateway.books.state}
        return web.Response(body=msgspec.json.encode(body), content_type=_JSON)

    async def _well(self, request: web.Request) -> web.StreamResponse:
        """Which deployments answer, by what their calls came to."""
        gateway = self._gateway
        gateway.doorkeeper.admit(request.headers)
        now = gateway.clock.now()
        well: list[dict[str, object]] = []
        unwell: list[dict[str, object]] = []
        for each in gateway.upstream.router.deployments:
            rest = each.cooldown.until - now
            row: dict[str, object] = {
                "id": each.settings.id,
                "model_name": each.group,
                "model": each.settings.model,
                "in_flight": each.in_flight,
            }
            if rest > 0:
                unwell.append({**row, "cooldown_seconds": round(rest, 3)})
            else:
                well.append(row)
        body = {
            "healthy_endpoints": well,
            "unhealthy_endpoints": unwell,
            "healthy_count": len(well),
            "unhealthy_count": len(unwell),
        }
        return web.Response(body=msgspec.json.encode(body), content_type=_JSON)
