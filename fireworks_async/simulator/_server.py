"""The simulator as a user holds it: start it, script it, ask it what it saw."""

import asyncio
import time
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self

from aiohttp import web

from fireworks_async._web.server import WebServer
from fireworks_async.simulator._admission import Admission, Capacity
from fireworks_async.simulator._app import SimulatedAPI
from fireworks_async.simulator._limits import Limits
from fireworks_async.simulator._routes import Routes
from fireworks_async.simulator._script import Part, RecordedRequest, Script
from fireworks_async.simulator._settings import Settings, UsagePlacement

__all__ = ("Simulator",)


class Simulator:
    """A local stand-in for the Fireworks API.

    Use it as an async context manager; it answers under `base_url`. Answers are made
    up, the same for the same request and seed; ids count on. It refuses what the API
    refuses, with the API's words.

    Args:
        host: The address to listen on.
        port: The port, or 0 for a free one.
        ttft: Seconds before the first token. The role of a stream comes at once.
        gap: Seconds between two tokens. With 0, many events share a write.
        tokens: How many tokens an answer has that the request does not limit,
            reasoning included. A token is one chunk of a stream.
        seed: Another seed gives other words.
        api_keys: The keys that are good; None: all that are not empty.
        usage: Where streams report usage: `trailing` (a chunk of its own with empty
            `choices`, only when asked for), `trailing-no-choices` (the same without
            `choices`), `finish` (on the chunk with `finish_reason`, always), `both`,
            or `none`.
        non_stream_cap: Whether `max_tokens` above 4096 is refused without `stream`.
        perf_as_strings: Whether the values of `perf_metrics` are strings.
        models: The models there are; None: all whose name is spelled in full
            (`accounts/…` or `FW-…`, with or without a deployment after `#`), and
            for embeddings and rerank `<account>/<model>` too.
        context_length: How many tokens a prompt and its answer can have together:
            answers end there, and what leaves no room for one is refused. None: any
            number.
        keep_requests: How many requests `requests` remembers.
        limits: What each API key may ask of each model in a minute; None: no limits,
            and no headers that tell of them.
        slots: How many requests are worked on at a time, from the first thing to the
            last token; the others wait, first come, first served. None: any number.
        queue: How many may wait; more are refused with 503. None: any number.
        patience: How many seconds a request waits for a slot before it is refused
            with 429. None: for ever.
        prompt_cache: Whether what was the beginning of a prompt before is told of as
            cached.
        replicas: How many prompt caches there are. A request goes to the one that its
            `prompt_cache_key`, session header or `user` stands for; without any of
            them, to each in turn.
        cold_start: Seconds that a model needs to come up after the first request for
            it; until then it is refused with 503. None: all models are up.
        clock: Tells the time to `limits` and `cold_start`, in seconds, so that tests
            need not wait.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        ttft: float = 0.0,
        gap: float = 0.0,
        tokens: int = 16,
        seed: int = 0,
        api_keys: Collection[str] | None = None,
        usage: UsagePlacement = "trailing",
        non_stream_cap: bool = True,
        perf_as_strings: bool = False,
        models: Collection[str] | None = None,
        context_length: int | None = None,
        keep_requests: int = 10_000,
        limits: Limits | None = None,
        slots: int | None = None,
        queue: int | None = None,
        patience: float | None = None,
        prompt_cache: bool = True,
        replicas: int = 1,
        cold_start: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        settings = Settings(
            ttft=ttft,
            gap=gap,
            tokens=tokens,
            seed=seed,
            api_keys=api_keys,
            models=models,
            usage=usage,
            non_stream_cap=non_stream_cap,
            perf_as_strings=perf_as_strings,
            context_length=context_length,
        )
        self._script = Script()
        capacity = Capacity(
            slots=slots,
            queue=queue,
            patience=patience,
            cold_start=cold_start,
            prompt_cache=prompt_cache,
            replicas=replicas,
            ttft=ttft,
        )
        self._admission = Admission(capacity, limits=limits, clock=clock)
        self._api = SimulatedAPI(
            Routes(settings, self._script),
            self._admission,
            seed=seed,
            keep=keep_requests,
            number_of=self._connection_number,
            on_change=self._wake,
        )
        self._server = WebServer(
            self._api.application(), host=host, port=port, on_change=self._wake
        )
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._server.stop()

    def __repr__(self) -> str:
        return f"<Simulator {self.base_url} in_flight={self.in_flight}>"

    @property
    def base_url(self) -> str:
        """`http://HOST:PORT/v1`; `http://HOST:PORT/inference/v1` answers as well."""
        return f"{self._server.url}/v1"

    @property
    def limits(self) -> Limits | None:
        """The limits; set others to change them while it runs.

        What was used stays used. A limit that has grown begins anew.
        """
        return self._admission.rates.limits

    @limits.setter
    def limits(self, limits: Limits | None) -> None:
        self._admission.rates.limits = limits

    @property
    def slots(self) -> int | None:
        """How many requests are worked on at a time; it can be changed at any time."""
        return self._admission.slots.count

    @slots.setter
    def slots(self, count: int | None) -> None:
        self._admission.slots.count = count

    @property
    def waiting(self) -> int:
        """How many requests wait for a slot now."""
        return self._admission.slots.waiting

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests that came, in order."""
        return list(self._api.requests)

    @property
    def in_flight(self) -> int:
        """How many requests are being answered now."""
        return self._server.in_flight

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return self._server.connections

    @property
    def connections_opened(self) -> int:
        """How many connections there have been."""
        return self._server.connections_opened

    def script(self, *answers: Part) -> None:
        """Order the next answers to requests with a body; after them all is normal.

        Args:
            answers: For each request a reply (`Reply`, `ErrorReply`, `Raw`,
                `RawHTTP`), a fault of the normal answer, or a tuple of at most one
                reply and any faults.

        Raises:
            TypeError: One of them is none of these.
        """
        self._script.add(*answers)

    def always(
        self,
        answer: Part,
        *,
        when: Callable[[RecordedRequest], bool] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Order the answer to every request with a body that `script` left over.

        The latest order that fits wins.

        Args:
            answer: As in `script`.
            when: Only requests for which it gives true.
            seconds: Only from now on for so long.
        """
        self._script.add_rule(answer, when=when, seconds=seconds)

    def clear(self) -> None:
        """Forget the scripted answers, and let all be normal."""
        self._script.clear()

    def scale_to_zero(self) -> None:
        """Have every model come up anew, where `cold_start` is given."""
        self._admission.deployments.scale_to_zero()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so, such as `lambda: sim.in_flight == 0`.

        It is looked at whenever a request or a connection has come, changed or gone.
        """
        while not holds():
            await self._changed.wait()

    def _connection_number(self, request: web.Request) -> int:
        return self._server.connection_number(request)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
