"""The models that callers may ask for: those that have a name here, and all behind it."""

import logging

import msgspec
from aiohttp import web

from fireworks_async._protocol.requests import JSON_HEADERS, WireRequest
from fireworks_async.errors import FireworksError
from fireworks_async.proxy._callers import Caller
from fireworks_async.proxy._calls import Call, Plan
from fireworks_async.proxy._deployments import Deployment
from fireworks_async.proxy._endpoints import answering
from fireworks_async.proxy._errors import refusal
from fireworks_async.proxy._gateway import Gateway
from fireworks_async.proxy._patterns import listed
from fireworks_async.proxy._wholes import fetch_whole

__all__ = ("Lists",)

_logger = logging.getLogger("fireworks_async.proxy")

_JSON = "application/json"


class _Listing(msgspec.Struct):
    """An answer of the API's, as far as it matters here."""

    data: list[dict[str, object]] = []


class Lists:
    """The models of one gateway.

    Args:
        gateway: Whose.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """All paths."""
        return [
            web.get(base + path, answering(handler))
            for base in ("", "/v1")
            for path, handler in (
                ("/models", self._all),
                ("/models/{name:.+}", self._one),
            )
        ]

    async def _all(self, request: web.Request) -> web.StreamResponse:
        rows = await self._rows(self._gateway.doorkeeper.admit(request.headers))
        body = msgspec.json.encode({"object": "list", "data": rows})
        return web.Response(body=body, content_type=_JSON)

    async def _one(self, request: web.Request) -> web.StreamResponse:
        caller = self._gateway.doorkeeper.admit(request.headers)
        name = self._gateway.upstream.router.called(request.match_info["name"])
        for row in await self._rows(caller):
            if row["id"] == name:
                return web.Response(body=msgspec.json.encode(row), content_type=_JSON)
        raise refusal(404, f"there is no model {name[:200]!r}", code="model_not_found")

    async def _rows(self, caller: Caller) -> list[dict[str, object]]:
        router = self._gateway.upstream.router
        rows: list[dict[str, object]] = [
            {"id": name, "object": "model", "created": 0, "owned_by": "fireworks"}
            for name in router.names
        ]
        named = {row["id"] for row in rows}
        for pattern in sorted(router.patterns):
            try:
                found = await self._upstream(pattern)
            except FireworksError as error:
                if not rows:
                    raise
                # Those that have a name here can be asked for all the same.
                _logger.warning("models of %s cannot be listed: %s", pattern, error)
                continue
            for row in found:
                if row["id"] not in named:
                    named.add(row["id"])
                    rows.append(row)
        return [row for row in rows if caller.limits.allow(str(row["id"]))]

    async def _upstream(self, pattern: str) -> list[dict[str, object]]:
        """What the API lists, by the names that callers use."""

        def wire(*_: Deployment | str) -> WireRequest:
            return WireRequest("/models", JSON_HEADERS, method="GET")

        plan = Plan(model=pattern, kind="chat", request=wire)
        call = Call(self._gateway.upstream, plan)
        try:
            _, body, _ = await fetch_whole(call)
        finally:
            call.close()
        deployment, _ = call.likely()
        model = deployment.settings.model
        try:
            listing = msgspec.json.decode(body, type=_Listing)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return []
        rows: list[dict[str, object]] = []
        for row in listing.data:
            name = row.get("id")
            if isinstance(name, str):
                name = listed(model, pattern, name)
                if name is not None:
                    rows.append({**row, "id": name})
        return rows
