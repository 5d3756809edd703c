import json

import pytest

from fireworks_async.errors import BadRequestError
from fireworks_async.proxy._bodies import JsonBody

PLAIN = b'{"model": "a", "messages": [{"role": "user", "content": "x"}], "temperature": 1.0}'


def encoded(data, model="b", **changes):
    return JsonBody(data).encoded(model, **{"defaults": {}, "chat": True, **changes})


def test_f63_a_body_that_needs_no_change_keeps_its_bytes():
    assert encoded(PLAIN, "a") is PLAIN


def test_f63_what_is_not_changed_keeps_its_spelling():
    data = b'{"z":1e0,"model":"a","n":12345678901234567890123,"messages":"\\u00e9"}'
    assert encoded(data) == (
        b'{"z":1e0,"model":"b","n":12345678901234567890123,"messages":"\\u00e9"}'
    )


def test_a_stream_is_asked_for_its_usage():
    data = b'{"model":"a","stream":true}'
    assert json.loads(encoded(data))["stream_options"] == {"include_usage": True}
    body = JsonBody(data)
    assert body.stream
    assert not body.wants_usage


def test_a_caller_that_asks_for_usage_gets_its_own_options():
    data = b'{"model":"a","stream":true,"stream_options":{"include_usage":true,"x":1}}'
    assert JsonBody(data).wants_usage
    assert encoded(data, "a") is data


def test_other_stream_options_stay():
    data = b'{"model":"a","stream":true,"stream_options":{"buffer_ms":5}}'
    options = json.loads(encoded(data))["stream_options"]
    assert options == {"buffer_ms": 5, "include_usage": True}


def test_a_call_may_be_made_a_stream():
    sent = json.loads(encoded(PLAIN, stream=True))
    assert sent["stream"] is True
    assert sent["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_more_than_4096_tokens_need_a_stream(name):
    assert JsonBody(b'{"model":"a","%b":4097}' % name.encode()).needs_stream()
    assert not JsonBody(b'{"model":"a","%b":4096}' % name.encode()).needs_stream()
    assert not JsonBody(b'{"model":"a","%b":"many"}' % name.encode()).needs_stream()


def test_a_default_decides_where_the_limit_is_open():
    assert JsonBody(b'{"model":"a"}').needs_stream(by_default=True)
    small = JsonBody(b'{"model":"a","max_completion_tokens":9}')
    assert not small.needs_stream(by_default=True)
    assert JsonBody(b'{"model":"a","max_tokens":5000.0}').needs_stream()


def test_a_default_does_not_join_what_excludes_it():
    data = b'{"model":"a","max_completion_tokens":9,"thinking":{"type":"disabled"}}'
    defaults = {"max_tokens": 8000, "reasoning_effort": "low"}
    sent = json.loads(encoded(data, defaults=defaults))
    assert sent.keys() == {"model", "max_completion_tokens", "thinking"}


def test_messages_are_brought_into_the_apis_form():
    message = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
    tools = [{"id": "1", "type": "function", "index": 0, "function": {"name": "f"}}]
    data = json.dumps({"model": "a", "messages": [{**message, "tool_calls": tools}]})
    [sent] = json.loads(encoded(data.encode()))["messages"]
    assert sent == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}],
    }


def test_choices_of_words_are_brought_into_the_apis_form():
    data = b'{"model":"a","tool_choice":{"type":"tool","name":"f"},"reasoning_effort":"minimal"}'
    sent = json.loads(encoded(data))
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert sent["reasoning_effort"] == "low"
    assert "reasoning_effort" not in json.loads(
        encoded(b'{"model":"a","reasoning_effort":"default"}')
    )


def test_documents_are_marked_for_a_model_that_sees_none():
    part = {"type": "image_url", "image_url": {"url": "https://x/y.pdf"}}
    data = json.dumps({"model": "a", "messages": [{"role": "user", "content": [part]}]})
    marked = json.loads(encoded(data.encode(), inline_documents=True))
    url = marked["messages"][0]["content"][0]["image_url"]["url"]
    assert url == "https://x/y.pdf#transform=inline"
    assert encoded(data.encode(), "a") == data.encode()


def test_defaults_fill_what_is_open_and_nothing_else():
    sent = json.loads(encoded(PLAIN, defaults={"temperature": 0, "top_p": 0.5}))
    assert (sent["temperature"], sent["top_p"]) == (1.0, 0.5)


def test_named_fields_are_dropped_where_they_are():
    data = b'{"model":"a","temperature":1,"store":true}'
    sent = json.loads(encoded(data, dropped={"store", "user", "temperature"}))
    assert sent.keys() == {"model"}


def test_unknown_fields_pass_unless_they_are_to_be_dropped():
    data = b'{"model":"a","store":true,"top_k":1}'
    assert json.loads(encoded(data)) == {"model": "b", "store": True, "top_k": 1}
    assert json.loads(encoded(data, drop_unknown=True)) == {"model": "b", "top_k": 1}


@pytest.mark.parametrize("number", ["-5", "1" + "0" * 400, "1e400", '"5"', "null"])
def test_s7_a_size_that_makes_no_sense_is_not_believed(number):
    body = JsonBody(f'{{"model":"a","max_tokens":{number},"n":{number}}}'.encode())
    assert body.extent()[1:] == (None, 1)
    assert JsonBody(b'{"model":"a","max_tokens":7,"n":3}').extent()[1:] == (7, 3)


def test_affinity_and_tier_are_read():
    body = JsonBody(
        b'{"model":"a","user":"u","prompt_cache_key":"k","service_tier":"priority"}'
    )
    assert (body.affinity, body.tier) == ("k", "priority")
    assert JsonBody(b'{"model":"a","user":"u"}').affinity == "u"
    assert JsonBody(b'{"model":"a"}').affinity is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"model":null}',
        b'{"model":7}',
        b'{"model":"\xff"}',
        b'{"model":"a"',
        b"[" * 100_000,
    ],
)
def test_f67_what_is_no_request_is_refused(data):
    with pytest.raises(BadRequestError):
        JsonBody(data)


def test_a_message_that_cannot_be_sent_is_refused_by_name():
    data = b'{"model":"a","messages":[{"content":[{"text":"x"}]}]}'
    with pytest.raises(BadRequestError, match=r"messages\[0\] has no 'role'"):
        encoded(data)


def test_s6_deep_json_is_refused():
    data = b'{"model":"a","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(BadRequestError):
        JsonBody(data)
