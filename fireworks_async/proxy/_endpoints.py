"""The handlers of the API's endpoints; how a call is made and carried stands elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

from aiohttp import web

from fireworks_async._net.interfaces import ByteResponse
from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.requests import JSON_HEADERS, WireRequest
from fireworks_async._web.answer import WholeResponse
from fireworks_async.errors import APIStatusError, FireworksError
from fireworks_async.proxy._accounts import status_of
from fireworks_async.proxy._bodies import JsonBody
from fireworks_async.proxy._callers import Caller
from fireworks_async.proxy._calls import Call, Plan
from fireworks_async.proxy._collecting import fetch_collected
from fireworks_async.proxy._deployments import Deployment
from fireworks_async.proxy._errors import error_response, refusal
from fireworks_async.proxy._forms import FormBody
from fireworks_async.proxy._gateway import Gateway
from fireworks_async.proxy._headers import downstream_headers, upstream_headers
from fireworks_async.proxy._reading import Tally
from fireworks_async.proxy._relay import Relay
from fireworks_async.proxy._wholes import fetch_whole

__all__ = ("Endpoints", "Handler", "answering")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = Callable[[Call], Awaitable[web.StreamResponse]]

BodyT = TypeVar("BodyT", JsonBody, FormBody)

_STREAM_HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "application/json",
    "Accept": "text/event-stream",
}
_BODY_WITHIN: Final = 60.0
_JSON: Final = "application/json"


class Endpoints:
    """The API of one gateway.

    Args:
        gateway: What answers.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """All paths, each with and without ``/v1``; the last one is any other path."""
        posts: dict[str, Handler] = {
            "/chat/completions": partial(self._complete, "/chat/completions"),
            "/completions": partial(self._complete, "/completions"),
            "/embeddings": partial(self._single, "/embeddings"),
            "/rerank": partial(self._single, "/rerank"),
            "/audio/transcriptions": partial(self._hear, "/audio/transcriptions"),
            "/audio/translations": partial(self._hear, "/audio/translations"),
        }
        served = [
            web.post(base + path, answering(handler))
            for base in ("", "/v1")
            for path, handler in posts.items()
        ]
        nowhere = answering(partial(_refuse_path, tuple(posts)))
        return [*served, web.route("*", "/{path:.*}", nowhere)]

    async def _complete(self, path: str, request: web.Request) -> web.StreamResponse:
        caller, body = await self._enter(request, _json_of)
        by_default = self._gateway.upstream.router.is_long_by_default(body.model)
        collects = not body.stream and body.needs_stream(by_default=by_default)
        is_chat = path == "/chat/completions"
        stream = body.stream or collects
        plan = Plan(
            model=body.model,
            kind="chat",
            request=self._wire(path, body, stream=stream, chat=is_chat),
            stream=stream,
            affinity=_affinity(request, body),
            headers=upstream_headers(request.headers),
            extent=body.extent,
            tier=body.tier,
        )
        if body.stream:
            answer: Answer = partial(self._relay, request, body, caller)
        elif collects:
            answer = partial(self._collect, caller, is_chat)
        else:
            answer = partial(self._fetch, caller)
        return await self._run(caller, plan, answer)

    async def _single(self, path: str, request: web.Request) -> web.StreamResponse:
        caller, body = await self._enter(request, _json_of)

        def wire(_: Deployment, model: str) -> WireRequest:
            return WireRequest(path, JSON_HEADERS, body.encoded(model, defaults={}))

        headers = upstream_headers(request.headers)
        plan = Plan(
            model=body.model,
            kind="embedding",
            request=wire,
            headers=headers,
            extent=body.extent,
        )
        return await self._run(caller, plan, partial(self._fetch, caller))

    async def _hear(self, path: str, request: web.Request) -> web.StreamResponse:
        caller, form = await self._enter(request, _form_of)
        sent = {"Content-Type": request.headers["Content-Type"], "Accept": "*/*"}

        def wire(_: Deployment, model: str) -> WireRequest:
            return WireRequest(path, sent, form.encoded(model))

        headers = upstream_headers(request.headers)
        plan = Plan(model=form.model, kind="audio", request=wire, headers=headers)
        return await self._run(caller, plan, partial(self._fetch, caller))

    async def _enter(
        self,
        request: web.Request,
        read: Callable[[web.Request], Awaitable[BodyT]],
    ) -> tuple[Caller, BodyT]:
        """Who asks, and for what."""
        gateway = self._gateway
        try:
            caller = gateway.doorkeeper.admit(request.headers)
            body = await read(request)
            body.model = gateway.upstream.router.called(body.model)
            caller.check_model(body.model)
        except APIStatusError as error:
            gateway.accounts.metrics.refuse(error.status_code)
            raise
        return caller, body

    def _wire(
        self, path: str, body: JsonBody, *, stream: bool, chat: bool
    ) -> Callable[[Deployment, str], WireRequest]:
        def wire(deployment: Deployment, model: str) -> WireRequest:
            settings = deployment.settings
            data = body.encoded(
                model,
                defaults=settings.defaults,
                drop_unknown=settings.drop_params,
                dropped=settings.dropped,
                chat=chat,
                inline_documents=deployment.inlines(model),
                stream=stream,
            )
            return WireRequest(path, _STREAM_HEADERS if stream else JSON_HEADERS, data)

        return wire

    async def _run(
        self, caller: Caller, plan: Plan, answer: Answer
    ) -> web.StreamResponse:
        """Make a call, and let go of all that it took, however it ends."""
        gateway = self._gateway
        began = gateway.clock.now()
        try:
            call = Call(gateway.upstream, plan)
            gateway.accounts.reserve(caller, call, now=began)
        except APIStatusError as error:
            gateway.accounts.metrics.refuse(error.status_code)
            raise
        status = 200
        try:
            response = await answer(call)
            if call.failure is not None:
                status = status_of(call.failure)
        except BaseException as error:
            status = status_of(error)
            raise
        else:
            return response
        finally:
            call.close()
            gateway.accounts.release(caller, call)
            caller.leave()
            gateway.accounts.finish(call, status, began=began)

    async def _fetch(self, caller: Caller, call: Call) -> web.StreamResponse:
        response, data, usage = await fetch_whole(call)
        return self._settled(caller, call, response, data, usage)

    async def _collect(
        self, caller: Caller, is_chat: bool, call: Call
    ) -> web.StreamResponse:
        response, data, usage = await fetch_collected(call, chat=is_chat)
        return self._settled(caller, call, response, data, usage, kind=_JSON)

    def _settled(
        self,
        caller: Caller,
        call: Call,
        response: ByteResponse,
        data: bytes,
        usage: Usage | None,
        *,
        kind: str | None = None,
    ) -> web.StreamResponse:
        self._gateway.accounts.settle(caller, call, usage)
        headers = downstream_headers(response.headers)
        headers["Content-Type"] = kind or response.headers.get("Content-Type", _JSON)
        return WholeResponse(data, headers, status=response.status)

    async def _relay(
        self, request: web.Request, body: JsonBody, caller: Caller, call: Call
    ) -> web.StreamResponse:
        gateway = self._gateway

        def settle(tally: Tally) -> None:
            gateway.accounts.settle(caller, call, tally.usage, made=tally.chunks)

        relay = Relay(
            request,
            call,
            clock=gateway.clock,
            shows_usage=body.wants_usage,
            headers_of=downstream_headers,
            on_end=settle,
        )
        task = asyncio.current_task()
        assert task is not None
        relays = gateway.sweeper.relays
        relays[relay] = task
        try:
            return await relay.run()
        finally:
            del relays[relay]


