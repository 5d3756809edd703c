"""How a command ends: its exit code, and the one line that an error becomes."""

import functools
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import ParamSpec

from fireworks_async.cli._lines import complain, say
from fireworks_async.errors import (
    ConfigurationError,
    FireworksError,
    MissingAPIKeyError,
)

__all__ = ("ExitCode", "UsageError", "with_exit_code")

P = ParamSpec("P")

_NO_KEY = (
    "no API key: set FIREWORKS_API_KEY. Without one, the same command works now with "
    "--simulate"
)


class ExitCode(IntEnum):
    """What the shell is told."""

    OK = 0
    FAILED = 1
    USAGE = 2
    STOPPED = 3


class UsageError(Exception):
    """The words make no call; the text says which, and what to write instead."""


def with_exit_code(command: Callable[P, ExitCode]) -> Callable[P, ExitCode]:
    """Let nothing that is expected out of a command but its exit code.

    A fault of this program still ends in a traceback: it is to be reported.
    """

    @functools.wraps(command)
    def ending(*args: P.args, **kwargs: P.kwargs) -> ExitCode:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            say("stopped")
            return ExitCode.STOPPED
        except BrokenPipeError:
            _forget_standard_output()
            return ExitCode.STOPPED
        except (UsageError, ConfigurationError) as error:
            is_keyless = isinstance(error, MissingAPIKeyError)
            complain(_NO_KEY if is_keyless else str(error))
            return ExitCode.USAGE
        except FireworksError as error:
            complain(str(error))
            return ExitCode.FAILED
        except OSError as error:
            what = error.strerror or str(error)
            complain(f"{error.filename}: {what}" if error.filename else what)
            return ExitCode.FAILED

    return ending


def _forget_standard_output() -> None:
    """Nobody reads it any more: keep the interpreter from flushing it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
