"""Clients by others against the gateway: the README's walk-through, and what it leaves out."""

import asyncio
import contextlib
import io
import json
import os
import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import openai
import pytest
from aiohttp import web

from fireworks_async._web.server import WebServer
from fireworks_async.cli import main
from fireworks_async.proxy._config import read_config
from fireworks_async.proxy._settings import GatewaySettings
from fireworks_async.simulator import Simulator
from tests.support.gateways import (
    ALIAS,
    HELLO,
    MASTER_KEY,
    config,
    deployment,
    running,
)

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
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_readme")
    [text] = blocks("yaml")
    (tmp_path / "config.yaml").write_text(text)
    export, command = blocks("bash")[0].splitlines()
    name, _, value = export.removeprefix("export ").partition("=")
    monkeypatch.setenv(name, os.path.expandvars(value))
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out == "config.yaml: 1 deployment, all well\n"


async def test_the_walk_through_with_curl(walked):
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
    _, code = blocks("py")
    assert len((await ran(code, walked)).split()) > 2


@pytest.mark.slow
class TestLangChain:
    async def test_streams_and_counts(self, gateway):
        from langchain_openai import ChatOpenAI

        chat = ChatOpenAI(
            model=ALIAS, base_url=gateway.base_url, api_key=MASTER_KEY, max_retries=0
        )
        whole = await chat.ainvoke("Hello")
        parts = [part async for part in chat.astream("Hello", stream_usage=True)]
        assert "".join(part.content for part in parts) == whole.content
        counted = [part.usage_metadata for part in parts if part.usage_metadata]
        assert [sum(each["output_tokens"] for each in counted)] == [6]
        assert whole.usage_metadata["output_tokens"] == 6

    async def test_calls_tools(self, gateway):
        from langchain_openai import ChatOpenAI

        chat = ChatOpenAI(
            model=ALIAS, base_url=gateway.base_url, api_key=MASTER_KEY, max_retries=0
        )
        told = await chat.bind_tools([TOOL], tool_choice="any").ainvoke("Hello")
        assert [call["name"] for call in told.tool_calls] == ["weather"]


async def adds(request):
    """A model that can add, and nothing else."""
    asked = await request.json()
    terms = re.findall(r"\d+", asked["messages"][-1]["content"])
    said = {"role": "assistant", "content": str(sum(map(int, terms)))}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    return web.json_response({"model": asked["model"], "choices": [choice]})


@pytest.fixture
async def adding():
    """A gateway to it."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", adds)
    server = WebServer(app)
    await server.start()
    entry = deployment(server, api_base=f"{server.url}/v1")
    async with running(config(entry)) as gateway:
        yield gateway
    await server.stop()


@pytest.mark.slow
async def test_an_evaluation_harness_scores_through_it(adding, tmp_path):
    if find_spec("lm_eval") is None:
        pytest.skip("lm-eval is not installed, as .ci/run does")
    sums = [("1 + 1", "2"), ("2 + 3", "5"), ("20 + 22", "42")]
    rows = [json.dumps({"question": q, "answer": a}) for q, a in sums]
    (tmp_path / "sums.jsonl").write_text("\n".join(rows))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.evaluate_sums"),
        *(f"{adding.base_url}/chat/completions", ALIAS, str(tmp_path)),
        env={
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(tmp_path),
            "OPENAI_API_KEY": MASTER_KEY,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    scores = json.loads(out.splitlines()[-1])
    assert scores["exact_match,none"] == 1.0
    assert scores["sample_len"] == len(sums)


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

    async def test_asks_and_streams_without_asyncio(self, gateway):
        def run():
            with openai.OpenAI(
                base_url=gateway.base_url, api_key=MASTER_KEY, max_retries=0
            ) as client:
                ask = client.chat.completions.create
                whole = ask(model=ALIAS, messages=HELLO)
                chunks = list(ask(model=ALIAS, messages=HELLO, stream=True))
                return whole, chunks

        whole, chunks = await asyncio.to_thread(run)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert text == whole.choices[0].message.content
        assert {chunk.model for chunk in chunks} == {whole.model} == {ALIAS}

    async def test_streams_tool_calls_as_events(self, client):
        # The client accepts no others here.
        strict = {**TOOL, "function": {**TOOL["function"], "strict": True}}
        async with client.chat.completions.stream(
            model=ALIAS, messages=HELLO, tools=[strict], tool_choice="required"
        ) as stream:
            events = [event async for event in stream]
            last = await stream.get_final_completion()
        done = [
            event
            for event in events
            if event.type == "tool_calls.function.arguments.done"
        ]
        [call] = last.choices[0].message.tool_calls
        assert [each.arguments for each in done] == [call.function.arguments]

    async def test_completes_text(self, client):
        whole = await client.completions.create(model=ALIAS, prompt="Once")
        stream = await client.completions.create(
            model=ALIAS, prompt="Once", stream=True
        )
        text = "".join([chunk.choices[0].text async for chunk in stream])
        assert text == whole.choices[0].text != ""

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
