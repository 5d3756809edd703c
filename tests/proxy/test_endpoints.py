import asyncio
import json
import zlib

import aiohttp
import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.errors import ConfigurationError
from fireworks_async.proxy import create_app
from tests.support.gateways import (
    ALIAS,
    HELLO,
    MASTER_KEY,
    MODEL,
    UPSTREAM_KEY,
    config,
    deployment,
    running,
)
from tests.support.sounds import wav


@pytest.mark.parametrize("base", ["", "/v1"])
async def test_a_chat_completion_under_its_alias(gateway, upstream, base):
    told = await gateway.ask(f"{base}/chat/completions", max_tokens=3, top_k=7)
    assert told.status == 200
    assert told.json["model"] == ALIAS
    assert told.json["usage"]["completion_tokens"] == 3
    [seen] = upstream.requests
    assert seen.body == {"model": MODEL, "messages": HELLO, "max_tokens": 3, "top_k": 7}
    assert told.headers["fireworks-prompt-tokens"]


async def test_this_librarys_own_client_finds_an_alias(gateway, upstream):
    async with AsyncFireworks(base_url=gateway.url, api_key=MASTER_KEY) as client:
        completion = await client.chat.completions.create(model=ALIAS, messages=HELLO)
        assert completion.model == ALIAS
        assert (await client.models.retrieve(ALIAS)).id == ALIAS
    assert [seen.body["model"] for seen in upstream.requests] == [MODEL]


async def test_a_stream_under_its_alias_without_the_usage_not_asked_for(gateway):
    told = await gateway.ask(stream=True)
    assert told.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert told.headers["Cache-Control"] == "no-cache"
    assert told.headers["X-Accel-Buffering"] == "no"
    assert "Content-Encoding" not in told.headers
    *chunks, done = told.events
    assert done == "[DONE]"
    assert {chunk["model"] for chunk in chunks} == {ALIAS}
    assert all(chunk["choices"] for chunk in chunks)
    asked = await gateway.ask(stream=True, stream_options={"include_usage": True})
    assert asked.events[-2]["usage"]["completion_tokens"] == 6
    assert asked.text == told.text


@pytest.mark.parametrize("stream", [False, True])
async def test_text_completions(gateway, stream):
    told = await gateway.ask(
        "/v1/completions", messages=None, prompt="Once", stream=stream, max_tokens=4
    )
    assert told.status == 200
    first = told.events[0] if stream else told.json
    assert first["model"] == ALIAS
    assert "text" in first["choices"][0]