async def _refuse_path(
    served: Sequence[str], request: web.Request
) -> web.StreamResponse:
    """Say what there is: a client's newer interfaces ask for other paths."""
    if request.path.removeprefix("/v1") in served:
        raise refusal(405, f"{request.path} takes POST, not {request.method[:20]}")
    there = ", ".join(path.removeprefix("/") for path in (*served, "/models"))
    raise refusal(404, f"{request.path[:200]!r} is not served here, but {there}")


def answering(handler: Handler) -> Handler:
    """The handler, with its errors in the form that callers read."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except FireworksError as error:
            response = error_response(error)
            if request.content.exception() is not None:
                # Where the next request begins cannot be told.
                response.force_close()
            return response
        except ConnectionError:
            # The caller has left: nobody reads what is answered.
            return web.Response()

    return answer


async def _json_of(request: web.Request) -> JsonBody:
    return JsonBody(await _body_of(request))


async def _form_of(request: web.Request) -> FormBody:
    content_type = request.headers.get("Content-Type", "")
    return FormBody(await _body_of(request), content_type)


async def _body_of(request: web.Request) -> bytes:
    """The body, as long as it comes within a minute and is no larger than allowed."""
    try:
        content = request.content
        if not content.is_eof():
            async with asyncio.timeout(_BODY_WITHIN):
                return await request.read()
        # All of it is there: nearly always.
        data = content.read_nowait()
        if len(data) > request.client_max_size:
            raise _too_large()
    except TimeoutError:
        raise refusal(
            408, f"the request was not whole within {_BODY_WITHIN:g} s", type="timeout"
        ) from None
    except web.RequestPayloadError:
        # There is nothing left for the server to read, which it would complain of.
        request.content.feed_eof()
        raise refusal(400, "the body does not hold what its headers promise") from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    return data


def _too_large() -> APIStatusError:
    return refusal(413, "the request is too large", code="too_large")


def _affinity(request: web.Request, body: JsonBody) -> str | None:
    headers = request.headers
    return (
        headers.get("x-multi-turn-session-id")
        or headers.get("x-session-affinity")
        or body.affinity
    )
