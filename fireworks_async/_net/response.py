"""The border to aiohttp: its answers become ``ByteResponse``s, its errors ours.

The errors of aiohttp print the request's headers, and so the API key, in their repr.
They end here: none is kept as a cause, a context or a text.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp
from aiohttp.http import HttpProcessingError

from fireworks_async._net.drains import Drain, Drains
from fireworks_async._net.intake import is_known, more, take
from fireworks_async._net.session import NO_CONTEXT
from fireworks_async._policy.retry import CERTIFICATE_FAILURE
from fireworks_async.errors import (
    APIConnectionError,
    APITimeoutError,
    FireworksError,
    StreamStateError,
)

__all__ = ("BORDER_ERRORS", "PooledResponse", "is_silence", "translate")

# What aiohttp raises at its surface. RuntimeError: a read on a connection closed by us.
# HttpProcessingError: of its parser in Python, which wraps no error of a body.
BORDER_ERRORS: Final = (
    aiohttp.ClientError,
    OSError,
    RuntimeError,
    HttpProcessingError,
)

# How asyncio's texts begin, of one address and of several.
_ADDRESSES: Final = ("Connect call failed", "Multiple exceptions")


def translate(problem: BaseException, url: str) -> APIConnectionError:
    """Say what went wrong on the way to a URL; its path and query are left out.

    A failed certificate check has ``code=CERTIFICATE_FAILURE``: it is no passing fault,
    and is not retried.
    """
    origin = "/".join(url.split("/", 3)[:3])
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        return APIConnectionError(
            f"the certificate of {origin} could not be verified: "
            f"{_reason(problem.certificate_error)}",
            code=CERTIFICATE_FAILURE,
        )
    if isinstance(problem, TimeoutError):
        # A session that was given has limits of its own.
        is_connecting = isinstance(problem, aiohttp.ConnectionTimeoutError)
        return APITimeoutError(
            f"{'no connection to' if is_connecting else 'nothing from'} {origin} within "
            "the time that its session allows",
            phase="connect" if is_connecting else "receive",
        )
    return APIConnectionError(_what_happened(problem, origin))


def _what_happened(problem: BaseException, origin: str) -> str:
    match problem:
        case aiohttp.ClientConnectorError():
            return f"cannot connect to {origin}: {_reason(problem.os_error)}"
        case aiohttp.ServerDisconnectedError():
            return f"{origin} closed the connection before it answered"
        case aiohttp.ClientResponseError():
            # aiohttp's own status 400 for what is no HTTP; no server said 400.
            return f"the answer of {origin} is not valid HTTP"
        case aiohttp.ClientPayloadError() | HttpProcessingError():
            return f"the connection to {origin} was lost before the answer was whole"
        case OSError():
            return f"the connection to {origin} was lost: {_reason(problem)}"
        case _:
            return f"the connection to {origin} was lost"


def is_silence(problem: BaseException) -> bool:
    """Whether the connection was lost before any byte of an answer."""
    if isinstance(problem, aiohttp.ServerDisconnectedError):
        # With the half of an answer, aiohttp puts that in the place of its text.
        return isinstance(problem.message, str)
    return isinstance(problem, aiohttp.ClientOSError) and not isinstance(
        problem, aiohttp.ClientConnectorError
    )


def _reason(problem: BaseException) -> str:
    """The operating system's words, which hold no header."""
    if isinstance(problem, OSError) and problem.strerror:
        # Addresses in the place of the reason; where it goes is said by the origin.
        if problem.errno and problem.strerror.startswith(_ADDRESSES):
            return os.strerror(problem.errno)
        return problem.strerror
    return type(problem).__name__


class PooledResponse:
    """An aiohttp answer together with its place in the pool."""

    __slots__ = (
        "_closing",
        "_content",
        "_drain",
        "_drains",
        "_lost",
        "_on_end",
        "_response",
        "_takes_all",
        "_url",
        "headers",
        "status",
    )

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        *,
        url: str,
        drains: Drains,
        on_end: Callable[["PooledResponse"], None],
    ) -> None:
        self._response = response
        self._content = response.content
        self._takes_all = is_known(response.content)
        self._url = url
        self._drains = drains
        self._drain: Drain | None = None
        self._on_end: Callable[[PooledResponse], None] | None = on_end
        self._lost: FireworksError | None = None
        connection = response.connection
        protocol = connection.protocol if connection is not None else None
        self._closing = protocol.closed if protocol is not None else None
        if self._closing is not None:
            self._closing.add_done_callback(self._connection_closed, context=NO_CONTEXT)
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    def _connection_closed(self, closing: asyncio.Future[None]) -> None:
        # After a chunk size that is none, aiohttp closes the connection without waking
        # the reader of the body.
        problem = None if closing.cancelled() else closing.exception()
        if not self._content.is_eof() and self._content.exception() is None:
            self._content.set_exception(problem or aiohttp.ClientPayloadError())

    @property
    def is_draining(self) -> bool:
        """Whether the rest of the body is still awaited."""
        return self._drain is not None

    @property
    def is_held(self) -> bool:
        """Whether the lease has not been given back."""
        return self._on_end is not None

    async def read(self) -> bytes:
        """Wait for bytes, and take all that have come; ``b""`` at the end of the body.

        Raises:
            APIConnectionError: The connection was lost.
        """
        if self._lost is None:
            try:
                content = self._content
                if not self._takes_all:
                    return await content.readany()
                while (data := take(content)) is None:
                    await more(content)
            except BORDER_ERRORS as problem:
                lost = translate(problem, self._url)
            else:
                return data
            # Not when this side closed the connection while the read waited.
            if self._lost is None:
                self._lost = lost
        raise self._lost

    def finish(self) -> None:
        """Give the lease back; what is left of the body is drained, within a bound."""
        on_end, self._on_end = self._on_end, None
        if on_end is None:
            return
        self._stop_listening()
        if self._lost is not None:
            self._response.close()
        elif not self._content.is_eof():
            # When the body ends, aiohttp itself puts the connection back, and calls.
            self._drain = self._drains.begin(self._response.close)
            self._content.on_eof(self._drain.ended)
        on_end(self)

    def close(self, reason: FireworksError | None = None) -> None:
        """Give the lease back and close the connection at once.

        A no-op after ``finish``, and when called again. A task that waits in ``read`` gets ``reason``.
        """
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            self._lost = reason or StreamStateError("the stream was closed")
            self._stop_listening()
            self._response.close()
            on_end(self)

    def _stop_listening(self) -> None:
        if self._closing is not None:
            self._closing.remove_done_callback(self._connection_closed)
