"""Serves the gateway in one process: listens, reloads when told, drains when stopped."""

import contextlib
import gc
import ipaddress
import logging
import signal
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from fireworks_async._web.server import WebServer
from fireworks_async.errors import ConfigurationError, ProxyConfigError
from fireworks_async.proxy._app import GATEWAY, create_app
from fireworks_async.proxy._config import load_config
from fireworks_async.proxy._database import check_place
from fireworks_async.proxy._gateway import Gateway
from fireworks_async.proxy._settings import GatewaySettings

__all__ = ("Serving", "is_loopback", "serve")

_logger = logging.getLogger("fireworks_async.proxy")

# Streams that are still running this long after the signal are ended.
_DRAIN: Final = 30.0
# Many know sk-1234, and shorter ones are found out.
_SHORTEST_KEY: Final = 12
_SIMULATED_KEY: Final = "fw_simulated"
# Python looks for cycles after 700 new objects, which are those of five calls under way:
# a twentieth of the work was done for next to no garbage.
_LOOKED_FOR_CYCLES_AFTER: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where and what to serve.

    Attributes:
        config: The configuration file, or None.
        host: The address to listen on.
        port: The port; 0 for a free one.
        workers: How many processes serve the same port.
        base_url: Of deployments that name no base of their own.
        api_key: Of deployments that name no key of their own.
        upstream: In place of every deployment's base URL and key, for a simulator.
        shared: Where the processes leave their numbers for each other.
    """

    config: Path | None = None
    host: str = "127.0.0.1"
    port: int = 4000
    workers: int = 1
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    upstream: str | None = None
    shared: Path | None = None

    def check(self) -> int:
        """Find out whether it could be served; how many deployments there are.

        Raises:
            ConfigurationError: It could not.
        """
        settings = self.settings()
        if self.upstream is None:
            Gateway(settings)
        if settings.database is not None:
            check_place(settings.database)
        return len(settings.deployments)

    def settings(self) -> GatewaySettings:
        """What the configuration says now.

        Raises:
            ProxyConfigError: It is wrong, or opens the gateway to other machines
                without a key.
        """
        is_simulated = self.upstream is not None
        settings = load_config(
            self.config, missing=_SIMULATED_KEY if is_simulated else None
        )
        if not is_loopback(self.host):
            _check_key(settings.master_key, self.host)
        deployments = tuple(
            replace(each, api_base=self.upstream, api_key=_SIMULATED_KEY)
            if is_simulated
            else replace(
                each,
                api_base=each.api_base or self.base_url,
                api_key=each.api_key or self.api_key,
            )
            for each in settings.deployments
        )
        return replace(settings, deployments=deployments)


async def serve(serving: Serving, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reads the configuration again.

    Args:
        serving: What, and where.
        announce: Called with the URL once it answers.

    Raises:
        ConfigurationError: It cannot be served as configured.
        OSError: The address cannot be listened on.
    """
    settings = await anyio.to_thread.run_sync(serving.settings)
    app = create_app(settings, share=serving.workers, shared=serving.shared)
    server = WebServer(
        app, host=serving.host, port=serving.port, reuse_port=serving.workers > 1
    )
    await server.start()
    try:
        with _rare_collections():
            await _until_stopped(serving, app[GATEWAY], partial(announce, server.url))
    finally:
        for watcher in tuple(app[GATEWAY].watchers):
            watcher.cancel()
        await server.stop(drain=_DRAIN)


async def _until_stopped(
    serving: Serving, gateway: Gateway, announce: Callable[[], None]
) -> None:
    if sys.platform == "win32":
        announce()
        await anyio.sleep_forever()
    # Before the line: whoever reads it may send a signal at once.
    with anyio.open_signal_receiver(
        signal.SIGHUP, signal.SIGINT, signal.SIGTERM
    ) as signals:
        announce()
        async for received in signals:
            if received != signal.SIGHUP:
                break
            try:
                settings = await anyio.to_thread.run_sync(serving.settings)
                gateway.reload(settings)
            except ConfigurationError as error:
                _logger.error("not reloaded: %s", error)  # noqa: TRY400 - the text is all there is
            else:
                _logger.warning("reloaded")


@contextlib.contextmanager
def _rare_collections() -> Generator[None]:
    """Have Python look for cycles seldom, and never among what is there from the start.

    For a process that does nothing else: what is set here holds for all of it.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LOOKED_FOR_CYCLES_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _check_key(master_key: str | None, host: str) -> None:
    """Raise a ProxyConfigError when a key does not keep others out."""
    if master_key is None:
        raise ProxyConfigError(
            f"{host} can be reached by others: set general_settings.master_key"
        )
    if len(master_key) < _SHORTEST_KEY:
        raise ProxyConfigError(
            f"{host} can be reached by others: general_settings.master_key needs "
            f"{_SHORTEST_KEY} characters or more"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
