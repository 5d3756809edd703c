"""Every exception that this library raises, and nothing else.

FireworksError
├── ConfigurationError
│   ├── MissingAPIKeyError
│   └── ProxyConfigError
├── ClientClosedError
├── StreamStateError
├── APIError
│   ├── APIConnectionError
│   │   └── APITimeoutError
│   ├── APIStatusError
│   │   ├── BadRequestError
│   │   │   └── ContextLengthExceededError
│   │   ├── AuthenticationError
│   │   ├── PaymentRequiredError
│   │   ├── PermissionDeniedError
│   │   ├── NotFoundError
│   │   ├── RequestTimeoutError
│   │   ├── ConflictError
│   │   ├── AccountSuspendedError
│   │   ├── RequestTooLargeError
│   │   ├── UnprocessableEntityError
│   │   ├── TooEarlyError
│   │   ├── RateLimitError
│   │   ├── InternalServerError
│   │   │   └── ServiceUnavailableError
│   │   │       └── DeploymentScalingUpError
│   │   └── ServiceEndedError
│   └── StreamError
│       ├── StreamTruncatedError
│       ├── StreamProtocolError
│       └── StreamServerError
├── StructuredOutputError
│   ├── LengthFinishReasonError
│   ├── ContentFilterFinishReasonError
│   └── SchemaMismatchError
├── BatchError
└── LoadTestError

The class of an ``APIStatusError`` is decided by the HTTP status (and for
``ServiceEndedError`` by the host), never by its text.
Every error pickles to an equal one, so that it can travel between processes.
No error holds the API key: the errors of the HTTP library, whose ``repr`` prints the
``Authorization`` header, are never kept as a cause or a context.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from fireworks_async._headers import Headers

if TYPE_CHECKING:
    from fireworks_async.types import ChatCompletion, Completion, Usage

__all__ = (
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AccountSuspendedError",
    "AuthenticationError",
    "BadRequestError",
    "BatchError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ContentFilterFinishReasonError",
    "ContextLengthExceededError",
    "DeploymentScalingUpError",
    "FireworksError",
    "InternalServerError",
    "LengthFinishReasonError",
    "LoadTestError",
    "MissingAPIKeyError",
    "NotFoundError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "ProxyConfigError",
    "RateLimitError",
    "RequestTimeoutError",
    "RequestTooLargeError",
    "SchemaMismatchError",
    "ServiceEndedError",
    "ServiceUnavailableError",
    "StreamError",
    "StreamProtocolError",
    "StreamServerError",
    "StreamStateError",
    "StreamTruncatedError",
    "StructuredOutputError",
    "TimeoutPhase",
    "TooEarlyError",
    "UnprocessableEntityError",
)

TimeoutPhase = Literal["pool", "connect", "receive", "total"]


def _rebuild(
    cls: type["FireworksError"], message: str, state: dict[str, Any]
) -> "FireworksError":
    """Make an error again after its journey, without its class's signature."""
    error = cls.__new__(cls, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error


class FireworksError(Exception):
    """The root: catching it catches all that this library raises.

    Attributes:
        message: What happened, and what to do about it.
    """

    message: str

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.__dict__)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), self.message))


class ConfigurationError(FireworksError):
    """The client cannot work as configured; raised when it is built."""


class MissingAPIKeyError(ConfigurationError):
    """No API key was given, and no environment variable holds one."""


class ProxyConfigError(ConfigurationError):
    """The gateway cannot work as configured; the text names file and line."""


class ClientClosedError(FireworksError, RuntimeError):
    """The client was closed before or during the call, or its event loop is gone."""


class StreamStateError(FireworksError, RuntimeError):
    """The stream is used in a way its state forbids.

    Raised when two tasks read one stream at once, and when a stream that was closed
    or left before its end is read on.
    """


