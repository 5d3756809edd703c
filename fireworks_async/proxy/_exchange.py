"""Numbers that several processes leave for each other in files; what they mean is not here."""

import os
import time
from pathlib import Path
from typing import Final

import msgspec

from fireworks_async.proxy._metrics import Metrics

__all__ = ("Exchange",)

_SUFFIX: Final = ".numbers"
# Each is left anew every second; what is older was left by a process that has ended.
_ALIVE: Final = 5.0
_DECODE: Final = msgspec.json.Decoder(Metrics).decode
_ENCODE: Final = msgspec.json.Encoder().encode


class Exchange:
    """One process's side.

    Args:
        directory: Where the files are; those of processes that ended still count.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own = directory / f"{os.getpid()}{_SUFFIX}"

    def leave(self, metrics: Metrics) -> None:
        """Let the others know; blocks."""
        draft = self._own.with_suffix(".draft")
        draft.write_bytes(_ENCODE(metrics))
        draft.replace(self._own)

    def sum_with(self, own: Metrics) -> Metrics:
        """The numbers of all, this process's as they are now; blocks."""
        total = Metrics()
        total.merge(own)
        for path in self._directory.glob(f"*{_SUFFIX}"):
            if path == self._own:
                continue
            other = _DECODE(path.read_bytes())
            if time.time() - path.stat().st_mtime > _ALIVE:
                other.in_flight = {}
                other.streaming = {}
            total.merge(other)
        return total
