"""``AsyncFireworks``: what a program holds on to."""

import os
import ssl as tls
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
)
from importlib import import_module
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar, Unpack, overload

from fireworks_async._client.attempts import Service
from fireworks_async._client.batching import send_batch
from fireworks_async._client.chat import Chat
from fireworks_async._client.config import ClientConfig
from fireworks_async._net.interfaces import PoolStatistics
from fireworks_async._net.pool import SessionPool
from fireworks_async._net.session import Session
from fireworks_async._policy.retry import RetryBudget
from fireworks_async._policy.timeouts import Timeout

if TYPE_CHECKING:
    from fireworks_async._client.audio import Audio
    from fireworks_async._client.completions import Completions
    from fireworks_async._client.embeddings import Embeddings
    from fireworks_async._client.models import Models
    from fireworks_async._client.observing import Observer
    from fireworks_async._client.rerank import Rerank
    from fireworks_async.batch import BatchResult
    from fireworks_async.batch._options import CallOptions

__all__ = ("AsyncFireworks",)

_DEFAULT_TIMEOUT: Final = Timeout()
# What the shared pool was made with, and a view cannot change.
_OF_THE_POOL: Final = frozenset({"max_connections", "max_concurrency"})

ResourceT = TypeVar("ResourceT")


class _Resource(Generic[ResourceT]):
    """A resource whose room is entered when it is first asked for.

    Most programs use one or two, and loading all would double what an import costs.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: "AsyncFireworks", owner: type) -> ResourceT: ...
    def __get__(
        self, client: "AsyncFireworks | None", owner: type
    ) -> "Self | ResourceT":
        if client is None:
            return self
        room = import_module(f"fireworks_async._client.{self._name}")
        kind: Callable[[Service], ResourceT] = getattr(room, self._name.capitalize())
        members = vars(client)
        # In the way of this descriptor from now on.
        resource = members[self._name] = kind(members["_service"])
        return resource


class AsyncFireworks:
    """A client of the Fireworks API, with a pool of connections.

    Make one and keep it: calls share its connections, its limits and its retry budget.
    It belongs to the event loop of its first call. Close it with ``aclose()`` or
    ``async with``.

    Args:
        api_key: The key, or an async callable that gives one for each attempt; else
            ``FIREWORKS_API_KEY`` or one of its aliases.
        base_url: Ends in ``/v1``; else ``FIREWORKS_BASE_URL`` or an alias, else the
            public API.
        audio_base_url: The same for audio; by default the model's own host.
        timeout: A ``Timeout``; a number sets its ``receive``; None waits for ever.
        max_retries: Attempts beyond the first of a call that may be repeated.
        max_connections: Connections at most, and so calls in flight at most.
        max_concurrency: Calls in flight at most, if fewer. More wait, in order.
        default_headers: Sent with every call.
        document_inlining: Mark documents for the API to turn into text, for models
            that see no images.
        session: An aiohttp session to use instead of one of the client's own; it is
            not closed, and its connector's limits hold beside ``max_connections``.
        ssl: TLS settings instead of the system's, or the session's.

    Raises:
        MissingAPIKeyError: No key, neither here nor in the environment.
        ConfigurationError: An argument, or the variable in its place, cannot be used.
    """

    completions: "_Resource[Completions]" = _Resource()
    embeddings: "_Resource[Embeddings]" = _Resource()
    rerank: "_Resource[Rerank]" = _Resource()
    audio: "_Resource[Audio]" = _Resource()
    models: "_Resource[Models]" = _Resource()

    def __init__(
        self,
        *,
        api_key: str | Callable[[], Awaitable[str]] | None = None,
        base_url: str | None = None,
        audio_base_url: str | None = None,
        timeout: Timeout | float | None = _DEFAULT_TIMEOUT,
        max_retries: int = 2,
        max_connections: int = 1000,
        max_concurrency: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        document_inlining: bool = True,
        session: Session | None = None,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        config = ClientConfig.resolve(
            environ=os.environ,
            api_key=api_key,
            base_url=base_url,
            audio_base_url=audio_base_url,
            timeout=timeout,
            max_retries=max_retries,
            max_connections=max_connections,
            max_concurrency=max_concurrency,
            default_headers=default_headers,
            document_inlining=document_inlining,
        )
        self._pool = SessionPool(
            limit=min(config.max_connections, config.max_concurrency or 2**63),
            session=session,
            context=ssl,
            label=f"<{type(self).__name__} {config.base_url}>",
        )
        self._is_view = False
        self._set_service(Service(self._pool, RetryBudget(), config))

    def _set_service(self, service: Service) -> None:
        self._service = service
        self.chat = Chat(service)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._service.config.base_url} {self._pool!r}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def with_options(self, **overrides: object) -> Self:
        """A view on the same pool with other defaults; cheap, and not to be closed.

        Args:
            overrides: As for the client, without ``session``, ``ssl``,
                ``max_connections`` and ``max_concurrency``: those are the pool's.

        Raises:
            TypeError: A keyword is unknown.
            ConfigurationError: A value cannot be used.
        """
        for name in overrides:
            if name in _OF_THE_POOL:
                raise TypeError(f"with_options(): {name} belongs to the shared pool")
        config = self._service.config.with_overrides(**overrides)
        return self._view(self._service.with_config(config))

    def with_observer(self, observer: "Observer") -> Self:
        """A view on the same pool whose calls an observer is told of.

        Its own views are observed too. An observer takes the place of another; the
        client itself stays as it is. ``adapters.opentelemetry`` has one for traces.

        Args:
            observer: Told when a call begins, is repeated, and ends.
        """
        from fireworks_async._client.observed import ObservedService  # noqa: PLC0415 - on first use

        service = self._service
        return self._view(
            ObservedService(self._pool, service.budget, service.config, observer)
        )

    def _view(self, service: Service) -> Self:
        view = object.__new__(type(self))
        # All that a subclass keeps goes along; resources are made anew for the service.
        vars(view).update(
            (name, value)
            for name, value in vars(self).items()
            if not isinstance(vars(AsyncFireworks).get(name), _Resource)
        )
        view._is_view = True
        view._set_service(service)
        return view

    def batch(
        self,
        requests: Iterable[Mapping[str, object]] | AsyncIterable[Mapping[str, object]],
        **options: "Unpack[CallOptions]",
    ) -> "AsyncGenerator[BatchResult, None]":
        """Send many requests, and give what becomes of each as it comes.

        ``async for result in client.batch(requests, ...)``. A request is taken when
        there is a place for it, and keeps its place until its result is taken.

        Args:
            requests: Batch lines, or bodies; with a ``custom_id`` or without. One that
                was another request's is refused, in its result.
            options: ``model``, ``params``, ``concurrency``, ``rpm``, ``tpm``,
                ``max_retries``, ``no_retry_429``, ``max_cost``, ``prices``,
                ``endpoint``: as for ``fireworks_async.batch.run_batch``.

        Raises:
            TypeError: An option is unknown.
            BatchError: No row can succeed any more, or the money is spent; raised
                after the last result.
        """
        return send_batch(self, requests, options)

    def statistics(self) -> PoolStatistics:
        """What the pool holds now: connections, calls in flight and waiting."""
        return self._pool.statistics()

    async def aclose(self) -> None:
        """End all calls and close all connections; idempotent; a no-op on a view."""
        if not self._is_view:
            await self._pool.aclose()