class APIError(FireworksError):
    """Something went wrong between here and the API's answer.

    Attributes:
        code: ``error.code`` as the API sent it.
        type: ``error.type`` as the API sent it.
        param: ``error.param`` as the API sent it.
        request_id: The API's id for the request, to quote in a support ticket.
        body: The decoded JSON of the answer, its text when it was not JSON (cut at
            64 KiB), or None when there was none.
        partial: What had been received of the completion, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | int | None = None,
        type: str | None = None,  # noqa: A002 - the name on the wire
        param: str | None = None,
        request_id: str | None = None,
        body: object = None,
        partial: "ChatCompletion | Completion | None" = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.type = type
        self.param = param
        self.request_id = request_id
        self.body = body
        self.partial = partial

    def __str__(self) -> str:
        if self.request_id is None:
            return self.message
        return f"{self.message} (request id {self.request_id})"


class APIConnectionError(APIError):
    """No connection could be made, or it was lost before the answer was whole."""


class APITimeoutError(APIConnectionError, TimeoutError):
    """Nothing came within the time allowed.

    Attributes:
        phase: ``pool`` (waiting to be admitted), ``connect``, ``receive`` (silence
            before the headers or between two events) or ``total``.
    """

    def __init__(self, message: str, *, phase: TimeoutPhase, **details: Any) -> None:
        super().__init__(message, **details)
        self.phase: TimeoutPhase = phase


class APIStatusError(APIError):
    """The API answered with an error status.

    Raised as itself for statuses that have no class of their own.

    Attributes:
        status_code: The HTTP status.
        headers: The answer's headers; asked for by names in any case.
        retry_after: Seconds that the API asked to wait, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message, **details)
        self.status_code = status_code
        self.headers: dict[str, str] = Headers(headers or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.status_code}: {super().__str__()}"


class BadRequestError(APIStatusError):
    """400: the request is malformed or names something unknown.

    Attributes:
        fields: Paths of the fields that the API refused, such as
            ``tools[0].function.strict``; empty when its text names none.
    """

    def __init__(
        self, message: str, *, fields: tuple[str, ...] = (), **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.fields = fields


class ContextLengthExceededError(BadRequestError):
    """400: the prompt does not fit the model's context."""


class AuthenticationError(APIStatusError):
    """401: the API key is wrong."""


class PaymentRequiredError(APIStatusError):
    """402: the account has no means of payment or is over its budget."""


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""


class NotFoundError(APIStatusError):
    """404: no such path, model or deployment, or no right to see it."""


class RequestTimeoutError(APIStatusError):
    """408: the API gave up waiting."""


class ConflictError(APIStatusError):
    """409: the request conflicts with the state of the resource."""


class AccountSuspendedError(APIStatusError):
    """412: the account is suspended, often by its spending limit."""


class RequestTooLargeError(APIStatusError):
    """413: the body is too large."""


class UnprocessableEntityError(APIStatusError):
    """422: the body is well-formed and makes no sense."""


class TooEarlyError(APIStatusError):
    """425: the deployment is rolling over."""


class RateLimitError(APIStatusError):
    """429: over a limit of the account, or the deployment has no capacity."""


class InternalServerError(APIStatusError):
    """500 and above: the fault is the API's."""


class ServiceUnavailableError(InternalServerError):
    """503: overloaded or down."""


class DeploymentScalingUpError(ServiceUnavailableError):
    """503: the deployment was scaled to zero and is starting; ask again in minutes."""


class ServiceEndedError(APIStatusError):
    """401 or 404 of hosts whose service is over: Fireworks' own for audio.

    They answer every key and every path so; the key may be right.
    """


class StreamError(APIError):
    """The stream was opened, and then something went wrong in it."""


class StreamTruncatedError(StreamError):
    """The stream ended before every choice had a ``finish_reason``."""


class StreamProtocolError(StreamError):
    """What came is not a stream of completions."""


class StreamServerError(StreamError):
    """The API reported an error inside the stream that maps to no HTTP status."""


class StructuredOutputError(FireworksError):
    """The answer is not of the type that was asked for.

    Attributes:
        partial: The completion as it came.
        usage: What it cost in tokens, or None when not reported.
    """

    def __init__(
        self,
        message: str,
        *,
        partial: "ChatCompletion | None" = None,
        usage: "Usage | None" = None,
    ) -> None:
        super().__init__(message)
        self.partial = partial
        self.usage = usage


class LengthFinishReasonError(StructuredOutputError):
    """The answer was cut at ``max_tokens`` before its JSON was whole."""


class ContentFilterFinishReasonError(StructuredOutputError):
    """The answer was stopped by a content filter."""


class SchemaMismatchError(StructuredOutputError):
    """The answer is whole and does not fit the schema."""


class BatchError(FireworksError):
    """A batch cannot be begun or gone on with; what was recorded stays recorded."""


class LoadTestError(FireworksError):
    """A load test cannot be begun, read or judged as asked."""
