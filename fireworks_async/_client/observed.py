"""Calls that somebody is told of; a client without an observer never comes here."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from fireworks_async._client.attempts import Attempts, Service, merged_headers
from fireworks_async._client.config import ClientConfig
from fireworks_async._client.observing import (
    CallOutcome,
    Ending,
    Observation,
    ObservedCall,
    Observer,
)
from fireworks_async._net.interfaces import ByteResponse, Transport
from fireworks_async._policy.retry import RetryBudget
from fireworks_async._protocol.collector import Collector
from fireworks_async._protocol.embeddings import EmbeddingResponse
from fireworks_async._protocol.forgiving import is_object
from fireworks_async._protocol.metadata import request_id
from fireworks_async._protocol.requests import WireRequest
from fireworks_async._protocol.rerank import RerankResponse
from fireworks_async.errors import APIError, APIStatusError, FireworksError

__all__ = ("ObservedAttempts", "ObservedService")

P = ParamSpec("P")
T = TypeVar("T")

# Fields that name a model and steer it: numbers, and words of the API.
_LOOKED_AT: Final = frozenset(
    {
        "dimensions",
        "frequency_penalty",
        "max_completion_tokens",
        "max_tokens",
        "min_p",
        "model",
        "n",
        "presence_penalty",
        "reasoning_effort",
        "repetition_penalty",
        "response_format",
        "seed",
        "service_tier",
        "stop",
        "temperature",
        "top_k",
        "top_n",
        "top_p",
        "typical_p",
    }
)
_MODELS: Final = "/models/"

_log = logging.getLogger("fireworks_async")
# Of the rest, which may be large, only the end is looked for.
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class ObservedService(Service):
    """What all calls of an observed client share."""

    __slots__ = ("observer",)

    def __init__(
        self,
        transport: Transport,
        budget: RetryBudget,
        config: ClientConfig,
        observer: Observer,
    ) -> None:
        super().__init__(transport, budget, config)
        self.observer = observer
        self._kind = ObservedAttempts

    def with_config(self, config: ClientConfig) -> "ObservedService":
        """The same for a view with other defaults, under the same eyes."""
        return ObservedService(self.transport, self.budget, config, self.observer)


class ObservedAttempts(Attempts):
    """The attempts of one call, and an observer who is told of them."""

    _observation: Observation | None = None
    _status: int | None = None
    _identity: str | None = None

    def __del__(self) -> None:
        # A stream that was opened, lost its connection and was never looked at again.
        self._tell(succeeded=False)

    async def open(self) -> ByteResponse:
        """See ``Attempts``; the first use of the call begins its observation."""
        if self._timings.queued_at is None:
            self._begin()
        response = await super().open()
        self._status = response.status
        self._identity = request_id(response.headers)
        return response

    async def may_repeat(self, error: FireworksError) -> bool:
        """See ``Attempts``."""
        if not await super().may_repeat(error):
            return False
        if self._observation is not None:
            _told(self._observation.repeated, self.redacted(error))
        return True

    def close(
        self,
        *,
        succeeded: bool,
        answer: object = None,
        problem: BaseException | None = None,
    ) -> None:
        """See ``Attempts``; the first call of this ends the observation."""
        super().close(succeeded=succeeded)
        self._tell(succeeded=succeeded, answer=answer, problem=problem)

    def _begin(self) -> None:
        request, service = self._request, self._service
        assert request is not None
        assert isinstance(service, ObservedService)
        model, parameters = _content_of(request)
        call = ObservedCall(
            method=request.method,
            path=request.path,
            url=self._url.partition("?")[0],
            model=model,
            parameters=parameters,
        )
        observation = self._observation = _told(service.observer.begun, call)
        if observation is None:
            return
        headers = _told(lambda: observation.headers)
        if headers:
            self._extra = merged_headers(headers, self._extra or {})

    def _tell(
        self,
        *,
        succeeded: bool,
        answer: object = None,
        problem: BaseException | None = None,
    ) -> None:
        observation, self._observation = self._observation, None
        if observation is None:
            return
        timings = self._timings
        if timings.done_at is None:
            timings.done_at = self._service.transport.clock.now()
        status, identity = self._status, self._identity
        if isinstance(problem, APIStatusError):
            status = problem.status_code
        if isinstance(problem, APIError):
            identity = problem.request_id
        outcome = CallOutcome(
            ending=_ending(problem, succeeded=succeeded),
            error=problem,
            status=status,
            request_id=identity,
            retries_taken=self.retries_taken,
            timings=timings,
        )
        _told(observation.ended, _completed(outcome, answer))


def _told(tell: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What an observer answers; None when it fails, which is not the call's fault."""
    try:
        return tell(*args, **kwargs)
    except Exception:  # noqa: BLE001 - whatever it is made of
        _log.exception("the observer of a call failed")
        return None


def _ending(problem: BaseException | None, *, succeeded: bool) -> Ending:
    if succeeded:
        return "succeeded"
    if problem is None:
        return "left"
    return "cancelled" if isinstance(problem, asyncio.CancelledError) else "failed"


def _completed(outcome: CallOutcome, answer: object) -> CallOutcome:
    """The outcome with what the answer says of itself."""
    match answer:
        case Collector():
            return replace(
                outcome,
                response_id=answer.id or None,
                response_model=answer.model or None,
                finish_reasons=answer.finish_reasons,
                usage=answer.usage,
            )
        case EmbeddingResponse():
            return replace(
                outcome, response_model=answer.model or None, usage=answer.usage
            )
        case RerankResponse():
            return replace(
                outcome,
                response_id=answer.id,
                response_model=answer.model or None,
                usage=answer.usage,
            )
        case _:
            return outcome


def _content_of(request: WireRequest) -> tuple[str | None, dict[str, object]]:
    """The model that is asked, and what steers it."""
    body = request.body
    if not body:
        name = request.path.removeprefix(_MODELS)
        return (unquote(name) if name != request.path else None), {}
    fields: dict[str, object]
    if isinstance(body, bytes):
        sent = _fields.decode(body)
        wanted = sent.keys() & _LOOKED_AT
        fields = {name: msgspec.json.decode(sent[name]) for name in wanted}
    else:
        fields = {name: value for name, value in body.fields if name in _LOOKED_AT}
    model = fields.pop("model", None)
    form = fields.get("response_format")
    if is_object(form):
        # A schema is the caller's own text.
        fields["response_format"] = form.get("type")
    return (model if isinstance(model, str) else None), fields
