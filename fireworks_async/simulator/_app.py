"""Receives requests: records each, has it answered, has the answer played."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import msgspec
from aiohttp import web

from fireworks_async._web.sse_writer import ReaderLeftError
from fireworks_async.simulator._admission import Admission, Stay
from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._faults import spoil
from fireworks_async.simulator._forms import form_fields
from fireworks_async.simulator._metrics import gateway_headers
from fireworks_async.simulator._player import play
from fireworks_async.simulator._replies import ErrorReply
from fireworks_async.simulator._routes import Call, Routes
from fireworks_async.simulator._script import RecordedRequest

__all__ = ("SimulatedAPI",)

_LARGEST_BODY = 64 * 1024 * 1024


class SimulatedAPI:
    """The API behind the server.

    Args:
        routes: Which path does what.
        admission: Lets requests in.
        seed: Another seed gives other ids.
        keep: How many requests are remembered.
        number_of: Tells which connection a request came on.
        on_change: Called after something about a request has changed.
    """

    def __init__(
        self,
        routes: Routes,
        admission: Admission,
        *,
        seed: int,
        keep: int,
        number_of: Callable[[web.Request], int],
        on_change: Callable[[], None],
    ) -> None:
        self._routes = routes
        self._admission = admission
        self._seed = seed
        self._number_of = number_of
        self._on_change = on_change
        self._count = 0
        self.requests: deque[RecordedRequest] = deque(maxlen=keep)

    def application(self) -> web.Application:
        """Give the application to serve."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        record = self._record(request)
        stays: list[Stay] = []
        try:
            kind = request.headers.get("Content-Type", "")
            record.body = _decoded(await request.read(), kind)
            self._on_change()
            answer = await self._answer(request, record, stays)
            if answer.framed:
                record.status = answer.status
            response = await play(answer, request, record)
            record.finished = answer.ending in ("eof", "leave") and answer.framed
        except (asyncio.CancelledError, ReaderLeftError):
            # Stopping the server cancels too, but leaves the connection for last.
            if request.transport is None or request.transport.is_closing():
                record.left_at = time.monotonic()
            raise
        finally:
            record.ended_at = time.monotonic()
            for stay in stays:
                self._admission.leave(stay, record)
        self._on_change()
        return response

    def _record(self, request: web.Request) -> RecordedRequest:
        self._count += 1
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers.pop("authorization", None)
        record = RecordedRequest(
            number=self._count,
            method=request.method,
            path=request.path_qs,
            headers=headers,
            arrived_at=time.monotonic(),
            connection=self._number_of(request),
        )
        self.requests.append(record)
        return record

    async def _answer(
        self, request: web.Request, record: RecordedRequest, stays: list[Stay]
    ) -> Answer:
        answer_id = record.headers.get("x-request-id") or self._id_of(record)
        call = Call(request.method, request.path, _key(request), answer_id, record)
        outcome = self._routes.outcome(call)
        if not isinstance(outcome, Answer):
            stay = await self._admission.enter(outcome.plan, call.key or "", record)
            if isinstance(stay, ErrorReply):
                outcome = stay.answer()
            else:
                stays.append(stay)
                outcome = spoil(outcome.plan.make(stay.terms), outcome.faults)
        headers = {**gateway_headers(answer_id), **outcome.headers}
        return replace(outcome, headers=headers)

    def _id_of(self, record: RecordedRequest) -> str:
        what = f"{self._seed}/{record.number}".encode()
        return f"chatcmpl-{blake2b(what, digest_size=16).hexdigest()}"


def _key(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def _decoded(data: bytes, content_type: str) -> Any:
    if content_type.startswith("multipart/"):
        fields = form_fields(data, content_type)
        return data if fields is None else fields
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data
