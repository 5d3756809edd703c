"""The README's snippets, run as they stand, one after the other, as a reader would."""

import ast
import asyncio
import inspect
import re
import shlex
from pathlib import Path

import pytest

from fireworks_async import errors
from fireworks_async.cli import main
from fireworks_async.errors import BadRequestError
from fireworks_async.simulator import Cut, Rejection, Simulator
from tests.support.pictures import png
from tests.support.sounds import wav

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


TOOLS = """
def weather(city: str) -> str:
    return "blue"
"""


@pytest.fixture(autouse=True)
def files(monkeypatch, tmp_path):
    """The files that the snippets and commands name, where they look for them."""
    (tmp_path / "speech.wav").write_bytes(wav(2.0))
    (tmp_path / "photo.png").write_bytes(png())
    (tmp_path / "notes.txt").write_text("The sky is blue.")
    (tmp_path / "tools.py").write_text(TOOLS)
    (tmp_path / "review.json").write_text('{"type": "object"}')
    (tmp_path / "rows.jsonl").write_text('{"prompt": "Once", "max_tokens": 4}\n')
    (tmp_path / "topics.csv").write_text("topic\ntea\n")
    monkeypatch.chdir(tmp_path)


# Some fifty of them, and what they load: on a busy machine that is long.
@pytest.mark.timeout(200)
async def test_the_snippets_run_one_after_the_other(monkeypatch, capsys):
    # Paced, so that a call which is left after a millisecond is not over by then.
    async with Simulator(tokens=12, ttft=0.02) as simulator:
        monkeypatch.setenv("FIREWORKS_API_KEY", "fw_readme")
        monkeypatch.setenv("FIREWORKS_BASE_URL", simulator.base_url)
        monkeypatch.setenv("FIREWORKS_AUDIO_BASE_URL", simulator.base_url)
        names = {"__name__": "readme"}
        said = []
        for snippet in blocks("python"):
            code = compile(snippet, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            running = eval(code, names)
            if inspect.isawaitable(running):
                await running
            said.append(capsys.readouterr().out)
    assert len(said) == len(blocks("python")) > 10
    assert any("did you mean 'temperature'?" in text for text in said)
    assert any(" answers PoolStatistics(" in text for text in said)
    assert any(text.startswith("Review(product='text', stars=1") for text in said)
    assert any(text.endswith("1 stars\n") for text in said)
    assert any(
        text.startswith("2 rounds: ") and "tool_call_id" in text for text in said
    )
    assert any(text.startswith("{'city': 'text', 'days': 1") for text in said)
    assert any(text.startswith("2 images, ") for text in said)
    assert any(text.endswith(" tokens in the last answer\n") for text in said)
    assert any(text.startswith("400 ") and "temperature" in text for text in said)
    assert any("0 calls in flight" in text for text in said)
    assert any("\n5000 float32 " in text for text in said)
    assert any("concurrency 2 " in text and "6 requests" in text for text in said)
    assert any(text.startswith("1 0.8") and "Paris" in text for text in said)
    assert any(re.fullmatch(r"(priced \d.* None\n){3}", text) for text in said)
    assert any(text.startswith("2.0 seconds: ") for text in said)
    assert any("serverless models" in text for text in said)
    assert any(" models brought up to date" in text for text in said)
    assert any(text.count("{'name': 'text', 'age': 1}\n") == 3 for text in said)
    assert any("1 retry, 8 tokens\n[503, 200]" in text for text in said)


@pytest.fixture
async def service(monkeypatch, fireworks_simulator):
    """The web service of the README, started; a call of its GET /ask."""
    pytest.importorskip("fastapi")
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_readme")
    monkeypatch.setenv("FIREWORKS_BASE_URL", fireworks_simulator.base_url)
    [snippet] = [block for block in blocks("py") if "FastAPI" in block]
    names = {"__name__": "readme"}
    exec(compile(snippet, "README.md", "exec"), names)
    app = names["app"]

    def ask(receive, send):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/ask",
            "headers": [],
            "query_string": b"question=Why",
        }
        return app(scope, receive, send)

    async with app.router.lifespan_context(app):
        yield app, ask


@pytest.mark.slow
async def test_the_web_service_streams(service):
    _, ask = service
    sent = []

    async def send(message):
        sent.append(message)

    await ask(asyncio.Event().wait, send)
    assert sent[0]["status"] == 200
    texts = [message["body"] for message in sent[1:] if message["body"]]
    assert len(texts) > 1


@pytest.mark.slow
async def test_the_web_service_fails_before_its_answer_begins(
    service, fireworks_simulator
):
    _, ask = service
    fireworks_simulator.script(Rejection.invalid("no such thing"))
    sent = []

    async def send(message):
        sent.append(message)

    with pytest.raises(BadRequestError):
        await ask(asyncio.Event().wait, send)
    assert sent[0]["status"] == 500


@pytest.mark.slow
async def test_a_browser_that_leaves_ends_the_call(service, fireworks_simulator):
    app, ask = service
    fireworks_simulator.script(Cut(after=3, ending="hang"))
    left = asyncio.Event()

    async def receive():
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message.get("body"):
            left.set()

    await ask(receive, send)
    assert app.state.fireworks.statistics().connections == 0


def test_the_tree_of_errors_is_whole():
    assert blocks("text") == [errors.__doc__.split("\n\n")[1] + "\n"]


@pytest.mark.parametrize(
    "line",
    [
        line
        for block in blocks("sh")
        for line in block.splitlines()
        if line.startswith("fireworks-async ") and " simulate" not in line
    ],
)
def test_the_commands_run(line, capsys, monkeypatch):
    class Hasty(Simulator):
        """Without the pauses that are there for a person to see it stream."""

        def __init__(self, **_):
            super().__init__()

    monkeypatch.setattr("fireworks_async.simulator.Simulator", Hasty)
    words = shlex.split(line)[1:]
    assert main([*words, "--simulate"]) == 0
    assert capsys.readouterr().out.strip()
