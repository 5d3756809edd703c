"""``fireworks-async simulate``."""

import contextlib
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._exits import ExitCode
from fireworks_async.cli._loop import run_in_loop
from fireworks_async.cli._simulate_options import BudgetOptions, CapacityOptions

if TYPE_CHECKING:
    from fireworks_async.simulator import Simulator

__all__ = ("simulate",)


def simulate(
    *,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="PORT", help="0 takes a free one."),
    ] = 8000,
    ttft: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="Time before the first token."),
    ] = 0.0,
    gap: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Time between two tokens.")
    ] = 0.0,
    tokens: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Length of answers that max_tokens does not cut."
        ),
    ] = 16,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Another seed gives other words.")
    ] = 0,
    capacity: CapacityOptions,
    budgets: BudgetOptions,
) -> ExitCode:
    """Serve a stand-in for the API, until Ctrl-C.

    One line is printed when it answers: the base URL to give to a client. Every key is
    good.

    For example: fireworks-async simulate --port 8000 --ttft 0.2
    """
    from fireworks_async.simulator import Simulator  # noqa: PLC0415 - loads aiohttp

    simulator = Simulator(
        host=host,
        port=port,
        ttft=ttft,
        gap=gap,
        tokens=tokens,
        seed=seed,
        limits=budgets.limits(),
        **capacity.arguments(),
    )
    # That is how it is stopped where the loop takes no signals.
    with contextlib.suppress(KeyboardInterrupt):
        run_in_loop(partial(_serve, simulator))
    return ExitCode.OK


async def _serve(simulator: "Simulator") -> None:
    import anyio  # noqa: PLC0415 - not for --help

    async with simulator:
        if sys.platform == "win32":
            _announce(simulator)
            await anyio.sleep_forever()
        # Before the line: whoever reads it may send the signal at once.
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            _announce(simulator)
            await anext(aiter(signals))


def _announce(simulator: "Simulator") -> None:
    sys.stdout.write(f"{simulator.base_url}\n")
    sys.stdout.flush()
