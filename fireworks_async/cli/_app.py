"""The commands by name, and what is done with words that are none."""

import importlib
import inspect
import io
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, Any, cast

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from fireworks_async._version import __version__
from fireworks_async.cli._exits import ExitCode, with_exit_code
from fireworks_async.cli._groups import grouped
from fireworks_async.cli._lines import complain, say

__all__ = ("run",)

_PROGRAM = "fireworks-async"
# Typer has no public name for the class of all usage errors.
_TyperUsageError = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
# What newer typer makes of Ctrl-C before the command has begun; the older aborts.
_INTERRUPTED = 130
# Each is a function in a module of its name, which is imported when it is needed.
_COMMANDS = (
    "chat",
    "complete",
    "embed",
    "rerank",
    "transcribe",
    "models",
    "batch",
    "merge",
    "loadtest",
    "proxy",
    "keys",
    "simulate",
)


@with_exit_code
def run(args: Sequence[str] | None) -> ExitCode:
    """Run one command; all that is expected ends in an exit code.

    Args:
        args: The words; None for those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the locale does not have is no reason to fail.
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if args is None else args)
    named = [word for word in words[:1] if word in _COMMANDS]
    command = typer.main.get_command(_app(named or _COMMANDS))
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            code = command.main(
                words or ["--help"], prog_name=_PROGRAM, standalone_mode=False
            )
        except _TyperUsageError as error:
            helper = " ".join([_PROGRAM, *named, "--help"])
            complain(f"{error.format_message()} (see {helper})")
            return ExitCode.USAGE
        except typer.Abort:
            code = _INTERRUPTED
    if code == _INTERRUPTED:
        say("stopped")
        return ExitCode.STOPPED
    return ExitCode(code or 0) if words else ExitCode.USAGE


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))


class _Commands(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))


def _plain(params: list[Any]) -> list[Any]:
    """Show flags without a type: newer typer's ``<bool>`` looks as if one was due."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


def _app(names: Sequence[str]) -> typer.Typer:
    app = typer.Typer(
        cls=_Commands,
        help="The Fireworks AI inference API from the command line.",
        # Its tracebacks show the values of variables, the key among them.
        pretty_exceptions_enable=False,
    )
    # With it, a single command has a name all the same.
    app.callback()(_options)
    for name in names:
        module = importlib.import_module(f"fireworks_async.cli._{name}")
        command = getattr(module, name)
        text = inspect.getdoc(command) or ""
        # Typer keeps the source's line breaks in all but the first paragraph.
        paragraphs = [" ".join(lines.split()) for lines in text.split("\n\n")]
        wrapped = with_exit_code(grouped(command))
        app.command(name, cls=_Command, help="\n\n".join(paragraphs))(wrapped)
    return app


def _tell_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"{_PROGRAM} {__version__}\n")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            callback=_tell_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    pass


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    say(f"warning: {message}")
