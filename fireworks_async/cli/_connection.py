"""Where a command's calls go: the options for it, and the client that follows."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._exits import UsageError

if TYPE_CHECKING:
    from fireworks_async import AsyncFireworks
    from fireworks_async.simulator import Simulator

__all__ = ("SIMULATED_MODEL", "ServerOptions", "open_client")

SIMULATED_MODEL = "kimi-k2p6"
"""What is asked when a simulator answers, and no model is named."""

_PANEL = "Server"
_RETRIES = 2
_CONNECTIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Which server, by what right, and with how much patience."""

    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the API is; ends in /v1. Else FIREWORKS_BASE_URL, else the "
            "public API.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Better set FIREWORKS_API_KEY: a command's words can be seen by "
            "others.",
            rich_help_panel=_PANEL,
        ),
    ] = field(default=None, repr=False)
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate",
            help="Answer from a simulator inside this process: no key, no network, "
            "made-up words.",
            rich_help_panel=_PANEL,
        ),
    ] = False
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="The longest silence of the server.",
            rich_help_panel=_PANEL,
        ),
    ] = 300
    max_retries: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Attempts beyond the first, as long as nothing has been shown: 2; in a "
            "batch, as many as the cause deserves.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None


def open_client(
    server: ServerOptions, *, connections: int = 0
) -> AbstractAsyncContextManager["AsyncFireworks"]:
    """Prepare a client; nothing is opened before the result is entered.

    With ``simulate``, entering starts a simulator too, paced so that the answer can be
    seen to stream.

    Args:
        server: Which server.
        connections: How many it must be able to hold, if more than usual.

    Raises:
        UsageError: Options exclude each other.
        ConfigurationError: There is no key, or an option cannot be used.
    """
    from fireworks_async import AsyncFireworks  # noqa: PLC0415 - it loads aiohttp

    if server.simulate:
        if server.base_url is not None:
            raise UsageError("--simulate and --base-url exclude each other")
        from fireworks_async.simulator import Simulator  # noqa: PLC0415 - likewise

        return _simulated(Simulator(ttft=0.2, gap=0.02), server, connections)
    return AsyncFireworks(
        api_key=server.api_key,
        base_url=server.base_url,
        timeout=server.timeout,
        max_retries=_retries(server),
        max_connections=max(_CONNECTIONS, connections),
    )


@asynccontextmanager
async def _simulated(
    simulator: "Simulator", server: ServerOptions, connections: int
) -> AsyncGenerator["AsyncFireworks"]:
    from fireworks_async import AsyncFireworks  # noqa: PLC0415 - loaded by the caller

    async with (
        simulator,
        AsyncFireworks(
            api_key="fw_simulated",
            base_url=simulator.base_url,
            timeout=server.timeout,
            max_retries=_retries(server),
            max_connections=max(_CONNECTIONS, connections),
        ) as client,
    ):
        yield client


def _retries(server: ServerOptions) -> int:
    return _RETRIES if server.max_retries is None else server.max_retries
