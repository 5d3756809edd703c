"""What response headers and ``perf_metrics`` say about an answer; no error is made here.

Nothing is read ahead of time: whoever holds the headers asks when somebody wants to
know. Servers send numbers as numbers or as text, and leave out what they do not count;
None always means "not reported".
"""

import math
from collections.abc import Callable, Mapping
from typing import Self

import msgspec

__all__ = ("PerfMetrics", "RateLimit", "find_header", "request_id")

_REQUEST_ID_HEADERS = ("x-request-id", "x-fireworks-request-id", "cf-ray")
_RATE_LIMIT_PREFIX = "x-ratelimit-"
_METRIC_PREFIX = "fireworks-"
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The account's limits for the model, and what is left of them.

    The fields are the ``x-ratelimit-*`` headers. Token limits are per second or per
    minute, depending on the age of the deployment's gateway; the headers do not say.

    Attributes:
        limit_requests: Requests allowed.
        remaining_requests: Requests left.
        limit_tokens_prompt: Prompt tokens allowed.
        remaining_tokens_prompt: Prompt tokens left.
        limit_tokens_cache_adjusted_prompt: Prompt tokens allowed, not counting those
            found in the prompt cache ("uncached prompt").
        remaining_tokens_cache_adjusted_prompt: What is left of those.
        limit_tokens_generated: Output tokens allowed.
        remaining_tokens_generated: Output tokens left.
        over_limit: Whether the account is over its soft limit, in which case its calls
            are answered with lower priority.
    """

    limit_requests: int | None = None
    remaining_requests: int | None = None
    limit_tokens_prompt: int | None = None
    remaining_tokens_prompt: int | None = None
    limit_tokens_cache_adjusted_prompt: int | None = None
    remaining_tokens_cache_adjusted_prompt: int | None = None
    limit_tokens_generated: int | None = None
    remaining_tokens_generated: int | None = None
    over_limit: bool | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self | None:
        """Read the limits; None when the headers name none."""
        sent = _with_prefix(headers, _RATE_LIMIT_PREFIX)
        if not sent:
            return None
        values: dict[str, object] = {
            name: _count(sent.get(name))
            for name in cls.__struct_fields__
            if name != "over_limit"
        }
        flag = sent.get("over_limit", "").strip().lower()
        return msgspec.convert(values | {"over_limit": _FLAGS.get(flag)}, cls)


class PerfMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What the server measured. Durations in seconds, counts in tokens.

    Attributes:
        prompt_tokens: Length of the prompt.
        cached_prompt_tokens: How much of it was found in the prompt cache.
        server_time_to_first_token: From the request's arrival to the first token.
        server_processing_time: From the request's arrival to the end of the answer.
        speculation_prompt_tokens: Tokens of the predicted output that were sent.
        speculation_prompt_matched_tokens: How many of them were right.
        speculation_generated_tokens: Tokens that the draft model proposed.
        speculation_acceptance: Hits by position, as sent: ``pos:hits/total,...``.
        backend_host: The host that answered.
        num_concurrent_requests: Requests that the host was serving.
        deployment: The deployment that answered.
        tokenizer_queue_duration: Waiting to be tokenized.
        tokenizer_duration: Being tokenized.
        prefill_queue_duration: Waiting for the prompt to be processed.
        prefill_duration: Processing the prompt.
        generation_queue_duration: Waiting for the output to be generated.
        generation_duration: Generating the output.
        pod_template_hash: Names the revision of the deployment.
        sampling_options: The sampling parameters in effect, defaults included.
        extra: What has no field here, or a value that its field cannot hold: as sent,
            by its name in the style of the fields.
    """

    prompt_tokens: int | None = None
    cached_prompt_tokens: int | None = None
    server_time_to_first_token: float | None = None
    server_processing_time: float | None = None
    speculation_prompt_tokens: int | None = None
    speculation_prompt_matched_tokens: int | None = None
    speculation_generated_tokens: int | None = None
    speculation_acceptance: str | None = None
    backend_host: str | None = None
    num_concurrent_requests: int | None = None
    deployment: str | None = None
    tokenizer_queue_duration: float | None = None
    tokenizer_duration: float | None = None
    prefill_queue_duration: float | None = None
    prefill_duration: float | None = None
    generation_queue_duration: float | None = None
    generation_duration: float | None = None
    pod_template_hash: str | None = None
    sampling_options: dict[str, object] | None = None
    extra: dict[str, object] = {}

    @classmethod
    def of(cls, values: Mapping[str, object]) -> Self:
        """Read the ``perf_metrics`` object of a body."""
        known: dict[str, object] = {}
        extra: dict[str, object] = {}
        for key, value in values.items():
            if value is None or value == "":
                continue
            name = key.lower().removeprefix(_METRIC_PREFIX).replace("-", "_")
            reading = _READERS[name](value) if name in _READERS else None
            if reading is None:
                extra[name] = value
            else:
                known[name] = reading
        return msgspec.convert(known | {"extra": extra}, cls)

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self | None:
        """Read the ``fireworks-*`` headers; None when there are none.

        The headers of a stream hold a part only: they leave before it is generated.
        """
        sent = _with_prefix(headers, _METRIC_PREFIX)
        return cls.of(sent) if sent else None


def request_id(headers: Mapping[str, str]) -> str | None:
    """The API's id for the request, to quote in a support ticket."""
    for name in _REQUEST_ID_HEADERS:
        if value := find_header(headers, name):
            return value
    return None


def find_header(headers: Mapping[str, str], name: str) -> str | None:
    """A header by its lower-case name, in a mapping whose names have any case."""
    if name in headers:
        return headers[name]
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _with_prefix(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The headers that begin so, by the rest of their name in snake case."""
    return {
        name.removeprefix(prefix).replace("-", "_"): value
        for name, value in ((key.lower(), value) for key, value in headers.items())
        if name.startswith(prefix)
    }


def _number(value: object) -> float | None:
    text = value.strip() if isinstance(value, str) else value
    try:
        number = msgspec.convert(text, float, strict=False)
    except msgspec.ValidationError:
        return None
    return number if math.isfinite(number) else None


def _count(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _options(value: object) -> dict[str, object] | None:
    """A JSON object, in a body already decoded, in a header not yet."""
    try:
        if isinstance(value, str):
            return msgspec.json.decode(value, type=dict[str, object])
        return msgspec.convert(value, dict[str, object])
    except (ValueError, RecursionError):
        return None


_READERS: Mapping[str, Callable[[object], object]] = {
    "prompt_tokens": _count,
    "cached_prompt_tokens": _count,
    "server_time_to_first_token": _number,
    "server_processing_time": _number,
    "speculation_prompt_tokens": _count,
    "speculation_prompt_matched_tokens": _count,
    "speculation_generated_tokens": _count,
    "speculation_acceptance": _text,
    "backend_host": _text,
    "num_concurrent_requests": _count,
    "deployment": _text,
    "tokenizer_queue_duration": _number,
    "tokenizer_duration": _number,
    "prefill_queue_duration": _number,
    "prefill_duration": _number,
    "generation_queue_duration": _number,
    "generation_duration": _number,
    "pod_template_hash": _text,
    "sampling_options": _options,
}
