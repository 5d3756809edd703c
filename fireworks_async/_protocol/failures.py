"""Which exception an error answer is, before the stream or in it.

The HTTP status decides the class, never the text: Fireworks sends the type
``invalid_request_error`` with rate limits too. The text only picks among subclasses of
the status's class. What the body says is found out in ``error_reports``.
"""

import datetime as dt
import email.utils
import http
import re
import urllib.parse
from collections.abc import Mapping

from fireworks_async._protocol import metadata
from fireworks_async._protocol.error_reports import ErrorReport, excerpt, read_error
from fireworks_async.errors import (
    AccountSuspendedError,
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ContextLengthExceededError,
    DeploymentScalingUpError,
    InternalServerError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    RequestTooLargeError,
    ServiceUnavailableError,
    StreamServerError,
    TooEarlyError,
    UnprocessableEntityError,
)

__all__ = ("error_from_event", "error_from_response", "parse_retry_after")

_CLASSES: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: RequestTimeoutError,
    409: ConflictError,
    412: AccountSuspendedError,
    413: RequestTooLargeError,
    422: UnprocessableEntityError,
    425: TooEarlyError,
    429: RateLimitError,
    503: ServiceUnavailableError,
}

# Codes and types that name a status of their own, for errors inside a stream: those of
# Fireworks, of OpenAI and its imitators, and of gRPC, which Fireworks' are made after.
_STATUSES: Mapping[str, int] = {
    "context_length_exceeded": 400,
    "invalid_argument": 400,
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "unauthorized": 401,
    "payment_required": 402,
    "forbidden": 403,
    "permission_denied": 403,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found": 404,
    "not_found_error": 404,
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "resource_exhausted": 429,
    "too_many_requests": 429,
    "internal": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "server_error": 500,
    "deployment_scaling_up": 503,
    "overloaded_error": 503,
    "server_overloaded": 503,
    "service_unavailable": 503,
    "unavailable": 503,
    "deadline_exceeded": 504,
}

_TOO_LONG = ("prompt is too long", "maximum context length")
_SCALING_UP = ("scaled to zero", "scaling up")
_LONGEST_MESSAGE = 2000

