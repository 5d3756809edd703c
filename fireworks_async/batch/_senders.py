"""One attempt of one row: a call of the public client, and what came of it."""

import time
from typing import TYPE_CHECKING, Any, Protocol

from fireworks_async._measure.timings import StreamTimings
from fireworks_async.batch._causes import cause_of
from fireworks_async.batch._interfaces import Outcome, Permit
from fireworks_async.batch._rows import Row
from fireworks_async.errors import APIError, APIStatusError, FireworksError

if TYPE_CHECKING:
    from fireworks_async._client.client import AsyncFireworks
    from fireworks_async._client.stream import Stream

__all__ = ("Attempt", "ClientSender", "Sender", "Sending")

_AFFINITY = "x-session-affinity"


class Attempt(Outcome, kw_only=True):
    """How one attempt ended, and what came of it.

    Attributes:
        response: The answer; None when there is none.
        has_begun: Whether an answer had begun, which may be billed.
        request_id: The API's.
    """

    response: Any = None
    has_begun: bool = True
    request_id: str | None = None


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
        fields = row.body
        if affinity is not None:
            fields = {**fields, "extra_headers": {_AFFINITY: affinity}}
        client, endpoint = self._client, row.endpoint
        stream: Stream[Any, Any] | None = None
        answer: Any
        try:
            if endpoint == "/v1/chat/completions":
                stream = client.chat.completions.create(**fields)
            elif endpoint == "/v1/completions":
                stream = client.completions.create(**fields)
            if stream is not None:
                answer = await stream.collect()
            elif endpoint == "/v1/embeddings":
                answer = await client.embeddings.create(**fields)
            else:
                answer = await client.rerank.create(**fields)
        except (TypeError, ValueError) as error:
            return Attempt(
                error=FireworksError(str(error)), cause="invalid", has_begun=False
            )
        except FireworksError as error:
            timings = None if stream is None else stream.timings
            return _failed(error, time.monotonic() - began, timings)
        if stream is None:
            e2e = time.monotonic() - began
            return Attempt(response=answer, usage=answer.usage, e2e=e2e)
        info, timings = stream.response, stream.timings
        return Attempt(
            response=answer,
            usage=answer.usage,
            headers=info.headers,
            perf_metrics=info.perf_metrics,
            request_id=info.request_id,
            ttft=timings.ttft,
            e2e=timings.e2e or 0.0,
        )


def _failed(
    error: FireworksError, e2e: float, timings: StreamTimings | None
) -> Attempt:
    cause = cause_of(error)
    partial = error.partial if isinstance(error, APIError) else None
    has_begun = cause in ("stall", "timeout")
    if timings is not None and timings.headers_at is not None:
        has_begun |= not isinstance(error, APIStatusError)
    return Attempt(
        error=error,
        cause=cause,
        has_begun=has_begun,
        usage=None if partial is None else partial.usage,
        headers=error.headers if isinstance(error, APIStatusError) else {},
        request_id=error.request_id if isinstance(error, APIError) else None,
        ttft=None if timings is None else timings.ttft,
        e2e=e2e,
    )
