"""``create_app``: the gateway as an aiohttp.web application."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from aiohttp import web

from fireworks_async.proxy._config import load_config, settings_of
from fireworks_async.proxy._endpoints import Endpoints
from fireworks_async.proxy._gateway import Gateway
from fireworks_async.proxy._health import Health
from fireworks_async.proxy._lists import Lists
from fireworks_async.proxy._page import Page
from fireworks_async.proxy._settings import GatewaySettings
from fireworks_async.proxy._watching import Watching

__all__ = ("GATEWAY", "create_app")

GATEWAY = web.AppKey("GATEWAY", Gateway)


def create_app(
    config: GatewaySettings | Mapping[str, object] | Path | str | None = None,
    *,
    share: int = 1,
    shared: Path | None = None,
) -> web.Application:
    """The gateway, to be served by aiohttp.

    Serve it with ``handler_cancellation=True``, as ``fireworks-async proxy`` does:
    then a call ends in the moment its caller leaves, and not within a second of it.

    Args:
        config: The path of a configuration file, or its content as a mapping; None
            for all models of the account behind ``FIREWORKS_API_KEY``.
        share: How many processes serve; each takes its share of a key's limits of pace.
        shared: A directory where those processes leave their numbers for each other.

    Raises:
        ProxyConfigError: The configuration is wrong.
        ConfigurationError: A deployment cannot be reached as configured.
    """
    if isinstance(config, Mapping):
        settings = settings_of(config)
    elif isinstance(config, GatewaySettings):
        settings = config
    else:
        settings = load_config(None if config is None else Path(config))
    gateway = Gateway(settings, share=share, shared=shared)
    app = web.Application(client_max_size=settings.max_request_bytes)
    app[GATEWAY] = gateway
    rooms = (
        Lists(gateway),
        Health(gateway),
        Watching(gateway),
        Page(gateway),
        # The last: it takes any path.
        Endpoints(gateway),
    )
    app.add_routes([route for room in rooms for route in room.routes()])

    async def running(_: web.Application) -> AsyncIterator[None]:
        await gateway.start()
        yield
        await gateway.stop()

    app.cleanup_ctx.append(running)
    return app
