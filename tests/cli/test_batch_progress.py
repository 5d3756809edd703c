import asyncio
import io
import json
import sys

import msgspec
import pytest

from fireworks_async.batch import BatchProgress
from fireworks_async.cli import _batch_progress
from fireworks_async.cli._batch_progress import in_words, watch
from tests.support.batches import until

NOW = BatchProgress(
    total=100,
    read=50,
    succeeded=20,
    failed=2,
    skipped=8,
    in_flight=16,
    retrying=3,
    attempts=30,
    prompt_tokens=1000,
    cached_tokens=0,
    completion_tokens=500,
    cost=0.0123,
    projected_cost=0.0456,
    elapsed=12.0,
    rows_per_second=2.5,
    tokens_per_second=60.0,
    eta=3700.0,
    waiting_for="generated tokens",
    causes={"server": 1, "stall": 3},
)


class FakeControl:
    def __init__(self, progress=NOW):
        self._progress = progress
        self.asked = 0

    def progress(self):
        self.asked += 1
        return self._progress


def test_all_that_matters_is_in_one_line():
    assert in_words(NOW) == (
        "30/100 rows · 2 failed · 16 in flight · 2.5 rows/s · 60 tokens/s · "
        "$0.0123 of about $0.0456 · 01:01:40 left · 3 to be sent again (stall) · "
        "waiting for generated tokens"
    )


def test_what_is_not_known_is_left_out():
    sparse = msgspec.structs.replace(
        NOW,
        total=None,
        failed=0,
        cost=0.0,
        eta=None,
        retrying=0,
        waiting_for=None,
    )
    assert in_words(sparse) == "28 rows · 16 in flight · 2.5 rows/s · 60 tokens/s"
    near = msgspec.structs.replace(NOW, eta=12.0, projected_cost=None)
    assert "$0.0123 · 12 s left" in in_words(near)


async def watched(form, control, monkeypatch, screen=None):
    monkeypatch.setattr(
        _batch_progress, "_EVERY", dict.fromkeys(("bar", "lines", "json"), 0.001)
    )
    err = screen or io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    watching = asyncio.ensure_future(watch(control, form))
    await until(lambda: control.asked >= 3 or watching.done())
    watching.cancel()
    await asyncio.wait([watching])
    return err.getvalue()


@pytest.mark.parametrize("form", ["lines", "auto"])
async def test_lines_where_there_is_no_terminal(form, monkeypatch):
    said = await watched(form, FakeControl(), monkeypatch)
    assert said.splitlines()[0] == in_words(NOW)


async def test_lines_of_json(monkeypatch):
    said = await watched("json", FakeControl(), monkeypatch)
    assert json.loads(said.splitlines()[0])["in_flight"] == 16


async def test_nothing_before_the_run_has_begun(monkeypatch):
    assert await watched("lines", FakeControl(None), monkeypatch) == ""


async def test_nothing_if_asked(monkeypatch):
    control = FakeControl()
    assert await watched("none", control, monkeypatch) == ""
    assert control.asked == 0


async def test_a_bar_on_a_terminal(monkeypatch):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    said = await watched("auto", FakeControl(), monkeypatch, Screen())
    assert "30%" in said
    lines = [text.rstrip() for text in said.replace("\r", "\n").splitlines()]
    at = next(n for n, text in enumerate(lines) if text.startswith("30/100 rows"))
    # Nothing is left out where a line is short.
    assert " ".join(lines[at : at + 3]) == in_words(NOW)
