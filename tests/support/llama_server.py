"""llama.cpp's own HTTP server with a tiny random model, on a free loopback port."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.make_tiny_gguf import write_tiny_gguf

_SERVE = Path(__file__).with_name("serve_llama.py")

MODEL = "tiny-random"


@dataclass(frozen=True)
class LlamaServer:
    """A running server.

    Attributes:
        origin: ``http://127.0.0.1:<port>``.
    """

    origin: str

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def slots(self) -> list[dict[str, Any]]:
        """What each slot is at, from the server itself; blocks."""
        with urllib.request.urlopen(f"{self.origin}/slots", timeout=5) as answer:
            slots: list[dict[str, Any]] = json.load(answer)
        return slots

    def busy_slots(self) -> int:
        """How many slots are generating; blocks."""
        return sum(slot["is_processing"] for slot in self.slots())


@contextmanager
def running_llama_server(directory: Path, *, slots: int = 4) -> Iterator[LlamaServer]:
    """Make the model in ``directory``, start the server, and stop it at the end."""
    model = directory / "tiny.gguf"
    write_tiny_gguf(model)
    log = directory / "server.log"
    command = [sys.executable, _SERVE, model, "--alias", MODEL, "--slots", str(slots)]
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            # One line once it listens; the end of the file if it never does.
            address = process.stdout.readline().decode().strip()
            assert address, log.read_text(errors="replace")[-4000:]
            yield LlamaServer(address)
        finally:
            process.kill()
