import json

import pytest

from fireworks_async.batch._rows import Problem, Row, RowReader
from fireworks_async.batch._templates import Template
from tests.support.batches import MODEL, line, row

MESSAGES = [{"role": "user", "content": "Hi"}]
BODY = {"model": "m", "messages": MESSAGES}


def read(source, **options):
    return RowReader(**options).read(7, source)


def problem(source, **options):
    found = read(source, **options)
    assert isinstance(found, Problem)
    assert found.line == 7
    return found.text


@pytest.mark.parametrize(
    "source",
    [
        {
            "custom_id": "a",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": BODY,
        },
        {"custom_id": "a", "body": BODY},
        {"custom_id": "a", **BODY},
        json.dumps({"custom_id": "a", "body": BODY}).encode(),
    ],
    ids=["openai", "fireworks", "bare", "bytes"],
)
def test_the_three_forms_are_one_row(source):
    found = read(source)
    assert (found.custom_id, found.line) == ("a", 7)
    assert (found.endpoint, found.body) == ("/v1/chat/completions", BODY)
    assert found.digest == read({"custom_id": "b", "body": BODY}).digest


def test_the_order_of_keys_does_not_change_the_digest():
    other = {"messages": MESSAGES, "model": "m"}
    assert read({"body": other}).digest == read({"body": BODY}).digest


def test_another_endpoint_is_another_digest():
    body = {**BODY, "prompt": "x"}
    text = {"url": "/v1/completions", "body": body}
    assert read(text).digest != read({"body": body}).digest


def test_openais_word_for_floats_asks_for_nothing():
    body = {"model": "m", "input": "Hi"}
    plain = read({"body": body})
    asked = read({"body": {**body, "encoding_format": "float"}})
    assert (asked.body, asked.digest) == (body, plain.digest)
    other = {**body, "encoding_format": "base64"}
    assert read({"body": other}).body == other
    chat = {**BODY, "encoding_format": "float"}
    assert read({"body": chat}).body == chat


def test_stream_is_not_part_of_a_row():
    assert read({"body": {**BODY, "stream": False}}).body == BODY


@pytest.mark.parametrize(
    ("body", "endpoint"),
    [
        ({"messages": MESSAGES}, "/v1/chat/completions"),
        ({"prompt": "x"}, "/v1/completions"),
        ({"input": "x"}, "/v1/embeddings"),
        ({"query": "x", "documents": ["y"]}, "/v1/rerank"),
    ],
)
def test_fields_tell_the_endpoint(body, endpoint):
    assert read({"model": "m", **body}).endpoint == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "/v1/embeddings",
        "/embeddings",
        "/inference/v1/embeddings",
        "https://api.fireworks.ai/inference/v1/embeddings",
    ],
)
def test_an_endpoint_is_known_with_and_without_what_stands_before(url):
    body = {"model": "m", "input": "x"}
    assert read({"url": url, "body": body}).endpoint == "/v1/embeddings"


def test_the_run_gives_defaults_and_wins_by_its_model():
    found = read({"body": BODY}, model="n", params={"top_p": 1, "messages": []})
    assert found.body == {"model": "n", "messages": MESSAGES, "top_p": 1}


def test_a_template_makes_the_request():
    template = Template("About {topic}")
    source = {"topic": "tea", "id": 3, "rest": "x"}
    found = read(source, template=template, model="m", id_column="id")
    assert found.custom_id == "3"
    assert found.body["messages"] == [{"role": "user", "content": "About tea"}]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (b"{", "the line is no JSON"),
        (b"1", "the line is JSON, but no object"),
        (b"[1]", "the line begins an array"),
        (b" [", "the line begins an array"),
        ("{}\n".encode("utf-16"), "the line is no UTF-8"),
        ("{}\n".encode("utf-16")[2:], "the line is no UTF-8"),
        ("text", "expected a mapping, such as {'messages': [...]}, not str"),
        (None, "expected a mapping"),
        (b'{"a":"\xff"}', "the line is no"),
        ({"body": {"messages": MESSAGES}}, "no model"),
        ({"body": 3}, "body: expected an object"),
        ({"body": BODY, "method": "GET"}, "expected POST"),
        ({"body": BODY, "url": "/v1/files"}, "expected one of"),
        ({"body": BODY, "url": 1}, "url: expected text"),
        ({"body": {"model": "m"}}, "neither messages"),
        ({"body": {"model": "m", "query": "x"}}, "documents is missing"),
        ({"body": BODY, "custom_id": ""}, "custom_id: expected 1 to"),
        ({"body": BODY, "custom_id": True}, "custom_id: expected text"),
        ({"body": {**BODY, "extra_headers": {}}}, "extra_headers is no field"),
        ({"body": {**BODY, "timeout": 1}}, "timeout is no field"),
        ({"body": {**BODY, "extra_query": {}}}, "extra_query is no field"),
    ],
)
def test_what_makes_no_request_is_a_problem(source, text):
    assert text in problem(source)


def test_fields_without_a_keyword_go_where_calls_have_them():
    assert row(extra_body={"new": 1}).body["extra_body"] == {"new": 1}


def test_a_problem_keeps_its_name():
    found = read({"custom_id": "a", "body": 3})
    assert (found.custom_id, len(found.digest)) == ("a", 32)


def test_a_column_that_was_named_has_to_be_there():
    reader = RowReader(id_column="id")
    assert reader.read(1, {"id": "a", "body": BODY}).custom_id == "a"
    missing = reader.read(2, {"custom_id": "a", "body": BODY})
    assert "there is no id, which should name the row" in missing.text
    assert "id: expected 1 to" in reader.read(3, {"id": "", "body": BODY}).text


def test_more_values_than_columns_are_a_problem():
    assert "more values than" in problem({"model": "m", "prompt": "x", None: ["y"]})


def test_a_number_is_a_name_in_digits():
    assert read({"custom_id": 1, "body": BODY}).custom_id == "1"


def test_an_unknown_endpoint_for_all_is_an_error():
    with pytest.raises(ValueError, match="expected one of"):
        RowReader(endpoint="/v1/files")


def test_what_the_limiter_asks_for_is_known():
    each = row(max_tokens=7, n=3)
    assert (each.model, each.max_tokens, each.choices) == (MODEL, 7, 3)
    assert each.prompt_bytes == len(json.dumps(each.body, separators=(",", ":")))


@pytest.mark.parametrize(
    ("fields", "most"),
    [
        ({"max_tokens": None}, None),
        ({"max_tokens": None, "max_completion_tokens": 9}, None),
        ({"max_tokens": "x"}, None),
    ],
)
def test_a_limit_that_is_none_is_not_taken_for_one(fields, most):
    assert row(**fields).max_tokens is most


def test_the_other_name_of_the_limit_is_known():
    body = line("a")["body"]
    del body["max_tokens"]
    found = read({"body": {**body, "max_completion_tokens": 9}})
    assert isinstance(found, Row)
    assert (found.max_tokens, found.choices) == (9, 1)