# A value that is quoted comes first, so that what a user wrote is not taken for a field.
_REFUSED_FIELD = (
    r""", value: (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    r"""|, field: (['"])(?P<field>.+?)\1"""
)


def error_from_response(
    *, status: int, headers: Mapping[str, str], body: bytes, now: float
) -> APIStatusError:
    """Make the exception for an answer that is not a success; never raises.

    Args:
        status: The HTTP status.
        headers: The answer's headers; names in any case.
        body: The answer's body, of which no more than 64 KiB are looked at.
        now: Seconds since the epoch, to compare a date in ``Retry-After`` with.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    report = read_error(body)
    if 300 <= status < 400:
        message = _redirect_message(headers.get("location"))
    else:
        message = report.message or _wordless_message(status, report)
    if status == 401:
        message = (
            f"{message.rstrip('.')}. Check that the API key is complete and still"
            " valid, and that base_url is the API that it was made for."
        )
    return _status_error(
        status,
        message,
        report,
        headers=headers,
        request_id=metadata.request_id(headers),
        retry_after=parse_retry_after(headers, now),
    )


def error_from_event(
    data: bytes | str,
    *,
    event: str,
    request_id: str | None,
    headers: Mapping[str, str],
    otherwise: type[APIError] = StreamServerError,
) -> APIError:
    """Make the exception for an error inside a stream; never raises.

    A status that the error names, as a number (``status``, ``status_code``, ``code``)
    or by a well-known code or type, decides the class as the HTTP status would have.

    Args:
        data: The data of the event, of any shape.
        event: The name of the event.
        request_id: The API's id for the request, if its headers had one.
        headers: The answer's headers; names in any case.
        otherwise: The class without a status; of another answer than a stream, too.
    """
    report = read_error(data)
    message = report.message or (
        f"The API sent the event {excerpt(event, 40)!r} with an error and no message"
        + (f": {excerpt(report.text)!r}" if report.text.strip() else "")
    )
    status = report.status or _status_by_name(report)
    if status is not None:
        return _status_error(
            status,
            message,
            report,
            headers={name.lower(): value for name, value in headers.items()},
            request_id=request_id,
            retry_after=None,
        )
    return otherwise(
        _shortened(message),
        code=report.code,
        type=report.type,
        param=report.param,
        request_id=request_id or report.request_id,
        body=report.body,
    )


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the API asks to wait: ``retry-after-ms``, else ``Retry-After``.

    Whatever is no time to come (negative, not finite, a date gone by, anything else)
    counts as not asked. A long wait is returned as it is.

    Args:
        headers: The answer's headers; names in any case.
        now: Seconds since the epoch, to compare a date with.
    """
    milliseconds = _wait(metadata.find_header(headers, "retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = metadata.find_header(headers, "retry-after")
    seconds = _wait(value)
    if seconds is None and value is not None:
        seconds = _wait_until(value, now)
    return seconds


def _status_error(
    status: int,
    message: str,
    report: ErrorReport,
    *,
    headers: dict[str, str],
    request_id: str | None,
    retry_after: float | None,
) -> APIStatusError:
    error = _class_for(status, report)(
        _shortened(message),
        status_code=status,
        headers=headers,
        retry_after=retry_after,
        code=report.code,
        type=report.type,
        param=report.param,
        request_id=request_id or report.request_id,
        body=report.body,
    )
    if isinstance(error, BadRequestError):
        error.fields = _refused_fields(report.message)
    return error


def _class_for(status: int, report: ErrorReport) -> type[APIStatusError]:
    code = str(report.code).lower()
    # Behind the first field comes what the user sent, which may hold any words.
    words = report.message.partition(", field:")[0].lower()
    if status == 400 and (
        code == "context_length_exceeded" or _holds(words, _TOO_LONG)
    ):
        return ContextLengthExceededError
    if status == 503 and (
        code == "deployment_scaling_up" or _holds(words, _SCALING_UP)
    ):
        return DeploymentScalingUpError
    return _CLASSES.get(
        status, InternalServerError if status >= 500 else APIStatusError
    )


def _holds(words: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in words for phrase in phrases)


def _status_by_name(report: ErrorReport) -> int | None:
    status = _STATUSES.get(str(report.code).lower())
    # Fireworks sends this type with errors that are not the request's fault, too.
    if status is None and report.type and report.type != "invalid_request_error":
        status = _STATUSES.get(report.type.lower())
    return status


def _refused_fields(message: str) -> tuple[str, ...]:
    found = (match["field"] for match in re.finditer(_REFUSED_FIELD, message))
    return tuple(dict.fromkeys(field for field in found if field))


def _wordless_message(status: int, report: ErrorReport) -> str:
    """What there is to say when the API did not say anything."""
    try:
        name = f"HTTP {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        name = f"HTTP {status}"
    if not report.text.strip():
        return f"{name}, with an empty body"
    title = re.search(r"<title[^<>]*>([^<]*)", report.text, re.IGNORECASE)
    words = title[1] if title else re.sub(r"<[^<>]*>", " ", report.text)
    return f"{name}, without a message of the API, only: {excerpt(words)!r}"


def _redirect_message(location: str | None) -> str:
    """Name where to, but not the path and query, which may hold secrets."""
    origin = _origin(location) if location else None
    target = origin or "another address"
    return (
        f"The API redirects to {target}. Redirects are not followed, because the API"
        " key would go with them; check base_url."
    )


def _origin(location: str) -> str | None:
    try:
        parts = urllib.parse.urlsplit(location)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return excerpt(f"{parts.scheme or 'https'}://{parts.hostname}{port}")


def _shortened(message: str) -> str:
    if len(message) <= _LONGEST_MESSAGE:
        return message
    return f"{message[: _LONGEST_MESSAGE - 1]}…"


def _wait(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _wait_until(value: str, now: float) -> float | None:
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        # HTTP dates are in GMT, whether they say so or not.
        date = date.replace(tzinfo=dt.UTC)
    seconds = date.timestamp() - now
    return seconds if seconds >= 0 else None
