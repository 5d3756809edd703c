"""Which path does what: records the request, finds the answer, has it played."""

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
from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._audio import answer_audio
from fireworks_async.simulator._chat import answer_chat
from fireworks_async.simulator._completions import answer_text
from fireworks_async.simulator._embeddings import answer_embeddings, answer_rerank
from fireworks_async.simulator._faults import spoil
from fireworks_async.simulator._forms import form_fields
from fireworks_async.simulator._lists import (
    answer_model,
    answer_models,
    answer_serverless,
)
from fireworks_async.simulator._metrics import gateway_headers
from fireworks_async.simulator._player import play
from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply, Reply
from fireworks_async.simulator._script import RecordedRequest, Script
from fireworks_async.simulator._settings import Settings

__all__ = ("SimulatedAPI",)

_BASES = ("/inference/v1", "/v1")
_SERVERLESS = "/v1/serverless/models"
_LARGEST_BODY = 64 * 1024 * 1024


class SimulatedAPI:
    """The API behind the server.

    Args:
        settings: How it behaves.
        script: What tests ordered.
        keep: How many requests are remembered.
        number_of: Tells which connection a request came on.
        on_change: Called after something about a request has changed.
    """

    def __init__(
        self,
        settings: Settings,
        script: Script,
        *,
        keep: int,
        number_of: Callable[[web.Request], int],
        on_change: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._script = script
        self._number_of = number_of
        self._on_change = on_change
        self._count = 0
        self.requests: deque[RecordedRequest] = deque(maxlen=keep)
        chosen = settings.models
        self._endpoints: dict[str, tuple[str, _Endpoint]] = {
            "/chat/completions": ("POST", self._ordered(self._chat)),
            "/completions": ("POST", self._ordered(self._text)),
            "/embeddings": ("POST", self._ordered(self._embeddings)),
            "/rerank": ("POST", self._ordered(self._rerank)),
            "/audio/transcriptions": ("POST", self._ordered(self._transcription)),
            "/audio/translations": ("POST", self._ordered(self._translation)),
            "/models": ("GET", self._listed(lambda _: answer_models(chosen))),
            "/models/": ("GET", self._listed(lambda name: answer_model(name, chosen))),
        }

    def application(self) -> web.Application:
        """Give the application to serve."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        record = self._record(request)
        try:
            kind = request.headers.get("Content-Type", "")
            record.body = _decoded(await request.read(), kind)
            self._on_change()
            answer = self._answer(request, record)
            if answer.framed:
                record.status = answer.status
            response = await play(answer, request)
        except (asyncio.CancelledError, ReaderLeftError):
            # Stopping the server cancels too, but leaves the connection for last.
            if request.transport is None or request.transport.is_closing():
                record.left_at = time.monotonic()
            raise
        record.finished = answer.ending in ("eof", "leave") and answer.framed
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

    def _answer(self, request: web.Request, record: RecordedRequest) -> Answer:
        answer_id = record.headers.get("x-request-id") or self._id_of(record)
        endpoint = self._endpoint(request)
        if isinstance(endpoint, ErrorReply):
            answer = endpoint.answer()
        else:
            answer = endpoint(request, record, answer_id)
        return replace(answer, headers={**gateway_headers(answer_id), **answer.headers})

    def _endpoint(self, request: web.Request) -> "_Endpoint | ErrorReply":
        path = request.path
        if path == _SERVERLESS:
            # For everybody, and beside the inference API.
            return _serverless
        for base in _BASES:
            if path.startswith(f"{base}/"):
                path = path.removeprefix(base)
                break
        else:
            return Rejection.path_not_found()
        if path.startswith("/models/"):
            path = "/models/"
        method, endpoint = self._endpoints.get(path, (None, None))
        if endpoint is None:
            return Rejection.path_not_found()
        if method != request.method:
            return Rejection.method_not_allowed(str(method))
        return endpoint

    def _ordered(self, make: "_Maker") -> "_Endpoint":
        """Answer as ordered; what is good and was not ordered, `make` answers."""

        def endpoint(
            request: web.Request, record: RecordedRequest, answer_id: str
        ) -> Answer:
            order = self._script.order_for(record)
            if not isinstance(order.source, Reply):
                answer = order.source.answer()
            elif not self._is_welcome(request):
                return Rejection.bad_key().answer()
            elif isinstance(record.body, bytes):
                return Rejection.invalid("Request body is not valid JSON").answer()
            else:
                answer = make(record.body, order.source, answer_id)
                # A request that is refused on its merits is not spoilt on top.
                if answer.status != 200:
                    return answer
            return spoil(answer, order.faults)

        return endpoint

    def _listed(self, make: Callable[[str], Answer]) -> "_Endpoint":
        """Answer who has a key with a list, or one of its rows."""

        def endpoint(request: web.Request, *_: object) -> Answer:
            if not self._is_welcome(request):
                return Rejection.unauthorized_list().answer()
            return make(request.path.partition("/models/")[2])

        return endpoint

    def _chat(self, body: Any, reply: Reply, answer_id: str) -> Answer:
        return answer_chat(body, reply, self._settings, answer_id)

    def _text(self, body: Any, reply: Reply, answer_id: str) -> Answer:
        return answer_text(body, reply, self._settings, answer_id)

    def _embeddings(self, body: Any, *_: object) -> Answer:
        settings = self._settings
        return answer_embeddings(body, seed=settings.seed, models=settings.models)

    def _rerank(self, body: Any, *_: object) -> Answer:
        return answer_rerank(body, models=self._settings.models)

    def _transcription(self, body: Any, *_: object) -> Answer:
        return answer_audio(body, task="transcribe", seed=self._settings.seed)

    def _translation(self, body: Any, *_: object) -> Answer:
        return answer_audio(body, task="translate", seed=self._settings.seed)

    def _is_welcome(self, request: web.Request) -> bool:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            return False
        return self._settings.api_keys is None or key in self._settings.api_keys

    def _id_of(self, record: RecordedRequest) -> str:
        what = f"{self._settings.seed}/{record.number}".encode()
        return f"chatcmpl-{blake2b(what, digest_size=16).hexdigest()}"


_Endpoint = Callable[[web.Request, RecordedRequest, str], Answer]
_Maker = Callable[[Any, Reply, str], Answer]


def _serverless(*_: object) -> Answer:
    return answer_serverless()


def _decoded(data: bytes, content_type: str) -> Any:
    if content_type.startswith("multipart/"):
        fields = form_fields(data, content_type)
        return data if fields is None else fields
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data
