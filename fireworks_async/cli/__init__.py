"""The ``fireworks-async`` command: words in, exit code out.

A command turns words into calls on the public client, and what comes back into lines;
what an answer means is decided on the floors below. Typer and rich are the ``cli``
extra. Nothing of weight is imported before a command runs, so ``--help`` is quick.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ("main",)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: The words after the program's name; None for those of the process.

    Returns:
        0 all well, 1 something failed, 2 usage, 3 stopped early.
    """
    _open_standard_streams()
    try:
        # Here, so that a missing extra is one line and not a traceback.
        from fireworks_async.cli._app import run  # noqa: PLC0415

        return run(args)
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        sys.stderr.write(
            "error: the commands need typer and rich: install fireworks-async[cli]\n"
        )
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 3


def _open_standard_streams() -> None:
    """Give those that the caller closed a descriptor, before a socket takes its place.

    A file gets the lowest descriptor that is free, so they are opened in order.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open as long as the process lives
            setattr(sys, name, stream)
