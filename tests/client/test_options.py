import pytest

from fireworks_async._client.options import (
    CallOptions,
    check_count,
    check_headers,
    split,
    unexpected_keyword,
)
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.params import ChatParams
from fireworks_async.errors import ConfigurationError


def test_fields_and_options_are_separated():
    options = {
        "timeout": None,
        "max_retries": 0,
        "document_inlining": False,
        "extra_headers": {"X-A": "b"},
        "extra_query": {"a": ["b"]},
        "extra_body": {"new": None},
    }
    fields = {"temperature": 0, "stop": None, "user": ""}
    assert split({**options, **fields}) == (
        fields,
        {**options, "timeout": Timeout.of(None)},
    )
    assert options.keys() | {"session_affinity"} == CallOptions.__optional_keys__


def test_what_is_not_given_is_in_neither():
    assert split({}) == ({}, {})


def test_every_field_of_a_chat_is_a_keyword():
    params = dict.fromkeys(ChatParams.__optional_keys__, 1)
    assert split(params) == (params, {})


def test_the_given_keywords_are_not_changed():
    params = {"timeout": 3, "temperature": 1}
    _, options = split(params)
    assert options["timeout"] == Timeout(receive=3)
    assert params == {"timeout": 3, "temperature": 1}


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("temprature", "temperature"),
        ("max_token", "max_tokens"),
        ("prompt_truncate_length", "prompt_truncate_len"),
        ("extra_header", "extra_headers"),
        ("max_retry", "max_retries"),
        ("tool_choices", "tool_choice"),
    ],
)
def test_a_misspelt_keyword_names_the_nearest(typo, meant):
    with pytest.raises(TypeError) as caught:
        split({"temperature": 1, typo: 1})
    assert str(caught.value) == (
        f"create() got an unexpected keyword argument {typo!r}; did you mean {meant!r}?"
    )


def test_a_keyword_near_to_none_names_the_way_out():
    with pytest.raises(TypeError) as caught:
        split({"chat_template_kwargs": {}}, function="stream")
    assert str(caught.value) == (
        "stream() got an unexpected keyword argument 'chat_template_kwargs'; "
        "a field without a keyword goes in extra_body"
    )


def test_a_method_may_have_keywords_of_its_own():
    assert split({"prompt": "x"}, keywords={"prompt"}) == ({"prompt": "x"}, {})
    with pytest.raises(TypeError, match="'tools'"):
        split({"tools": []}, keywords={"prompt"})


def test_an_unexpected_keyword_without_a_neighbour_or_a_way_out():
    error = unexpected_keyword("f", "zzz", ["temperature"])
    assert str(error) == "f() got an unexpected keyword argument 'zzz'"


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"timeout": -1}, ConfigurationError, r"Timeout\.receive must be a positive"),
        ({"timeout": "3"}, ConfigurationError, "timeout must be a fireworks_async.T"),
        ({"max_retries": -1}, ValueError, "max_retries: expected at least 0, not -1"),
        ({"max_retries": 1.5}, TypeError, "max_retries: expected an int, not float"),
        ({"max_retries": True}, TypeError, "max_retries: expected an int, not bool"),
        ({"document_inlining": 1}, TypeError, "document_inlining: expected True or"),
        ({"extra_headers": [("a", "b")]}, TypeError, "extra_headers: expected a mapp"),
        ({"extra_query": "a=b"}, TypeError, "extra_query: expected a mapping, not str"),
        ({"extra_query": {"a": None}}, TypeError, "extra_query: the value of a is not"),
        ({"extra_query": {"a": [{}]}}, TypeError, "extra_query: the value of a is no"),
        ({"extra_body": b"{}"}, TypeError, "extra_body: expected a mapping, not byte"),
    ],
)
def test_an_option_that_cannot_be_is_named(options, error, text):
    with pytest.raises(error, match=f"^{text}"):
        split(options)


@pytest.mark.parametrize("name", ["extra_headers", "extra_query", "extra_body"])
def test_extras_may_be_none(name):
    assert split({name: None}) == ({}, {name: None})


def test_a_query_is_text_and_a_list_is_several_values():
    query = {"a": "x", "b": 1, "c": True, "d": 0.5, "e": ["y", 2], "f": ()}
    _, options = split({"extra_query": query})
    texts = {"a": ["x"], "b": ["1"], "c": ["true"], "d": ["0.5"], "e": ["y", "2"]}
    assert options == {"extra_query": {**texts, "f": []}}
    assert split({**options}) == ({}, options)


def test_a_misspelt_keyword_of_the_methods_own_is_named():
    with pytest.raises(TypeError, match="did you mean 'strict'"):
        split({"strickt": True}, function="parse", own=("strict",))


def test_a_count_may_be_as_small_as_it_says():
    check_count("n", 1, at_least=1)


@pytest.mark.parametrize("headers", [None, {}, {"X-A_1.b~": "v; w=\xe9\t"}])
def test_headers_that_can_be_sent(headers):
    check_headers("extra_headers", headers)


@pytest.mark.parametrize(
    ("headers", "error", "text"),
    [
        ({"A": "b", "X:": "c"}, ValueError, "the name of header 2 is malformed"),
        ({"": "CANARY"}, ValueError, "the name of header 1 is malformed"),
        ({3: "CANARY"}, ValueError, "the name of header 1 is malformed"),
        ({"Authorization: CANARY": ""}, ValueError, "the name of header 1 is"),
        ({"CANARY\r\nX": "v"}, ValueError, "the name of header 1 is malformed"),
        ({"X-A": 3}, TypeError, "the value of X-A is not text but int"),
        ({"X-A": b"CANARY"}, TypeError, "the value of X-A is not text but bytes"),
        ({"X-A": "CANARY\n"}, ValueError, "the value of X-A holds a line break"),
        ({"X-A": "CANARY\rb"}, ValueError, "the value of X-A holds a line break"),
        ({"X-A": "CANARY\0"}, ValueError, "the value of X-A holds a line break"),
    ],
)
def test_headers_that_cannot_be_sent_are_named_and_not_shown(headers, error, text):
    with pytest.raises(error, match=f"^extra_headers: {text}") as caught:
        check_headers("extra_headers", headers)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        (None, {"x-session-affinity": "s-1"}),
        ({"X-A": "b"}, {"x-session-affinity": "s-1", "X-A": "b"}),
        ({"X-Session-Affinity": "mine"}, {"X-Session-Affinity": "mine"}),
    ],
)
def test_a_session_is_a_header_unless_that_is_there(headers, sent):
    given = {"session_affinity": "s-1", "extra_headers": headers}
    _, options = split(given)
    assert options == {"extra_headers": sent}
    assert given == {"session_affinity": "s-1", "extra_headers": headers}


def test_no_session_is_no_header():
    assert split({"session_affinity": None}) == ({}, {})


@pytest.mark.parametrize(
    ("session", "error"), [(3, TypeError), ("", ValueError), ("a\nb", ValueError)]
)
def test_what_is_no_session_is_refused(session, error):
    with pytest.raises(error, match="session_affinity: expected text"):
        split({"session_affinity": session})
