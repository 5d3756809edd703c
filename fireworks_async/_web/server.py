"""A listening server around one aiohttp.web application: start, count, drain, stop.

What the answers say is the application's business.
"""

import asyncio
import errno
import logging
import os
import re
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from fireworks_async._web.error_body import error_answer, error_body
from fireworks_async._web.sse_writer import ReaderLeftError

__all__ = ("WebServer", "listening_error")

_logger = logging.getLogger("fireworks_async.web")

# What is still running this long after it was cancelled does not want to end.
_CANCEL_GRACE = 1.0
_BACKLOG = 2048
# asyncio makes room for 256 KiB before it reads a request of a few hundred bytes. In most
# states of the heap the C library gives so much back to the system afterwards, and asks
# for it anew: two page faults a read.
_LARGEST_READ = 2**16
# In aiohttp's words on what is no HTTP, what was read follows.
_EXCERPT = re.compile(r":?\s*(?:when reading: |(?<=\s))b?['\"]|:?\s*\n")
_ANY_HOST = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound

_Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class _Connection(web.RequestHandler):
    """One connection, which says when it has gone."""

    __slots__ = ("_on_lost", "number")

    def __init__(
        self,
        manager: web.Server,
        *,
        loop: asyncio.AbstractEventLoop,
        number: int,
        on_lost: "Callable[[_Connection], None]",
    ) -> None:
        super().__init__(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # annotated without its None
        )
        self.number = number
        self._on_lost = on_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        known: Any = transport
        if hasattr(known, "max_size"):
            # asyncio's own; no other loop's.
            known.max_size = _LARGEST_READ

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Tell of what is no HTTP; it is not logged, since its lines may hold a key."""
        if not isinstance(exc, HttpProcessingError) or request.writer.output_size:
            return super().handle_error(request, status, exc, message)
        reason = _EXCERPT.split(message or "")[0].strip()
        response = web.Response(
            status=status,
            body=error_body(f"this is no valid HTTP: {reason}", code=status),
            content_type="application/json",
        )
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._on_lost(self)


class WebServer:
    """Serves an application on one address.

    A handler is cancelled when its client leaves. Whatever a handler raises becomes an
    OpenAI-shaped JSON error.

    Args:
        app: The application; it must not have been started.
        host: The address to listen on.
        port: The port, or 0 for a free one.
        on_change: Called after a connection or a request has come or gone.
        reuse_port: Whether other processes may listen on the same port.
    """

    def __init__(
        self,
        app: web.Application,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        on_change: Callable[[], None] | None = None,
        reuse_port: bool = False,
    ) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._on_change = on_change or _ignore
        self._reuse_port = reuse_port
        self._listener: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None
        self._tasks: dict[asyncio.Task[object], web.RequestHandler] = {}
        self._open: set[_Connection] = set()
        self._answer: _Handler
        self.connections_opened = 0

    @property
    def port(self) -> int:
        """The port listened on; the one asked for until the server has started."""
        return self._port

    @property
    def url(self) -> str:
        """`http://HOST:PORT`, reachable from this machine, without a slash."""
        host = _ANY_HOST.get(self._host, self._host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    @property
    def in_flight(self) -> int:
        """How many requests are being answered now."""
        return len(self._tasks)

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    def connection_number(self, request: web.Request) -> int:
        """Tell which connection a request came on: they count from 1."""
        connection = request.protocol
        assert isinstance(connection, _Connection)
        return connection.number

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The address cannot be listened on.
        """
        self._runner = web.AppRunner(
            self._app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_CANCEL_GRACE,
        )
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        # Around the application, and not as a middleware of it: with one, aiohttp builds
        # a chain of three calls for every request.
        self._answer = server.request_handler
        server.request_handler = self._guard
        try:
            self._listener = await asyncio.get_running_loop().create_server(
                self._accept,
                self._host or None,
                self._port,
                backlog=_BACKLOG,
                reuse_port=self._reuse_port or None,
            )
        except OSError as error:
            await self._runner.cleanup()
            raise listening_error(error, self._host, self._port) from None
        self._port = self._listener.sockets[0].getsockname()[1]

    async def stop(self, *, drain: float = 0.0) -> None:
        """Take no more connections, give what runs `drain` seconds, end the rest."""
        if self._listener is None or self._runner is None:
            return
        self._listener.close()
        self._take_no_more()
        if drain > 0 and self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=drain)
        for task in self._tasks:
            task.cancel()
        await self._runner.cleanup()
        self._listener = self._runner = None

    def _take_no_more(self) -> None:
        """Have no connection that is kept alive bring a request, which would be cut."""
        busy = set(self._tasks.values())
        for connection in self._open:
            connection.close()
            if connection not in busy and connection.transport is not None:
                connection.transport.close()

    def _accept(self) -> _Connection:
        assert self._runner is not None
        assert self._runner.server is not None
        self.connections_opened += 1
        connection = _Connection(
            self._runner.server,
            loop=asyncio.get_running_loop(),
            number=self.connections_opened,
            on_lost=self._forget,
        )
        self._open.add(connection)
        self._on_change()
        return connection

    def _forget(self, connection: _Connection) -> None:
        self._open.discard(connection)
        self._on_change()

    async def _guard(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = request.protocol
        self._on_change()
        try:
            return await self._answer(request)
        except ReaderLeftError:
            # Nobody is left to answer; aiohttp finds the connection closed.
            return web.Response()
        except Exception as error:
            status, body = error_answer(error)
            if status == 500:
                _logger.exception("request failed")
            return web.Response(
                status=status, body=body, content_type="application/json"
            )
        finally:
            del self._tasks[task]
            self._on_change()


def listening_error(error: OSError, host: str, port: int) -> OSError:
    """Name the address that cannot be listened on, and why: no error has both."""
    is_unknown = isinstance(error, socket.gaierror)
    # asyncio wraps the system's words in its own; a name that is none has no number.
    reason = error.strerror if is_unknown else os.strerror(error.errno or 0)
    if error.errno == errno.EADDRINUSE:
        reason = f"{reason}; another port, or 0, may be free"
    return OSError(error.errno, f"cannot listen on {host}:{port}: {reason}")


def _ignore() -> None:
    pass
