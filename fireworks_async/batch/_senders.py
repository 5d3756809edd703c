"""One attempt of one row: a call of the public client, and what came of it."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from fireworks_async._protocol.completions import Usage
from fireworks_async.batch._causes import cause_of
from fireworks_async.batch._interfaces import Cause, Outcome, Permit
from fireworks_async.batch._rows import Row
from fireworks_async.errors import APIError, APIStatusError, FireworksError

if TYPE_CHECKING:
    from fireworks_async._client.client import AsyncFireworks
    from fireworks_async._client.stream import Stream

__all__ = ("Attempt", "ClientSender", "Sender", "Sending")

_AFFINITY = "x-session-affinity"


class Attempt(msgspec.Struct, kw_only=True):
    """How one attempt ended.

    Attributes:
        response: The answer; None when there is none.
        error: Why not.
        cause: The same in one word.
        has_begun: Whether an answer had begun, which may be billed.
        usage: As reported.
        headers: Of the answer or the refusal.
        perf_metrics: Of the body.
        request_id: The API's.
        ttft: Seconds from sending to the first token.
        e2e: Seconds from sending to the end.
        of_the_row: Whether a failure is likely the row's fault; see ``Health``.
    """

    response: Any = None
    error: FireworksError | None = None
    cause: Cause | None = None
    has_begun: bool = True
    usage: Usage | None = None
    headers: Mapping[str, str] = {}
    perf_metrics: Mapping[str, object] | None = None
    request_id: str | None = None
    ttft: float | None = None
    e2e: float = 0.0
    of_the_row: bool = False

    @property
    def outcome(self) -> Outcome:
        """What the limiter is told."""
        usage = self.usage
        details = None if usage is None else usage.prompt_tokens_details
        return Outcome(
            cause=self.cause,
            error=self.error,
            prompt_tokens=None if usage is None else usage.prompt_tokens,
            cached_tokens=None if details is None else details.cached_tokens,
            completion_tokens=None if usage is None else usage.completion_tokens,
            headers=self.headers,
            perf_metrics=self.perf_metrics,
            ttft=self.ttft,
            total=self.e2e,
            of_the_row=self.of_the_row,
        )


class Sending:
    """An attempt that is being made, and the next that takes its place.

    Attributes:
        row: Of which row.
        permit: By which right.
        bound: US dollars that were set aside.
        has_begun: Whether anything may have been sent.
        is_over: Whether it has ended, well or not.
    """

    __slots__ = ("bound", "has_begun", "is_over", "permit", "row")

    def __init__(self, row: Row, permit: Permit, bound: float) -> None:
        self.begin(row, permit, bound)

    def begin(self, row: Row, permit: Permit, bound: float) -> None:
        """Be another attempt from now on."""
        self.row = row
        self.permit = permit
        self.bound = bound
        self.has_begun = False
        self.is_over = False


class Sender(Protocol):
    """Makes an attempt."""

    async def send(self, row: Row, *, affinity: str | None = None) -> Attempt:
        """Send, and wait for the end; never raises for what the row or the API did.

        Args:
            row: What is sent.
            affinity: Rows of one word are best served by one replica.
        """
        ...


class ClientSender:
    """Sends through a client, without retries: the engine has its own.

    Args:
        client: Stays the caller's.
    """

    def __init__(self, client: "AsyncFireworks") -> None:
        # Rows hold what data says: the types of keywords are not known here.
        self._client: Any = client.with_options(max_retries=0)

    async def send(self, row: Row, *, affinity: str | None = None) -> Attempt:
        """See ``Sender``."""
        began = time.monotonic()
        fields: dict[str, Any] = dict(row.body)
        if affinity is not None:
            fields["extra_headers"] = {_AFFINITY: affinity}
        client = self._client
        try:
            if row.endpoint == "/v1/chat/completions":
                return await _collected(client.chat.completions.create(**fields), began)
            if row.endpoint == "/v1/completions":
                return await _collected(client.completions.create(**fields), began)
            if row.endpoint == "/v1/embeddings":
                answer = await client.embeddings.create(**fields)
            else:
                answer = await client.rerank.create(**fields)
        except (TypeError, ValueError) as error:
            return Attempt(
                error=FireworksError(str(error)), cause="invalid", has_begun=False
            )
        except FireworksError as error:
            return _failed(error, time.monotonic() - began, has_begun=False)
        return Attempt(
            response=answer, usage=answer.usage, e2e=time.monotonic() - began
        )


async def _collected(stream: "Stream[Any, Any]", began: float) -> Attempt:
    timings = stream.timings
    try:
        completion = await stream.collect()
    except FireworksError as error:
        attempt = _failed(
            error,
            time.monotonic() - began,
            has_begun=timings.headers_at is not None
            and not isinstance(error, APIStatusError),
        )
        attempt.ttft = timings.ttft
        return attempt
    info = stream.response
    return Attempt(
        response=completion,
        usage=completion.usage,
        headers=info.headers,
        perf_metrics=info.perf_metrics,
        request_id=info.request_id,
        ttft=timings.ttft,
        e2e=timings.e2e or 0.0,
    )


def _failed(error: FireworksError, e2e: float, *, has_begun: bool) -> Attempt:
    cause = cause_of(error)
    partial = error.partial if isinstance(error, APIError) else None
    return Attempt(
        error=error,
        cause=cause,
        has_begun=has_begun or cause in ("stall", "timeout"),
        usage=None if partial is None else partial.usage,
        headers=error.headers if isinstance(error, APIStatusError) else {},
        request_id=error.request_id if isinstance(error, APIError) else None,
        e2e=e2e,
    )
