"""Several processes that listen on one port: started, watched, stopped; POSIX only.

What a worker does is handed in. The kernel shares connections out among the listeners.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

from fireworks_async._web.server import listening_error
from fireworks_async.errors import ProxyConfigError

__all__ = ("reserve_port", "run_workers")

Work = Callable[[int, Callable[[str], None]], None]

# A worker that ends sooner than this is broken, and is not started for ever.
_SHORT_LIFE: Final = 1.0
_STARTS_WITHIN: Final = 60.0


def reserve_port(host: str, port: int) -> socket.socket:
    """Take a port that others may listen on too; nothing is listened on yet.

    Raises:
        OSError: It is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reserved = socket.socket(family, socket.SOCK_STREAM)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind((host, port))
    except OSError as error:
        reserved.close()
        raise listening_error(error, host, port) from None
    return reserved


def run_workers(count: int, work: Work, announce: Callable[[str], None]) -> int:
    """Run until SIGINT or SIGTERM; SIGHUP goes to every worker.

    Args:
        count: How many.
        work: What each does, given its number and what to call once it answers.
        announce: Called with the URL when all answer.

    Returns:
        0, or 1 when a worker could not be kept alive.

    Raises:
        ProxyConfigError: This system has no ``fork``.
    """
    if sys.platform == "win32":
        raise ProxyConfigError("--workers needs a POSIX system")
    return _Parent(count, work, announce).run()


class _Parent:
    """The process that the workers are started from."""

    def __init__(self, count: int, work: Work, announce: Callable[[str], None]) -> None:
        self._count = count
        self._work = work
        self._announce = announce
        self._workers: dict[int, tuple[int, float]] = {}
        self._stopping = False
        self._failed = False

    def run(self) -> int:
        before = {each: signal.signal(each, self._pass_on) for each in _signals()}
        try:
            pipes = [self._start(number) for number in range(self._count)]
            ready = [url for url in map(_url_from, pipes) if url]
            if len(ready) == self._count and not self._stopping:
                self._announce(ready[0])
            elif not self._stopping:
                self._fail()
            while self._workers:
                self._wait_for_one()
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
        return int(self._failed)

    def _start(self, number: int) -> int:
        """Fork a worker; where it will tell its URL."""
        reading, writing = os.pipe()
        # A signal waits until both know of each other: none is lost between them.
        signal.pthread_sigmask(signal.SIG_BLOCK, _signals())
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os._exit(self._child(number, writing))
        os.close(writing)
        self._workers[pid] = (number, time.monotonic())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _signals())
        if self._stopping:
            # The signal came after the last one ended, and before there was this one.
            self._signal_all(signal.SIGTERM)
        return reading

    def _child(self, number: int, writing: int) -> int:
        for each in _signals():
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _signals())

        def ready(url: str) -> None:
            # Nobody listens any more when a worker was started again.
            with contextlib.suppress(BrokenPipeError):
                os.write(writing, url.encode())
            os.close(writing)

        try:
            self._work(number, ready)
        except KeyboardInterrupt:
            return 0
        except Exception as error:  # noqa: BLE001 - the process ends here, in one line
            sys.stderr.write(f"error: worker {number}: {error}\n")
            return 1
        return 0

    def _wait_for_one(self) -> None:
        pid, _ = os.waitpid(-1, 0)
        if pid not in self._workers:
            return
        number, began = self._workers.pop(pid)
        if self._stopping:
            return
        if time.monotonic() - began < _SHORT_LIFE:
            self._fail()
            return
        sys.stderr.write(f"worker {number} ended, and is started again\n")
        os.close(self._start(number))

    def _fail(self) -> None:
        self._failed = True
        self._stop(signal.SIGTERM)

    def _stop(self, number: int) -> None:
        self._stopping = True
        self._signal_all(number)

    def _signal_all(self, number: int) -> None:
        for pid in tuple(self._workers):
            # It may have ended in this very moment.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _pass_on(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._signal_all(number)
        else:
            self._stop(signal.SIGTERM)


def _signals() -> tuple[signal.Signals, ...]:
    """Not a constant: Windows, where this is never called, has no SIGHUP."""
    return signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def _url_from(pipe: int) -> str:
    """What a worker tells once it answers; nothing when it ends before."""
    try:
        readable, _, _ = select.select([pipe], [], [], _STARTS_WITHIN)
        return os.read(pipe, 4096).decode() if readable else ""
    finally:
        os.close(pipe)
