"""``fireworks-async proxy``."""

import contextlib
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._exits import ExitCode
from fireworks_async.cli._lines import counted
from fireworks_async.cli._loop import run_in_loop

if TYPE_CHECKING:
    from fireworks_async.proxy._serving import Serving

__all__ = ("proxy",)


def proxy(
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML in the form of LiteLLM's proxy. Without one, all models of the "
            "account behind FIREWORKS_API_KEY.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="The address to listen on; one that others can reach needs a "
            "master_key in the file.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="PORT", help="0 takes a free one."),
    ] = 4000,
    workers: Annotated[
        int,
        typer.Option(min=1, max=512, metavar="N", help="Processes that serve."),
    ] = 1,
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the API is, for deployments without an api_base; ends in /v1. "
            "Else FIREWORKS_BASE_URL, else the public API.",
        ),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="For deployments without one; better set FIREWORKS_API_KEY: a "
            "command's words can be seen by others.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check the configuration, and end.")
    ] = False,
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate",
            help="Answer from a simulator inside this process: no key, no network, "
            "made-up words.",
        ),
    ] = False,
) -> ExitCode:
    """Serve an OpenAI-compatible gateway to the API, until Ctrl-C.

    One line is printed when it answers: its URL. SIGHUP reads the configuration again.

    For example: fireworks-async proxy --config config.yaml
    """
    from fireworks_async.proxy._serving import Serving  # noqa: PLC0415 - not for --help

    serving = Serving(
        config=config,
        host=host,
        port=port,
        workers=workers,
        base_url=base_url,
        api_key=api_key,
    )
    if check:
        count = replace(serving, upstream="" if simulate else None).check()
        deployments = counted(count, "deployment")
        sys.stdout.write(f"{config or 'no file'}: {deployments}, all well\n")
        return ExitCode.OK
    run = partial(_run, simulate=simulate)
    with contextlib.suppress(KeyboardInterrupt):
        if workers > 1:
            return _run_workers(serving, run)
        run(serving, _announce)
    return ExitCode.OK


def _run(
    serving: "Serving", announce: Callable[[str], None], *, simulate: bool
) -> None:
    run_in_loop(partial(_serve, serving, announce, simulate=simulate))


async def _serve(
    serving: "Serving", announce: Callable[[str], None], *, simulate: bool
) -> None:
    from fireworks_async.proxy._serving import serve  # noqa: PLC0415 - not for --help

    if not simulate:
        await serve(serving, announce)
        return
    from fireworks_async.simulator import Simulator  # noqa: PLC0415 - not for --help

    async with Simulator(ttft=0.05, gap=0.01) as simulator:
        await serve(replace(serving, upstream=simulator.base_url), announce)


def _run_workers(
    serving: "Serving",
    run: Callable[["Serving", Callable[[str], None]], None],
) -> ExitCode:
    from fireworks_async.proxy._workers import reserve_port, run_workers  # noqa: PLC0415 - not for --help

    with (
        tempfile.TemporaryDirectory(prefix="fireworks-async-") as shared,
        contextlib.closing(reserve_port(serving.host, serving.port)) as reserved,
    ):
        each = replace(serving, port=reserved.getsockname()[1], shared=Path(shared))

        def work(_: int, ready: Callable[[str], None]) -> None:
            run(each, ready)

        return ExitCode(run_workers(serving.workers, work, _announce))


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
