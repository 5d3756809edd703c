import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from fireworks_async.proxy import _workers
from fireworks_async.proxy._workers import reserve_port, run_workers

PROGRAM = """
import os, signal, sys, time
from fireworks_async.proxy import _workers
from fireworks_async.proxy._workers import run_workers

_workers._SHORT_LIFE = 0.0 if sys.argv[1] == "dying" else 1.0

def work(number, ready):
    # In one piece: two processes write here.
    os.write(1, f"worker {number}\\n".encode())
    if sys.argv[1] == "broken":
        raise ValueError("no")
    ready("http://x")
    if sys.argv[1] == "dying" and not os.path.exists(sys.argv[2]):
        open(sys.argv[2], "w").close()
        time.sleep(0.3)
        os._exit(1)
    while True:
        time.sleep(60)

if sys.argv[1] == "stopped while one starts":
    fork = os.fork

    def fork_and_be_stopped():
        pid = fork()
        if pid:
            os.kill(os.getpid(), signal.SIGTERM)
        return pid

    os.fork = fork_and_be_stopped

sys.exit(run_workers(2, work, lambda url: print(f"at {url}", flush=True)))
"""


@contextlib.contextmanager
def started(how, mark="-"):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, how, str(mark)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def lines_until(process, last):
    lines = []
    while not lines or lines[-1] != last:
        lines.append(process.stdout.readline().strip())
        assert lines[-1]
    return lines


def test_a_port_is_reserved_for_several():
    with reserve_port("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with reserve_port("127.0.0.1", port):
            pass
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}: "):
            reserve_port("127.0.0.1", port)


def test_the_url_is_told_when_all_answer_and_sigterm_ends_them():
    with started("well") as process:
        lines = lines_until(process, "at http://x")
        assert sorted(lines[:-1]) == ["worker 0", "worker 1"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_workers_that_cannot_start_end_it():
    with started("broken") as process:
        assert process.wait(10) == 1
        assert "error: worker 0: no" in process.stderr.read()


def test_a_worker_that_dies_is_started_again(tmp_path):
    with started("dying", tmp_path / "died") as process:
        lines = lines_until(process, "at http://x")
        assert process.stdout.readline().strip() in {"worker 0", "worker 1"}
        assert len(lines) == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert "is started again" in process.stderr.read()


def test_a_signal_while_a_worker_starts_reaches_it():
    with started("stopped while one starts") as process:
        assert process.wait(10) == 0


def test_windows_has_none(monkeypatch):
    monkeypatch.setattr(_workers.sys, "platform", "win32")
    with pytest.raises(Exception, match="POSIX"):
        run_workers(2, lambda *_: None, print)


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_two_workers_serve_one_port_and_add_their_numbers_up():
    command = [sys.executable, "-m", "fireworks_async", "proxy", "--simulate"]
    with subprocess.Popen(
        [*command, "--port", "0", "--workers", "2"], stdout=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().strip()
        for _ in range(20):
            with urllib.request.urlopen(f"{url}/v1/models", timeout=10) as answer:
                assert answer.status == 200
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            assert b"fireworks_gateway_pool" in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
