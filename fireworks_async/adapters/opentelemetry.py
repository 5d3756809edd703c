"""Traces and metrics of a client's calls, by OpenTelemetry's conventions for GenAI.

Names are those of the semantic conventions 1.41, the last that were published; all of
them are in development there, and ``gen_ai.client.operation.time_per_output_chunk``
alone is left out, since nothing is done here for each chunk. What the conventions have
no name for is named ``fireworks.…``. Needs the extra ``otel``.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

from fireworks_async._client.client import AsyncFireworks
from fireworks_async._client.observing import CallOutcome, ObservedCall
from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.forgiving import is_list
from fireworks_async._version import __version__
from fireworks_async.errors import APIStatusError, APITimeoutError, FireworksError

try:
    from opentelemetry import metrics, propagate, trace
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "OpenTelemetry is missing: pip install 'fireworks-async[otel]'",
        name="opentelemetry",
    ) from None

__all__ = ("instrument",)

ClientT = TypeVar("ClientT", bound=AsyncFireworks)
Value: TypeAlias = str | int | float | list[str]

_SCOPE: Final = "fireworks_async"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.41.0"
_PROVIDER: Final = "fireworks"
_OPERATIONS: Final = {
    "/chat/completions": "chat",
    "/completions": "text_completion",
    "/embeddings": "embeddings",
    "/rerank": "rerank",
    "/audio/transcriptions": "transcription",
    "/audio/translations": "translation",
}
_STREAMED: Final = frozenset({"chat", "text_completion"})
_PORTS: Final = {"http": 80, "https": 443}
_SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
_TOKENS: Final = tuple(4**power for power in range(14))


def instrument(
    client: ClientT,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> ClientT:
    """A view of a client whose calls are traced and measured.

    Each call is one span, with all of its retries, from its first use to its end: a
    child of the span that is current where it is first used. Its context is sent along
    by the propagator that is set, as the header ``traceparent``. Neither the texts of
    a call nor the API key are ever recorded. A view shares the pool of its client,
    which is the one to be closed; views of it, and its ``batch``, are traced too.

    Args:
        client: Stays as it is.
        tracer_provider: By default the one that is set for the process.
        meter_provider: Likewise.
    """
    tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider, _SCHEMA)
    meter = metrics.get_meter(_SCOPE, __version__, meter_provider, _SCHEMA)
    return client.with_observer(_Telemetry(tracer, meter))


class _Telemetry:
    """The observer: a span for each call, and what all calls are counted in."""

    def __init__(self, tracer: trace.Tracer, meter: metrics.Meter) -> None:
        self.tracer = tracer
        self.duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="Time to receive the first chunk of a stream that holds output.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )

    def begun(self, call: ObservedCall) -> "_Operation":
        """Start the span of a call."""
        return _Operation(self, call)


class _Operation:
    """One call: a span that is never made current, since streams change tasks."""

    __slots__ = ("_attributes", "_began", "_context", "_is_stream", "_span", "_told")

    def __init__(self, telemetry: _Telemetry, call: ObservedCall) -> None:
        self._told = telemetry
        operation = _operation_of(call)
        self._is_stream = operation in _STREAMED
        self._attributes = _identity_of(operation, call)
        asked = _asked(call.parameters)
        if self._is_stream:
            asked["gen_ai.request.stream"] = True
        self._span = telemetry.tracer.start_span(
            operation if call.model is None else f"{operation} {call.model}",
            kind=trace.SpanKind.CLIENT,
            attributes={**self._attributes, **asked},
        )
        self._context = trace.set_span_in_context(self._span)
        self._began = time.monotonic()

    @property
    def headers(self) -> Mapping[str, str]:
        """What lets a server join the trace."""
        headers: dict[str, str] = {}
        propagate.inject(headers, context=self._context)
        return headers

    def repeated(self, error: FireworksError) -> None:
        """Note why another attempt was due."""
        self._span.add_event("retry", {"fireworks.retry.reason": _type_of(error)})

    def ended(self, outcome: CallOutcome) -> None:
        """End the span, and count the call."""
        span, attributes = self._span, self._attributes
        if outcome.response_model:
            attributes["gen_ai.response.model"] = outcome.response_model
            span.set_attribute("gen_ai.response.model", outcome.response_model)
        usage = outcome.usage
        self._count(usage, outcome.timings.ttft)
        if outcome.error is not None:
            attributes["error.type"] = _type_of(outcome.error)
            span.set_attribute("error.type", attributes["error.type"])
            span.set_status(trace.StatusCode.ERROR, _reason_of(outcome.error))
        if span.is_recording():
            for name, value in _given(outcome).items():
                span.set_attribute(name, value)
            if usage is not None:
                for name, count in _used(usage, has_output=self._is_stream).items():
                    span.set_attribute(f"gen_ai.usage.{name}", count)
        span.end()
        self._told.duration.record(
            time.monotonic() - self._began, attributes, context=self._context
        )

    def _count(self, usage: Usage | None, ttft: float | None) -> None:
        """Count what is known of a call whether it failed later or not."""
        told, attributes, context = self._told, self._attributes, self._context
        if ttft is not None:
            told.first_chunk.record(ttft, attributes, context=context)
        if usage is None:
            return
        sides = {"input": usage.prompt_tokens}
        if self._is_stream:
            sides["output"] = usage.completion_tokens
        for side, count in sides.items():
            told.tokens.record(
                count, {**attributes, "gen_ai.token.type": side}, context=context
            )


def _operation_of(call: ObservedCall) -> str:
    known = _OPERATIONS.get(call.path)
    if known is not None:
        return known
    return "list_models" if call.model is None else "retrieve_model"


def _identity_of(operation: str, call: ObservedCall) -> dict[str, Value]:
    """What spans and metrics both say of a call."""
    attributes: dict[str, Value] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _PROVIDER,
    }
    if call.model is not None:
        attributes["gen_ai.request.model"] = call.model
    url = urlsplit(call.url)
    if url.hostname:
        attributes["server.address"] = url.hostname
        attributes["server.port"] = url.port or _PORTS.get(url.scheme, 0)
    return attributes


def _asked(parameters: Mapping[str, object]) -> dict[str, Value]:
    """What steers the model; what is not of the type that it should be is left out."""
    attributes: dict[str, Value] = {}
    for name, value in parameters.items():
        if name not in _REQUESTED:
            continue
        attribute, reading = _REQUESTED[name]
        read = reading(value)
        if read is not None:
            attributes[attribute] = read
    if attributes.get("gen_ai.request.choice.count") == 1:
        del attributes["gen_ai.request.choice.count"]
    return attributes


# Of a form, as for sound, all values are texts.
def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None


def _whole(value: object) -> int | None:
    # Exporters have 64 bits, and lose all that they were to send for one that is larger.
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    return None


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else None


def _texts(value: object) -> list[str] | None:
    if isinstance(value, str):
        return [value]
    return [str(each) for each in value] if is_list(value) else None


def _output(value: object) -> str | None:
    return "json" if str(value).startswith("json") else "text"


_REQUESTED: Final[dict[str, tuple[str, Callable[[object], Value | None]]]] = {
    "dimensions": ("gen_ai.embeddings.dimension.count", _whole),
    "frequency_penalty": ("gen_ai.request.frequency_penalty", _number),
    "max_completion_tokens": ("gen_ai.request.max_tokens", _whole),
    "max_tokens": ("gen_ai.request.max_tokens", _whole),
    "n": ("gen_ai.request.choice.count", _whole),
    "presence_penalty": ("gen_ai.request.presence_penalty", _number),
    "reasoning_effort": ("gen_ai.request.reasoning.level", _text),
    "response_format": ("gen_ai.output.type", _output),
    "seed": ("gen_ai.request.seed", _whole),
    "service_tier": ("fireworks.request.service_tier", _text),
    "stop": ("gen_ai.request.stop_sequences", _texts),
    "temperature": ("gen_ai.request.temperature", _number),
    "top_k": ("gen_ai.request.top_k", _number),
    "top_p": ("gen_ai.request.top_p", _number),
}


def _given(outcome: CallOutcome) -> dict[str, Value]:
    """What the answer says of itself, and how it came."""
    timings = outcome.timings
    reasons = [reason for reason in outcome.finish_reasons if reason]
    given: dict[str, Value | None] = {
        "gen_ai.response.id": outcome.response_id,
        "gen_ai.response.finish_reasons": reasons or None,
        "gen_ai.response.time_to_first_chunk": timings.ttft,
        "http.response.status_code": outcome.status,
        "fireworks.request.id": outcome.request_id,
        "fireworks.queue_time": timings.queue_time,
        "fireworks.retries": outcome.retries_taken or None,
        "fireworks.left_early": True if outcome.ending == "left" else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _used(usage: Usage, *, has_output: bool) -> dict[str, int]:
    """Tokens by the names of the conventions; those that were not told are left out."""
    counts: dict[str, int | None] = {"input_tokens": usage.prompt_tokens}
    if usage.prompt_tokens_details is not None:
        cached = usage.prompt_tokens_details.cached_tokens
        counts["cache_read.input_tokens"] = cached
    if has_output:
        counts["output_tokens"] = usage.completion_tokens
    if usage.completion_tokens_details is not None:
        reasoned = usage.completion_tokens_details.reasoning_tokens
        counts["reasoning.output_tokens"] = reasoned
    return {name: count for name, count in counts.items() if count is not None}


def _type_of(error: BaseException) -> str:
    return type(error).__qualname__


def _reason_of(error: BaseException) -> str | None:
    """What is sure to repeat nothing of the call: messages may, as the API's do."""
    match error:
        case APIStatusError():
            return f"HTTP {error.status_code}"
        case APITimeoutError():
            return f"waited too long: {error.phase}"
        case _:
            return None
