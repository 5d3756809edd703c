"""The gateway of one process: what its calls share, and how it changes its mind.

A reload makes a new router; calls that are under way keep the one they began with.
"""

import asyncio
import logging
import os
from pathlib import Path
from typing import Final

from fireworks_async._client.attempts import Service
from fireworks_async._client.config import ClientConfig
from fireworks_async._net.pool import SessionPool
from fireworks_async._policy.retry import RetryBudget
from fireworks_async.proxy._accounts import Accounts
from fireworks_async.proxy._books import Books
from fireworks_async.proxy._callers import Doorkeeper
from fireworks_async.proxy._calls import Upstream
from fireworks_async.proxy._deployments import Deployment
from fireworks_async.proxy._estimates import Estimates
from fireworks_async.proxy._exchange import Exchange
from fireworks_async.proxy._metrics import Gauges, Metrics
from fireworks_async.proxy._relay import Sweeper
from fireworks_async.proxy._router import Router
from fireworks_async.proxy._settings import DeploymentSettings, GatewaySettings

__all__ = ("Gateway",)

_logger = logging.getLogger("fireworks_async.proxy")

_NO_RETRIES: Final = 0
# What has been made of these cannot be made anew while calls are answered.
_FIXED: Final = ("database", "global_max_parallel_requests", "max_request_bytes")
_PUBLISHED_EVERY: Final = 1.0


class Gateway:
    """What the calls of one process share.

    Args:
        settings: As configured.
        share: Among how many processes limits of pace are divided.
        shared: Where those processes leave their numbers for each other, or None.

    Raises:
        ConfigurationError: A deployment cannot be reached as configured.

    Attributes:
        settings: The present ones.
        upstream: The way to the deployments.
        sweeper: Looks after the streams.
        watchers: Those that would watch for ever; nobody waits for them to end.
    """

    def __init__(
        self, settings: GatewaySettings, *, share: int = 1, shared: Path | None = None
    ) -> None:
        self._pool = SessionPool(
            limit=settings.global_max_parallel_requests, label="<the gateway's pool>"
        )
        self._budget = RetryBudget()
        self._estimates = Estimates()
        self.clock = self._pool.clock
        self.settings = settings
        self.doorkeeper = Doorkeeper(settings.master_key)
        self.books = Books(settings, self.doorkeeper, self.clock, share=share)
        self.upstream = self._upstream(settings, {})
        self.sweeper = Sweeper(self.clock, settings.keepalive)
        self._exchange = None if shared is None else Exchange(shared)
        self._publishing: asyncio.Task[None] | None = None
        self.watchers: set[asyncio.Task[object]] = set()

    async def start(self) -> None:
        """Begin; in the loop that serves."""
        await self.books.open()
        self.sweeper.start()
        if self._exchange is not None:
            self._publishing = asyncio.ensure_future(self._publish(self._exchange))

    async def stop(self) -> None:
        """End all calls."""
        await self.sweeper.stop()
        if self._publishing is not None:
            self._publishing.cancel()
            await asyncio.gather(self._publishing, return_exceptions=True)
        await self._pool.aclose()
        await self.books.close()

    @property
    def accounts(self) -> Accounts:
        """Where calls are settled."""
        return self.books.accounts

    async def all_metrics(self) -> Metrics:
        """What all processes counted; of the others, a second ago."""
        own = self._present()
        if self._exchange is None:
            return own
        return await asyncio.to_thread(self._exchange.sum_with, own)

    def _present(self) -> Metrics:
        """What this process counted, with what is under way."""
        metrics = self.accounts.metrics
        metrics.in_flight = {
            each.settings.id: each.in_flight
            for each in self.upstream.router.deployments
        }
        streaming: dict[str, int] = {}
        for relay in self.sweeper.relays:
            chunks = streaming.get(relay.model, 0)
            streaming[relay.model] = chunks + relay.chunks
        metrics.streaming = streaming
        return metrics

    def gauges(self) -> Gauges:
        """What is so at this moment."""
        now = self.clock.now()
        pool = self._pool.statistics()
        each = self.upstream.router.deployments
        places = [(d, d.settings.id, d.group) for d in each]
        return Gauges(
            cooling=[(i, g, max(0.0, d.cooldown.until - now)) for d, i, g in places],
            latency=[(i, g, d.latency) for d, i, g in places],
            remaining=[
                (i, g, d.remaining) for d, i, g in places if d.remaining is not None
            ],
            pool={
                "connections": pool.connections,
                "in_flight": pool.in_flight,
                "waiting": pool.waiting,
            },
        )

    def reload(self, settings: GatewaySettings) -> None:
        """Serve what comes by other settings.

        Raises:
            ConfigurationError: A deployment cannot be reached; all stays as it was.
        """
        before = self.settings
        known = {each.settings.id: each for each in self.upstream.router.deployments}
        self.upstream = self._upstream(settings, known)
        self.settings = settings
        self.books.parallel = settings.max_parallel_requests
        for name in _FIXED:
            if getattr(before, name) != getattr(settings, name):
                _logger.warning("%s changes with the next start only", name)
        self.sweeper.keepalive = settings.keepalive
        self.doorkeeper.set_master_key(settings.master_key)

    async def _publish(self, exchange: Exchange) -> None:
        while True:
            await asyncio.to_thread(exchange.leave, self._present())
            await self.clock.sleep(_PUBLISHED_EVERY)

    def _upstream(
        self, settings: GatewaySettings, known: dict[str, Deployment]
    ) -> Upstream:
        deployments: list[Deployment] = []
        for each in settings.deployments:
            service = self._service(each, settings)
            deployment = Deployment(each, settings.router, service)
            other = known.get(each.id)
            if other is not None and other.is_as(deployment):
                # With the calls that it is answering, which count for its limits.
                deployment = other
            elif other is not None:
                deployment.adopt(other)
            deployments.append(deployment)
        router = Router(deployments, settings.router)
        return Upstream(router, self.clock, self._budget, self._estimates)

    def _service(self, each: DeploymentSettings, settings: GatewaySettings) -> Service:
        config = ClientConfig.resolve(
            environ=os.environ,
            api_key=each.api_key,
            base_url=each.api_base,
            # The gateway repeats, and not always with the same deployment.
            max_retries=_NO_RETRIES,
            default_headers=each.extra_headers,
            document_inlining=settings.document_inlining,
        )
        return Service(self._pool, self._budget, config)
