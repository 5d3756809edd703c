"""One aiohttp session and its connector: opened in the loop that uses it, and dropped.

The connector tells apart, for each request, a connection that was made for it and one
that has served before: only on the latter can a request die because the server had
closed the connection in the meantime.
"""

import asyncio
import io
import ssl
from collections.abc import Awaitable, Mapping
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import aiohttp
from multidict import CIMultiDict

from fireworks_async._net.drains import Drains
from fireworks_async._net.interfaces import Limit, WireCall
from fireworks_async._net.request import Request

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace

    from fireworks_async._net.upload import Upload
    from fireworks_async._protocol.multipart import MultipartBody

__all__ = (
    "NO_CONTEXT",
    "Connector",
    "Deliveries",
    "Delivery",
    "Sender",
    "Session",
    "open_session",
)

# By this name the door passes one on, without an import of its own.
Session: TypeAlias = aiohttp.ClientSession

_IDLE: Final = 60.0
"""Seconds that an idle connection is kept. A server that closes earlier costs one
repeated request, not an error."""

# All timing is the watchdog's: aiohttp's timers are set and cancelled on every read.
_NO_TIMERS: Final = aiohttp.ClientTimeout(
    total=None, connect=None, sock_connect=None, sock_read=None
)
# asyncio makes room for 256 KiB before it reads the few hundred bytes of an event. In
# most states of the heap the C library gives so much back to the system afterwards, and
# asks for it anew: two page faults a read, and a quarter of a paced stream's CPU.
_LARGEST_READ: Final = 2**16
# aiohttp warns about larger bodies in one piece, since they block the loop.
_LARGEST_PIECE: Final = 2**20


class Delivery:
    """One request on its way to a connection.

    Attributes:
        reused: Whether its connection had served before; None when that is unknown,
            because the session is the user's own.
    """

    __slots__ = ("fresh", "limit", "reused")

    def __init__(self, limit: Limit, *, fresh: bool) -> None:
        self.limit = limit
        self.fresh = fresh
        self.reused: bool | None = None


# For callbacks that need none: a callback without one copies the caller's, for as long
# as the connection lasts.
NO_CONTEXT: Final = Context()

Deliveries: TypeAlias = "dict[asyncio.Task[Any] | None, Delivery]"
"""What is on its way, by the task that sends it: aiohttp hands nothing of ours through
to the connector, but calls it in that task. (In a context variable it would stay with
the task, and hold the answer.)"""


class Connector(aiohttp.TCPConnector):
    """aiohttp's connector, without a limit of its own: the gate admits."""

    def __init__(
        self, drains: Drains, deliveries: Deliveries, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] # aiohttp's hints
            limit=0, keepalive_timeout=_IDLE, ssl=context or True
        )
        self._drains = drains
        self._deliveries = deliveries

    @property
    def connections(self) -> int:
        """Open connections, busy or idle."""
        return len(self._acquired) + sum(len(idle) for idle in self._conns.values())

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list["Trace"],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> aiohttp.connector.Connection:
        """Take an idle connection, one that is about to be idle, or make one."""
        delivery = self._deliveries[asyncio.current_task()]
        delivery.reused = True
        if delivery.fresh:
            # The server has just closed one behind our back: the others are suspect.
            for protocol, _ in self._conns.pop(req.connection_key, ()):
                protocol.close()
        elif self._drains and not self._conns.get(req.connection_key):
            await self._drains.wait_for_one()
        idle = self._conns.get(req.connection_key)
        # What came while nothing was asked for must not answer this request.
        while idle and idle[0][0].should_close:
            idle.popleft()[0].close()
        return await super().connect(req, traces, timeout)

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list["Trace"],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> "ResponseHandler":
        delivery = self._deliveries[asyncio.current_task()]
        delivery.reused = False
        delivery.limit.during("connect")
        protocol = await super()._create_connection(req, traces, timeout)
        delivery.limit.during("receive")
        transport: Any = protocol.transport
        if hasattr(transport, "max_size"):
            # asyncio's own, without TLS; no other loop's.
            transport.max_size = _LARGEST_READ
        if protocol.closed is not None:
            # The answers look at it. A connection that is lost while it is idle is
            # nobody's error, and must not be reported as one that nobody saw.
            protocol.closed.add_done_callback(_seen, context=NO_CONTEXT)
        return protocol

    def drop(self) -> None:
        """Close every connection now, without waiting for the last bytes."""
        self._close(abort_ssl=True)


def _seen(closing: asyncio.Future[None]) -> None:
    if not closing.cancelled():
        closing.exception()


def open_session(
    drains: Drains, deliveries: Deliveries, context: ssl.SSLContext | None
) -> aiohttp.ClientSession:
    """A session for the running loop.

    It follows no redirects with a key, keeps no cookies, and reads no proxy and no
    credentials from the environment: a stray variable must not send the key elsewhere.
    """
    return aiohttp.ClientSession(
        connector=Connector(drains, deliveries, context),
        request_class=Request,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=_NO_TIMERS,
        trust_env=False,
    )


class Sender:
    """Sends through one session, as long as that lives.

    Headers are put in aiohttp's form once for a mapping that comes again, as it does
    with all calls of an endpoint.
    """

    __slots__ = ("_context", "_form", "_headers", "session")

    def __init__(
        self, session: aiohttp.ClientSession, context: ssl.SSLContext | None = None
    ) -> None:
        self.session = session
        # With the request: a session that is not ours has settings of its own.
        self._context = context or True
        self._headers: Mapping[str, str] = {}
        self._form: CIMultiDict[str] = CIMultiDict()

    def request(self, call: WireCall) -> Awaitable[aiohttp.ClientResponse]:
        """Prepare a request; awaiting it sends it, and gives the answer's headers."""
        if call.headers is not self._headers:
            self._headers = call.headers
            self._form = CIMultiDict(call.headers)
        headers = self._form
        data, framing = _payload(call.body)
        if framing:
            headers = CIMultiDict([*headers.items(), *framing.items()])
        return self.session.request(
            call.method,
            call.url,
            data=data,
            headers=headers,
            allow_redirects=False,
            timeout=_NO_TIMERS,
            ssl=self._context,
            # A session that is not ours may have other defaults.
            raise_for_status=False,
            auto_decompress=True,
        )


def _payload(
    body: "bytes | MultipartBody",
) -> "tuple[bytes | io.BytesIO | Upload | None, dict[str, str]]":
    """What aiohttp sends as the body, and the headers that frame it, if it cannot."""
    if not isinstance(body, bytes):
        from fireworks_async._net.upload import Upload  # noqa: PLC0415 - on first use

        upload = Upload(body)
        return upload, dict(upload.headers)
    if len(body) > _LARGEST_PIECE:
        return io.BytesIO(body), {}
    return body or None, {}
