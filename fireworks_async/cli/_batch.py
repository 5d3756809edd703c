"""``fireworks-async batch``: words in, a run of a batch, an exit code out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from fireworks_async.cli._batch_options import PaceOptions, RowOptions, options_of
from fireworks_async.cli._batch_progress import ProgressForm, watch
from fireworks_async.cli._batch_ray import RayOptions, run_on_ray
from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._lines import say
from fireworks_async.cli._loop import STOP_SIGNALS
from fireworks_async.cli._unary import call, json_line, line

if TYPE_CHECKING:
    from fireworks_async import AsyncFireworks
    from fireworks_async.batch import BatchControl, BatchSummary

__all__ = ("batch",)

_FORMS: Mapping[str, ProgressForm] = {form: form for form in get_args(ProgressForm)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run, as it is asked for."""

    source: str
    output: str
    errors: str | None
    options: Mapping[str, object]
    form: ProgressForm


def batch(
    *,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="JSONL, .gz, .zst, CSV, TSV, Parquet, or - for standard input.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Argument(
            metavar="OUTPUT",
            help="The file of answers; not needed with --check and --estimate.",
            show_default=False,
        ),
    ] = None,
    errors: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The file of failures; else out.errors.jsonl for out.jsonl.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell what is wrong with the rows.")
    ] = False,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate",
            help="Only tell what it will cost; a few rows are sent, with max_tokens 1.",
        ),
    ] = False,
    progress: Annotated[
        str,
        typer.Option(
            metavar="FORM", help="auto, bar, lines, json or none; on standard error."
        ),
    ] = "auto",
    json: Annotated[
        bool, typer.Option("--json", help="The summary as one line of JSON.")
    ] = False,
    rows: RowOptions,
    running: PaceOptions,
    machines: RayOptions,
    server: ServerOptions,
) -> ExitCode:
    """Answer every row of a file, once, at the speed that the account allows.

    May be stopped, or killed, at any moment: the same command goes on from there.
    Ctrl-C waits for the rows in flight, a second one gives them up.

    For example: fireworks-async batch rows.jsonl out.jsonl -m deepseek-v3p1
    """
    options = options_of(
        rows, running, max_retries=server.max_retries, simulate=server.simulate
    )
    if check:
        return _check(source, options, as_json=json)
    form = _FORMS.get(progress)
    if form is None:
        raise UsageError(f"--progress: {progress!r} is none of its forms")
    if estimate:
        return _estimate(source, options, server, as_json=json)
    if output is None:
        raise UsageError("no OUTPUT: name the file that the answers go to")
    if "-" in (output, errors):
        raise UsageError("OUTPUT and --errors are files, from which a run goes on")
    if machines.is_ray():
        where = machines, server
        summary = run_on_ray(source, output, errors, options, *where)
        return _told(summary, as_json=json)
    run = _Run(
        source=source,
        output=output,
        errors=errors,
        options=options,
        form=form,
    )
    connections = running.concurrency or 0
    summary = call(server, partial(_run, run), connections=connections)
    return _told(summary, as_json=json)


def _check(source: str, options: Mapping[str, object], *, as_json: bool) -> ExitCode:
    from fireworks_async.batch import check_batch  # noqa: PLC0415 - not for --help

    try:
        found = check_batch(source, **cast("Any", options))
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    if as_json:
        json_line(found)
    else:
        for text in found.lines():
            line(text)
    return ExitCode.FAILED if found.bad else ExitCode.OK


def _estimate(
    source: str,
    options: Mapping[str, object],
    server: ServerOptions,
    *,
    as_json: bool,
) -> ExitCode:
    from fireworks_async.batch import estimate_batch  # noqa: PLC0415 - not for --help

    found = call(
        server,
        lambda client: estimate_batch(source, client=client, **cast("Any", options)),
    )
    if as_json:
        json_line(found)
    else:
        for text in found.lines():
            line(text)
    return ExitCode.FAILED if found.bad and not found.rows else ExitCode.OK


async def _run(run: _Run, client: "AsyncFireworks") -> "BatchSummary":
    from fireworks_async.batch import BatchControl, run_batch  # noqa: PLC0415 - not for --help

    control = BatchControl()
    watching = asyncio.ensure_future(watch(control, run.form))
    with _Signals(control):
        try:
            return await run_batch(
                run.source,
                run.output,
                errors=run.errors,
                client=client,
                control=control,
                **cast("Any", run.options),
            )
        finally:
            watching.cancel()
            await asyncio.wait([watching])


class _Signals:
    """Ctrl-C, and its like, stop a run while its block lasts, instead of the process."""

    def __init__(self, control: "BatchControl") -> None:
        self._control = control
        self._is_stopping = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._heard)

    def __exit__(self, *exc: object) -> None:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)

    def _heard(self) -> None:
        if self._is_stopping:
            say("giving up what is in flight")
            self._control.abort()
            return
        self._is_stopping = True
        progress = self._control.progress()
        count = 0 if progress is None else progress.in_flight
        say(f"stopping: {count} rows in flight are waited for; once more gives them up")
        self._control.stop()


def _told(summary: "BatchSummary", *, as_json: bool) -> ExitCode:
    """Show what the run has come to, and give its exit code."""
    if as_json:
        json_line(summary)
    else:
        for text in summary.lines():
            line(text)
    if summary.stopped is not None:
        return ExitCode.STOPPED
    return ExitCode.FAILED if summary.recorded_failed else ExitCode.OK
