"""LiteLLM's body beside ours, for each call of the corpus.

What LiteLLM sends is recorded; ``python -m tests.parity.record`` records it anew.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fireworks_async import APIStatusError, AsyncFireworks, BadRequestError
from fireworks_async.simulator import Simulator
from tests.parity.comparing import ABSENT, differences
from tests.parity.corpus import CALLS, Call
from tests.parity.differences import (
    REFUSED_BY_BOTH,
    REFUSED_BY_LITELLM,
    REFUSED_BY_THE_API,
    ROWS,
)
from tests.parity.record import HEADERS, RECORD
from tests.support.simulated import ask

THEIRS = json.loads(RECORD.read_text(encoding="utf-8"))["calls"]
ROOT = Path(__file__).parents[2]


async def make(client: AsyncFireworks, call: Call) -> None:
    fields: dict[str, Any] = call.fields | call.ours
    match call.endpoint:
        case "embeddings":
            await client.embeddings.create(**fields)
        case "rerank":
            await client.rerank.create(**fields)
        case "text":
            await consumed(client.completions.create(**fields))
        case "chat" if call.parses:
            await consumed(client.chat.completions.parse(**fields))
        case "chat":
            await consumed(client.chat.completions.create(**fields))


async def consumed(call: Any) -> None:
    answer = await call
    if hasattr(answer, "aclose"):
        async for _ in answer:
            pass


async def ours(client: AsyncFireworks, sim: Simulator, call: Call) -> Any:
    """The request that our call makes; None when it is to make none."""
    before = len(sim.requests)
    if call.name in REFUSED_BY_BOTH:
        with pytest.raises(ValueError, match="exclude each other"):
            await make(client, call)
    elif call.name in REFUSED_BY_THE_API:
        with pytest.raises(APIStatusError, match=REFUSED_BY_THE_API[call.name]):
            await make(client, call)
    else:
        await make(client, call)
    requests = sim.requests[before:]
    assert len(requests) == (call.name not in REFUSED_BY_BOTH)
    return requests[0] if requests else None


def found_at(body: Any, place: str) -> Any:
    for step in place.replace("[", ".").replace("]", "").split("."):
        body = body[int(step) if isinstance(body, list) else step]
    return body


def test_the_corpus_is_what_was_recorded():
    names = [call.name for call in CALLS]
    assert len(names) == len(set(names)) >= 60
    assert names == list(THEIRS)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"For {len(names)} calls" in readme


async def test_bodies_differ_as_listed_and_in_nothing_else(client, sim):
    wrong = {}
    for call in CALLS:
        request = await ours(client, sim, call)
        if problem := compared(call, request):
            wrong[call.name] = problem
    assert wrong == {}


def compared(call: Call, request: Any) -> Any:
    """What is not as listed about one call; something false when all is."""
    theirs = THEIRS[call.name]
    refused = call.name in REFUSED_BY_LITELLM or call.name in REFUSED_BY_BOTH
    if refused or "raises" in theirs:
        return ("raises" in theirs) is not refused
    named = {name: value for name, value in request.headers.items() if name in HEADERS}
    sent = {"path": request.path, "headers": named}
    if unlike := {name: value for name, value in sent.items() if theirs[name] != value}:
        return unlike
    listed = [row for row in ROWS if call.name in row.calls]
    found = differences(theirs["body"], request.body)
    if found != {row.at: (row.theirs, row.ours) for row in listed}:
        return found
    moved = {row.moved_to: row.theirs for row in listed if row.moved_to is not None}
    return {at: v for at, v in moved.items() if found_at(request.body, at) != v}


LOST = [
    (row, name)
    for row in ROWS
    if row.ours is ABSENT and row.moved_to is None
    for name in row.calls
]


async def test_what_only_litellm_sends_is_refused_by_the_api(sim):
    for row, name in LOST:
        answered = await ask(sim, THEIRS[name]["body"])
        assert answered.status == 400
        assert f"field: '{row.at}'" in answered.message
    assert len(LOST) > 5


def test_every_row_is_about_calls_that_there_are():
    names = {call.name for call in CALLS}
    for row in ROWS:
        assert row.why
        assert row.calls
        assert set(row.calls) <= names
    assert REFUSED_BY_LITELLM.keys() | set(REFUSED_BY_BOTH) <= names
    assert REFUSED_BY_THE_API.keys() <= names


async def test_a_call_that_the_api_refuses_is_told_so(client):
    [call] = [call for call in CALLS if call.name == "extra body"]
    with pytest.raises(BadRequestError) as caught:
        await make(client, call)
    assert caught.value.fields == ("brand_new",)


# LiteLLM 1.106 imports this for tools, and does not say that it needs it.
UNDECLARED = "No module named 'mcp'"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_record_is_what_litellm_sends(tmp_path):
    there = tmp_path / "record.json"
    subprocess.run(
        [sys.executable, "-m", "tests.parity.record", str(there)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    now = json.loads(there.read_text(encoding="utf-8"))
    assert now["litellm"] == importlib.metadata.version("litellm")
    made = {
        name: sent
        for name, sent in now["calls"].items()
        if UNDECLARED not in sent.get("raises", "")
    }
    assert len(made) > 100
    for name, sent in made.items():
        if "raises" in sent:
            assert "raises" in THEIRS[name], name
        else:
            assert sent == THEIRS[name], name
