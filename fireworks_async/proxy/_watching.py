"""What is shown to those who watch the gateway: its numbers, for the master key only."""

from aiohttp import web

from fireworks_async.proxy._endpoints import answering
from fireworks_async.proxy._errors import refusal
from fireworks_async.proxy._gateway import Gateway
from fireworks_async.proxy._metrics import CONTENT_TYPE, exposition

__all__ = ("Watching",)


class Watching:
    """The numbers of one gateway.

    Args:
        gateway: Whose.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """All paths."""
        return [web.get("/metrics", answering(self._metrics))]

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        gateway = self._gateway
        if not gateway.doorkeeper.admit(request.headers).is_master:
            raise refusal(403, "the numbers are for the master key", type="auth_error")
        body = exposition(await gateway.all_metrics(), gateway.gauges())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})
