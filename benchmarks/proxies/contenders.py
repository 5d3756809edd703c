"""Who is measured, how each is started, and what its processes have used."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

__all__ = ("MODEL", "Contender", "cpu_of", "cpu_of_tree", "memory_of", "started")

MODEL = "bench"
_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parent.parent
_UPSTREAM_MODEL = "accounts/fireworks/models/llama-v3p3-70b-instruct"
_PATIENCE = 300.0
MASTER_KEY = "sk-benchmark-7c1d5e0a9b"

CONFIG = """\
model_list:
  - model_name: {model}
    litellm_params:
      model: {prefix}{upstream_model}
      api_key: fw_benchmark
      api_base: {upstream}
general_settings:
  master_key: {master_key}
"""


@dataclass
class Contender:
    """One running gateway."""

    name: str
    process: subprocess.Popen | None
    host: str
    port: int
    path: str
    key: str
    ready_after: float


def _tree(pid):
    found = [pid]
    for each in found:
        children = Path(f"/proc/{each}/task/{each}/children")
        with contextlib.suppress(OSError):
            found += map(int, children.read_text().split())
    return found


def cpu_of(contender):
    """Seconds of CPU that the threads of its processes have used."""
    return 0.0 if contender.process is None else cpu_of_tree(contender.process.pid)


def cpu_of_tree(root):
    """Seconds of CPU that the threads of a process and its children have used."""
    nanoseconds = 0
    for pid in _tree(root):
        for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                nanoseconds += int(thread.read_text().split()[0])
    return nanoseconds / 1e9


def memory_of(contender):
    """Bytes that its processes hold in memory."""
    pages = 0
    if contender.process is None:
        return 0.0
    for pid in _tree(contender.process.pid):
        with contextlib.suppress(OSError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def _bare(upstream, directory, python):
    del directory, python
    command = [sys.executable, str(_HERE / "bare.py"), upstream]
    return command, None, {}


def _ours(upstream, directory, python):
    del python
    config = directory / "ours.yaml"
    config.write_text(
        CONFIG.format(
            model=MODEL,
            prefix="fireworks_ai/",
            upstream_model=_UPSTREAM_MODEL,
            upstream=upstream,
            master_key=MASTER_KEY,
        )
    )
    port = _free_port()
    command = [sys.executable, "-m", "fireworks_async", "proxy"]
    return [*command, "--config", str(config), "--port", str(port)], port, {}


def _litellm(upstream, directory, python):
    config = directory / "litellm.yaml"
    config.write_text(
        CONFIG.format(
            model=MODEL,
            prefix="openai/",
            upstream_model=_UPSTREAM_MODEL,
            upstream=upstream,
            master_key=MASTER_KEY,
        )
    )
    port = _free_port()
    command = [str(Path(python).parent / "litellm"), "--config", str(config)]
    environ = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    return (
        [*command, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"],
        port,
        environ,
    )


_STARTS = {"bare": _bare, "ours": _ours, "litellm": _litellm}


def _environ():
    """This process's, in which the compiled code of what is imported is kept."""
    environ = dict(os.environ)
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return environ


@contextlib.contextmanager
def started(name, upstream, directory, *, core=None, python=None):
    """Run one in front of an upstream, until the block is left.

    With "direct" there is none in front of it.
    """
    if name == "direct":
        place = urllib.parse.urlsplit(upstream)
        path = place.path + "/chat/completions"
        yield Contender(name, None, place.hostname, place.port, path, MASTER_KEY, 0.0)
        return
    command, port, environ = _STARTS[name](upstream, directory, python)
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if name == "litellm" else None,
        env={**_environ(), **environ},
        cwd=_REPOSITORY,
        text=True,
    )
    try:
        if port is None:
            port = int(process.stdout.readline().rpartition(":")[2])
        while name != "bare" and not _answers(
            f"http://127.0.0.1:{port}/health/liveliness"
        ):
            if process.poll() is not None or time.monotonic() - began > _PATIENCE:
                raise RuntimeError(f"{name} did not start")
            time.sleep(0.02)
        ready_after = time.monotonic() - began
        yield Contender(
            name,
            process,
            "127.0.0.1",
            port,
            "/v1/chat/completions",
            MASTER_KEY,
            ready_after,
        )
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