async def test_more_than_4096_tokens_unstreamed_are_collected(gateway, upstream):
    told = await gateway.ask(max_tokens=5000)
    assert told.json["object"] == "chat.completion"
    assert told.json["model"] == ALIAS
    assert told.json["choices"][0]["finish_reason"] == "stop"
    assert upstream.requests[-1].body["stream"] is True
    text = await gateway.ask(
        "/v1/completions", messages=None, prompt="Once", max_tokens=5000
    )
    assert text.json["choices"][0]["text"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
async def test_more_than_4096_tokens_by_default_are_collected(upstream, path):
    long = deployment(upstream, max_tokens=8000, reasoning_effort="low")
    prompt = {"messages": None, "prompt": "Once"} if path == "/v1/completions" else {}
    async with running(config(long)) as gateway:
        told = await gateway.ask(path, **prompt)
        short = await gateway.ask(path, max_completion_tokens=5, **prompt)
    assert (told.status, short.status) == (200, 200)
    first, second = (request.body for request in upstream.requests)
    assert (first["max_tokens"], first["stream"]) == (8000, True)
    assert "max_tokens" not in second
    assert "stream" not in second


async def test_embeddings_and_rerank(gateway):
    told = await gateway.ask("/v1/embeddings", messages=None, input=["a", "b"])
    assert [row["index"] for row in told.json["data"]] == [0, 1]
    ranked = await gateway.ask(
        "/v1/rerank", messages=None, query="q", documents=["a", "b"]
    )
    assert len(ranked.json["data"]) == 2


@pytest.mark.parametrize("task", ["transcriptions", "translations"])
async def test_audio_keeps_its_form_and_its_kind(upstream, task):
    entry = deployment(upstream, "ears", model="fireworks_ai/whisper-v3")
    async with running(config(entry)) as gateway:
        form = aiohttp.FormData()
        form.add_field("file", wav(0.5), filename="a.wav")
        form.add_field("model", "ears")
        form.add_field("response_format", "text")
        told = await gateway.ask(f"/v1/audio/{task}", data=form)
    assert told.status == 200
    assert told.headers["Content-Type"].startswith("text/plain")
    assert upstream.requests[-1].body["model"] == "whisper-v3"


async def test_without_a_config_any_model_is_taken(upstream, monkeypatch):
    monkeypatch.setenv("FIREWORKS_API_KEY", UPSTREAM_KEY)
    monkeypatch.setenv("FIREWORKS_BASE_URL", upstream.base_url)
    async with running(None) as gateway:
        told = await gateway.ask(model="fireworks_ai/deepseek-v3p1", key=None)
        listed = await gateway.ask("/v1/models", method="GET", key=None)
    assert told.json["model"] == MODEL
    assert MODEL in [row["id"] for row in listed.json["data"]]


class TestSecurity:
    async def test_s7_no_key_and_a_wrong_key_are_told_the_same(self, gateway, upstream):
        answers = [
            await gateway.ask(key=None),
            await gateway.ask(key="sk-wrong"),
            await gateway.ask(key=MASTER_KEY + "x"),
            await gateway.ask(key=None, headers={"Authorization": "Basic é"}),
        ]
        assert {answer.status for answer in answers} == {401}
        assert len({answer.data for answer in answers}) == 1
        assert not upstream.requests

    async def test_s7_no_key_is_taken_from_the_query(self, gateway):
        told = await gateway.ask(
            f"/v1/models?api_key={MASTER_KEY}", method="GET", key=None
        )
        assert told.status == 401

    async def test_s8_no_body_and_no_header_chooses_where_a_request_goes(
        self, gateway, upstream
    ):
        fields = dict.fromkeys(
            ("api_base", "base_url", "api_key", "extra_headers", "proxy"), "http://evil"
        )
        told = await gateway.ask(
            headers={"Host": "evil", "X-Forwarded-Host": "evil"}, **fields
        )
        assert told.status == 400
        assert "api_base" in told.error["message"]
        assert len(upstream.requests) == 1
        for name in ("http://evil/v1", "../../x", "a\r\nHost: evil"):
            assert (await gateway.ask(model=name)).status == 404
        assert len(upstream.requests) == 1

    async def test_s1_f68_the_callers_key_does_not_go_up_nor_ours_down(
        self, gateway, upstream
    ):
        told = await gateway.ask()
        seen = json.dumps(upstream.requests[-1].headers)
        assert MASTER_KEY not in seen
        assert UPSTREAM_KEY not in str(told.headers) + told.data.decode()

    async def test_f67_what_is_too_large_is_refused(self, upstream):
        limits = {"max_request_size_mb": 0.001}
        async with running(
            config(deployment(upstream), general_settings=limits)
        ) as gateway:
            told = await gateway.ask(data=b"x" * 5000)
        assert told.status == 413
        assert told.error["code"] == "too_large"

    @pytest.mark.parametrize("data", [b"no gzip", zlib.compress(b"x" * 99)[:20]])
    async def test_f67_a_body_that_is_not_what_its_headers_promise_is_refused(
        self, gateway, caplog, data
    ):
        told = await gateway.ask(data=data, headers={"Content-Encoding": "gzip"})
        assert told.status == 400
        assert "headers promise" in told.error["message"]
        assert (await gateway.ask()).status == 200
        assert not caplog.records

    async def test_s5_a_bomb_is_measured_by_what_it_becomes(self, upstream):
        limits = {"max_request_size_mb": 0.1}
        async with running(
            config(deployment(upstream), general_settings=limits)
        ) as gateway:
            told = await gateway.ask(
                data=zlib.compress(b" " * 50_000_000),
                headers={"Content-Encoding": "deflate"},
            )
        assert told.status in (400, 413)

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
    async def test_f67_other_methods_are_refused(self, gateway, method):
        told = await gateway.ask(method=method)
        assert told.status == 405
        if method != "HEAD":
            assert told.json["error"]["message"].endswith(f"takes POST, not {method}")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/v1/responses"),
            ("POST", "/v1/chat"),
            ("POST", "/"),
            ("POST", "/v1/models"),
            ("GET", "/model/info"),
        ],
    )
    async def test_what_is_not_served_is_told_with_what_is(self, gateway, method, path):
        told = await gateway.ask(path, method=method)
        assert told.status == 404
        message = told.json["error"]["message"]
        assert "is not served here, but chat/completions, completions, emb" in message

    @pytest.mark.parametrize("key", ["fw_x\r\nEvil: 1", "fw_x\0", "", " ", "fw_é"])
    async def test_s2_a_malformed_key_is_refused_at_the_start_and_not_shown(
        self, upstream, key
    ):
        with pytest.raises(ConfigurationError) as raised:
            create_app(config(deployment(upstream, api_key=key)))
        assert "fw_" not in str(raised.value)

    @pytest.mark.parametrize(
        "name",
        ["../../files", "a?x=1#y", "a%2f..%2fb", "a\r\nHost: evil", "\uff0e\uff0e/a"],
    )
    async def test_s4_no_model_name_leads_anywhere_else(
        self, upstream, monkeypatch, name
    ):
        monkeypatch.setenv("FIREWORKS_API_KEY", UPSTREAM_KEY)
        monkeypatch.setenv("FIREWORKS_BASE_URL", upstream.base_url)
        async with running(None) as gateway:
            await gateway.ask(model=name, key=None)
        assert {each.path for each in upstream.requests} <= {"/v1/chat/completions"}
        assert "evil" not in {each.headers.get("Host") for each in upstream.requests}

    async def test_s9_no_proxy_of_the_environment_gets_the_key(
        self, gateway, monkeypatch
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert (await gateway.ask()).status == 200

    @pytest.mark.parametrize(
        "headers",
        [
            b"Content-Length: 5\r\nTransfer-Encoding: chunked",
            b"Content-Length: 5\r\nContent-Length: 6",
            b"X-Folded: a\r\n b\r\nContent-Length: 5",
            b"X-Bare: a\rb\r\nContent-Length: 5",
            b"Transfer-Encoding: chunked, identity",
        ],
        ids=["both", "two lengths", "folded", "bare CR", "odd coding"],
    )
    async def test_s11_what_two_servers_might_read_differently_is_refused(
        self, gateway, upstream, headers
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.server.port)
        head = f"Host: x\r\nAuthorization: Bearer {MASTER_KEY}\r\n".encode()
        path = b"POST /v1/chat/completions HTTP/1.1\r\n"
        writer.write(path + head + headers + b"\r\n\r\n0\r\n\r\n")
        told = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        assert told.split()[1] == b"400"
        assert not upstream.requests
