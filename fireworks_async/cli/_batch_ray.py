"""``batch --engine ray``: the options for it, and the run that they make."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import UsageError

if TYPE_CHECKING:
    from fireworks_async.batch import BatchSummary

__all__ = ("RayOptions", "run_on_ray")

_PANEL = "Many machines"
_KEY = "FIREWORKS_API_KEY"
_USUAL_TIMEOUT = ServerOptions().timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class RayOptions:
    """Which engine does the work, and where."""

    engine: Annotated[
        str,
        typer.Option(
            metavar="local|ray",
            help="ray: on the machines of a Ray cluster, by Ray Data.",
            rich_help_panel=_PANEL,
        ),
    ] = "local"
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Of the cluster; else the one that the environment names, else a new "
            "one on this machine. Each node needs FIREWORKS_API_KEY.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    ray_actors: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Processes that send.", rich_help_panel=_PANEL
        ),
    ] = 1
    ledger: Annotated[
        str | None,
        typer.Option(
            metavar="DIRECTORY",
            help="Where answers are recorded, seen by all nodes; else OUTPUT.ledger.",
            rich_help_panel=_PANEL,
        ),
    ] = None

    def is_ray(self) -> bool:
        """Whether Ray does the work.

        Raises:
            UsageError: It is no engine, or words are there that the other does not know.
        """
        if self.engine == "ray":
            return True
        if self.engine != "local":
            raise UsageError(f"--engine: local or ray, not {self.engine!r}")
        if self != RayOptions():
            raise UsageError(
                "--ray-address, --ray-actors and --ledger go with --engine ray"
            )
        return False


def run_on_ray(
    source: str,
    output: str,
    errors: str | None,
    options: Mapping[str, object],
    ray: RayOptions,
    server: ServerOptions,
) -> "BatchSummary":
    """Run it.

    Raises:
        UsageError: Words do not go with Ray.
        FireworksError: It cannot begin, or not go on.
    """
    from fireworks_async.batch._ray_run import run_ray_batch  # noqa: PLC0415 - not for --help

    if server.timeout != _USUAL_TIMEOUT:
        raise UsageError("--timeout does not go with --engine ray")
    # As typed: what was not is at its default, and drain has nothing to wait for.
    typed = {k: v for k, v in options.items() if v or (v == 0 and v is not False)}
    typed.pop("drain", None)
    with ExitStack() as stack:
        base_url = _open_server(stack, ray, server)
        # Ray tells of workers that died on standard output, which is the summary's.
        stack.enter_context(redirect_stdout(sys.stderr))
        try:
            return run_ray_batch(
                source,
                output,
                errors=errors,
                address=ray.ray_address,
                actors=ray.ray_actors,
                ledger=ray.ledger,
                base_url=base_url,
                **cast("Any", typed),
            )
        except (TypeError, ValueError) as error:
            raise UsageError(str(error)) from None


def _open_server(
    stack: ExitStack, ray: RayOptions, server: ServerOptions
) -> str | None:
    """Where the actors send, with a key in the environment that they inherit."""
    if server.simulate:
        if server.base_url is not None:
            raise UsageError("--simulate and --base-url exclude each other")
        from fireworks_async.simulator import Simulator  # noqa: PLC0415 - not for --help
        from fireworks_async.simulator._thread import serve_in_thread  # noqa: PLC0415 - likewise

        os.environ.setdefault(_KEY, "fw_simulated")
        simulator = stack.enter_context(serve_in_thread(Simulator(ttft=0.2, gap=0.02)))
        return simulator.base_url
    if server.api_key is not None:
        if ray.ray_address is not None:
            raise UsageError(
                "--api-key does not reach the nodes of a cluster: set FIREWORKS_API_KEY "
                "in the environment of each"
            )
        os.environ[_KEY] = server.api_key
    return server.base_url
