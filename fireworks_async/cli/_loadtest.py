"""``fireworks-async loadtest``."""

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fireworks_async.cli._connection import SIMULATED_MODEL
from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._lines import complain, say
from fireworks_async.cli._loadtest_options import (
    LimitOptions,
    LoadOptions,
    MeasuredServer,
)
from fireworks_async.cli._loadtest_prompts import PromptOptions
from fireworks_async.cli._loadtest_reports import OutputOptions
from fireworks_async.cli._loop import STOP_SIGNALS, run_in_loop

if TYPE_CHECKING:
    from fireworks_async.loadtest import Estimate, LoadTestReport

__all__ = ("loadtest",)


def loadtest(
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="compare BEFORE AFTER",
            help="Show what changed from one report of --json to another, instead of "
            "measuring.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            envvar="FIREWORKS_MODEL",
            help="Such as deepseek-v3p1, or a full name. Not needed with --simulate.",
        ),
    ] = None,
    server: MeasuredServer,
    load: LoadOptions,
    prompts: PromptOptions,
    limits: LimitOptions,
    output: OutputOptions,
) -> ExitCode:
    """Measure a server: time to first token, gaps, throughput, goodput.

    The client is measured first, against a simulator, and the report ends with a
    verdict: clean, strained or client-limited. Ctrl-C ends a run early; the report is
    then of what came, and the exit code 3.

    For example: fireworks-async loadtest -m deepseek-v3p1 --concurrency 1,8
    """
    try:
        if words:
            return _compare(words)
        if model is None and not server.simulate:
            raise UsageError(
                "no model: give --model, such as --model deepseek-v3p1, or --simulate"
            )
        options = {
            **server.options(),
            **load.options(),
            **prompts.options(),
            **limits.options(),
            **output.options(),
        }
        return _run(model or SIMULATED_MODEL, options, output, yes=limits.yes)
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise UsageError(
            "load tests need numpy: install fireworks-async[loadtest]"
        ) from None


def _compare(words: list[str]) -> ExitCode:
    from fireworks_async.cli._loadtest_output import show_comparison  # noqa: PLC0415 - not for --help

    if words[0] != "compare" or len(words) != 3:
        raise UsageError("write: loadtest compare BEFORE.json AFTER.json")
    return show_comparison(words[1], words[2])


def _run(
    model: str, options: dict[str, Any], output: OutputOptions, *, yes: bool
) -> ExitCode:
    # Here and below, because it is not for --help.
    from fireworks_async.cli._loadtest_output import (  # noqa: PLC0415 - as above
        Demands,
        check_files,
        write_reports,
    )
    from fireworks_async.errors import LoadTestError  # noqa: PLC0415 - as above

    try:
        demands = Demands.parse(output.demand or ())
        check_files(output)
        report, was_stopped = run_in_loop(partial(_measure, model, options, yes=yes))
    except (LoadTestError, TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    write_reports(report, output)
    for said in demands.doubts_of(report):
        say(f"note: {said}")
    for said in (broken := demands.broken_by(report)):
        complain(said)
    if was_stopped:
        return ExitCode.STOPPED
    return ExitCode.FAILED if broken or _has_failed(report, demands) else ExitCode.OK


async def _measure(
    model: str, options: dict[str, Any], *, yes: bool
) -> tuple["LoadTestReport", bool]:
    """Measure; the second value is whether a signal ended it."""
    import asyncio  # noqa: PLC0415 - as above

    from fireworks_async.cli._loadtest_screen import Screen  # noqa: PLC0415 - as above
    from fireworks_async.loadtest import run_loadtest  # noqa: PLC0415 - as above

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    screen = Screen()

    def end_early() -> None:
        # A second one ends it the hard way.
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
        stop.set()
        screen.note("ending: nothing more is started; Ctrl-C again ends it at once")

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, end_early)
    try:
        with screen:
            report = await run_loadtest(
                model=model,
                on_progress=screen.show,
                confirm=partial(_confirm, screen, yes=yes),
                stop=stop,
                **options,
            )
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
    return report, stop.is_set()


def _confirm(screen: Any, guess: "Estimate", *, yes: bool) -> bool:
    screen.note(str(guess))
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("this goes to another machine, and may cost: add --yes")
    with screen.paused():
        return typer.confirm("Go on?", err=True)


def _has_failed(report: "LoadTestReport", demands: Any) -> bool:
    """Demands say what is wanted; without them, that nothing fails is."""
    summaries = [run.summary for run in report.runs]
    answered = sum(each.completed + each.cancelled for each in summaries)
    return not answered or (not demands and any(each.errors for each in summaries))
