"""Keyword arguments in, a request out; and nothing sent before it is used."""

import gc
import json

import pytest

from fireworks_async._client.chat import Chat
from fireworks_async._client.options import CallOptions
from fireworks_async._client.stream import Stream, StreamOpening
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.params import ChatParams
from fireworks_async.errors import ConfigurationError, ServiceUnavailableError
from tests.support.calls import MESSAGES
from tests.support.leaks import settle
from tests.support.scripted_transport import Answer, ok

SEEING = "accounts/fireworks/models/qwen2p5-vl-32b-instruct"
BLIND = "deepseek-v3p1"
DOCUMENT = [
    {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": "http://x/a.pdf"}}],
    }
]


@pytest.fixture
def service(service_of):
    return service_of(ok("a"), ok("b"))


@pytest.fixture
def completions(service):
    return Chat(service).completions


async def body_of(call, service):
    await call
    return json.loads(service.transport.calls[-1].body)


def inlined(body):
    return body["messages"][0]["content"][0]["image_url"]["url"].endswith(
        "#transform=inline"
    )


class TestCreate:
    async def test_sends_nothing_before_it_is_used(self, service, completions):
        completions.create(model="m", messages=MESSAGES)
        completions.create(model="m", messages=MESSAGES, stream=True)
        completions.stream(model="m", messages=MESSAGES)
        await settle()
        gc.collect()
        assert service.transport.calls == []
        assert service.transport.limits == 0

    async def test_is_a_stream_on_the_wire(self, service, completions):
        call = completions.create(model="m", messages=MESSAGES, temperature=0.5)
        assert type(call) is Stream
        assert await body_of(call, service) == {
            "model": "accounts/fireworks/models/m",
            "messages": MESSAGES,
            "temperature": 0.5,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        sent = service.transport.calls[0]
        assert sent.url == "http://127.0.0.1/v1/chat/completions"
        assert sent.headers["Accept"] == "text/event-stream"

    async def test_is_the_same_on_the_wire_in_every_form(self, service_of):
        service = service_of(*[ok("a")] * 5)
        create = Chat(service).completions.create
        await create(model="m", messages=MESSAGES)
        assert [c async for c in create(model="m", messages=MESSAGES)]
        async with create(model="m", messages=MESSAGES):
            pass
        opened = await create(model="m", messages=MESSAGES, stream=True)
        await opened.aclose()
        async with Chat(service).completions.stream(model="m", messages=MESSAGES):
            pass
        assert len({call.body for call in service.transport.calls}) == 1
        assert len(service.transport.calls) == 5

    async def test_streaming_gives_an_opening(self, service, completions):
        opening = completions.create(model="m", messages=MESSAGES, stream=True)
        assert type(opening) is StreamOpening
        stream = await opening
        assert type(stream) is Stream
        assert [c.content async for c in stream] == ["", "a", "", ""]

    async def test_not_streaming_may_be_said(self, completions):
        call = completions.create(model="m", messages=MESSAGES, stream=False)
        assert (await call).choices[0].message.content == "a"

    async def test_later_changes_to_the_arguments_change_nothing(
        self, service, completions
    ):
        messages, stop = [{"role": "user", "content": "Hi"}], ["x"]
        call = completions.create(model="m", messages=messages, stop=stop)
        messages[0]["content"] = "changed"
        stop.append("y")
        body = await body_of(call, service)
        assert (body["messages"], body["stop"]) == (MESSAGES, ["x"])

    async def test_messages_may_be_any_iterable(self, service, completions):
        call = completions.create(model="m", messages=(m for m in MESSAGES))
        assert (await body_of(call, service))["messages"] == MESSAGES


class TestStream:
    async def test_gives_events(self, completions):
        async with completions.stream(model="m", messages=MESSAGES) as stream:
            types = [event.type async for event in stream]
            assert types == ["content.delta", "content.done", "finish", "usage"]
            assert (await stream).choices[0].message.content == "a"

    async def test_awaited_gives_the_whole(self, completions):
        completion = await completions.stream(model="m", messages=MESSAGES)
        assert completion.choices[0].message.content == "a"


class TestKeywords:
    @pytest.mark.parametrize(
        ("function", "name", "meant"),
        [
            ("create", "temprature", "temperature"),
            ("create", "max_token", "max_tokens"),
            ("stream", "top_pp", "top_p"),
            ("stream", "extra_heders", "extra_headers"),
        ],
    )
    def test_that_are_unknown_name_the_nearest(
        self, completions, function, name, meant
    ):
        with pytest.raises(TypeError) as caught:
            getattr(completions, function)(model="m", messages=MESSAGES, **{name: 1})
        assert str(caught.value) == (
            f"{function}() got an unexpected keyword argument {name!r}; "
            f"did you mean {meant!r}?"
        )

    def test_that_resemble_nothing_are_sent_to_extra_body(self, completions):
        with pytest.raises(TypeError, match="extra_body"):
            completions.create(model="m", messages=MESSAGES, zzzzz=1)

    def test_stream_has_no_stream(self, completions):
        with pytest.raises(TypeError):
            completions.stream(model="m", messages=MESSAGES, stream=True)

    def test_model_and_messages_are_required_and_named(self, completions):
        for arguments in ({"model": "m"}, {"messages": MESSAGES}):
            with pytest.raises(TypeError):
                completions.create(**arguments)
        with pytest.raises(TypeError):
            completions.create("m", MESSAGES)

    @pytest.mark.parametrize(
        ("bad", "error"),
        [
            ({"model": ""}, ValueError),
            ({"model": 5}, TypeError),
            ({"messages": "Hi"}, TypeError),
            ({"messages": [5]}, TypeError),
            ({"temperature": float("nan")}, ValueError),
            ({"stop": [object()]}, TypeError),
            ({"user": object()}, TypeError),
            ({"thinking": {"type": "enabled"}, "reasoning_effort": "low"}, ValueError),
            ({"max_retries": -1}, ValueError),
            ({"timeout": -1}, ConfigurationError),
            ({"extra_headers": {"a b": "c"}}, ValueError),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    async def test_that_cannot_be_sent_are_refused_before_anything_is(
        self, service, completions, bad, error
    ):
        with pytest.raises(error):
            completions.create(**{"model": "m", "messages": MESSAGES, **bad})
        assert service.transport.calls == []

    async def test_every_field_is_taken(self, service, completions):
        """Whatever the values: None is a value that every field has."""
        fields = dict.fromkeys(ChatParams.__optional_keys__)
        options = {
            "timeout": 1,
            "max_retries": 0,
            "document_inlining": True,
            "extra_headers": None,
            "extra_query": None,
            "extra_body": None,
            "session_affinity": None,
        }
        assert options.keys() == CallOptions.__optional_keys__
        call = completions.create(model="m", messages=MESSAGES, **fields, **options)
        assert set(await body_of(call, service)) == {
            "model",
            "messages",
            "stream",
            "stream_options",
        }


class TestOptions:
    async def test_extras(self, service, completions):
        call = completions.create(
            model="m",
            messages=MESSAGES,
            extra_headers={"X-A": "b"},
            extra_query={"q": "1"},
            extra_body={"new_field": None, "temperature": 1},
        )
        body = await body_of(call, service)
        assert (body["new_field"], body["temperature"]) == (None, 1)
        sent = service.transport.calls[0]
        assert sent.url.endswith("?q=1")
        assert sent.headers["X-A"] == "b"

    async def test_max_retries(self, service_of):
        service = service_of(Answer(status=503))
        create = Chat(service).completions.create
        with pytest.raises(ServiceUnavailableError):
            await create(model="m", messages=MESSAGES, max_retries=0)
        assert len(service.transport.calls) == 1

    @pytest.mark.parametrize("limits", [3, Timeout(receive=3), None])
    async def test_timeout(self, service_of, limits, monkeypatch):
        service = service_of(ok())
        seen = []
        watched = service.transport.limit
        monkeypatch.setattr(
            service.transport,
            "limit",
            lambda timeout: (seen.append(timeout), watched(timeout))[1],
        )
        create = Chat(service).completions.create
        await create(model="m", messages=MESSAGES, timeout=limits)
        assert seen == [Timeout.of(limits)]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("deepseek-v3p1", "accounts/fireworks/models/deepseek-v3p1"),
        ("fireworks_ai/deepseek-v3p1", "accounts/fireworks/models/deepseek-v3p1"),
        ("accounts/me/models/x", "accounts/me/models/x"),
        ("routers/x", "accounts/fireworks/routers/x"),
        ("auto", "accounts/fireworks/routers/auto"),
        (
            "m#accounts/me/deployments/d",
            "accounts/fireworks/models/m#accounts/me/deployments/d",
        ),
    ],
)
async def test_model_names_are_resolved(service, completions, typed, sent):
    call = completions.create(model=typed, messages=MESSAGES)
    assert (await body_of(call, service))["model"] == sent


class TestDocumentInlining:
    async def test_is_for_models_that_are_known_to_be_blind(self, service, completions):
        call = completions.create(model=BLIND, messages=DOCUMENT)
        assert inlined(await body_of(call, service))

    @pytest.mark.parametrize("model", [SEEING, "never-heard-of"])
    async def test_is_not_for_others(self, service, completions, model):
        call = completions.create(model=model, messages=DOCUMENT)
        assert not inlined(await body_of(call, service))

    async def test_can_be_turned_off_for_a_call(self, service, completions):
        call = completions.create(
            model=BLIND, messages=DOCUMENT, document_inlining=False
        )
        assert not inlined(await body_of(call, service))

    @pytest.mark.parametrize("again", [None, True])
    async def test_can_be_turned_off_for_a_client_and_on_again_for_a_call(
        self, service_of, again
    ):
        service = service_of(ok(), document_inlining=False)
        options = {} if again is None else {"document_inlining": again}
        call = Chat(service).completions.create(
            model=BLIND, messages=DOCUMENT, **options
        )
        assert inlined(await body_of(call, service)) is bool(again)
