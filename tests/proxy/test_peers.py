"""Clients by others against the gateway: the README's walk-through, and what it leaves out."""

import asyncio
import contextlib
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import openai
import pytest

from fireworks_async.cli import main
from fireworks_async.proxy._config import read_config
from fireworks_async.proxy._settings import GatewaySettings
from fireworks_async.simulator import Simulator
from tests.support.gateways import ALIAS, HELLO, MASTER_KEY, running

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Gateway\n")[2].partition("\n## ")[0]
SERVED = "http://127.0.0.1:4000"
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def settings(base_url) -> GatewaySettings:
    """The README's configuration, with a simulator for the API."""
    [text] = blocks("yaml")
    text = text.replace("api_key:", f"api_base: {base_url}\n      api_key:")
    return read_config(
        text, source="README", environ={"FIREWORKS_AI_API_KEY": "fw_readme"}
    )


@pytest.fixture
async def walked():
    """The gateway that the walk-through starts."""
    async with (
        Simulator(tokens=6) as simulator,
        running(settings(simulator.base_url)) as gateway,
    ):
        yield gateway


async def ran(code, gateway):
    """What a snippet prints; it runs in a thread, since others' clients may block."""
    said = io.StringIO()

    def run():
        with contextlib.redirect_stdout(said):
            exec(compile(code.replace(SERVED, gateway.url), "README", "exec"), {})

    await asyncio.to_thread(run)
    return said.getvalue()


def test_the_walk_through_checks_its_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIREWORKS_AI_API_KEY", "fw_readme")
    [text] = blocks("yaml")
    (tmp_path / "config.yaml").write_text(text)
    command, _ = blocks("bash")
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out == "config.yaml: 1 deployment, all well\n"


async def test_the_walk_through_with_curl(walked):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    _, command = blocks("bash")
    process = await asyncio.create_subprocess_shell(
        command.replace(SERVED, walked.url).replace("curl ", "curl -s "),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    told = json.loads(out)
    assert told["model"] == "fireworks-llama-v3-70b-instruct"
    assert told["choices"][0]["message"]["content"]


async def test_the_walk_through_with_the_openai_sdk(walked):
    code, _ = blocks("py")
    assert len((await ran(code, walked)).split()) > 2


@pytest.mark.slow
async def test_the_walk_through_with_langchain(walked):
    pytest.importorskip("langchain_openai")
    _, code = blocks("py")
    assert len((await ran(code, walked)).split()) > 2


@pytest.fixture
async def client(gateway):
    async with openai.AsyncOpenAI(
        base_url=gateway.base_url, api_key=MASTER_KEY, max_retries=0
    ) as client:
        yield client


class TestTheOpenAISDK:
    async def test_asks_and_streams(self, client):
        whole = await client.chat.completions.create(model=ALIAS, messages=HELLO)
        assert whole.model == ALIAS
        stream = await client.chat.completions.create(
            model=ALIAS,
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == whole.choices[0].message.content
        assert chunks[-1].usage == whole.usage

    async def test_calls_tools(self, client):
        whole = await client.chat.completions.create(
            model=ALIAS, messages=HELLO, tools=[TOOL], tool_choice="required"
        )
        [call] = whole.choices[0].message.tool_calls
        assert call.function.name == "weather"
        assert "city" in json.loads(call.function.arguments)

    async def test_takes_its_own_messages_back(self, client):
        first = await client.chat.completions.create(model=ALIAS, messages=HELLO)
        turn = first.choices[0].message.model_dump()
        messages = [*HELLO, turn, {"role": "user", "content": "More"}]
        assert await client.chat.completions.create(model=ALIAS, messages=messages)

    async def test_parses(self, client):
        import pydantic

        class City(pydantic.BaseModel):
            name: str

        parsed = await client.chat.completions.parse(
            model=ALIAS, messages=HELLO, response_format=City, max_tokens=200
        )
        assert isinstance(parsed.choices[0].message.parsed, City)

    async def test_embeds_and_lists(self, client):
        made = await client.embeddings.create(
            model=ALIAS, input="x", encoding_format="float"
        )
        assert made.data[0].embedding
        assert [model.id async for model in client.models.list()] == [ALIAS]
        assert (await client.models.retrieve(ALIAS)).id == ALIAS

    async def test_raises_its_own_errors(self, client, gateway):
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(model="none", messages=HELLO)
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="sk-wrong").models.list()
