import json

import pytest

from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.rerank import (
    RerankResult,
    decode_rerank,
    encode_rerank,
)


def encoded(query="q", documents=("a", "b"), extra_body=None, **params):
    request = encode_rerank(
        model="m",
        query=query,
        documents=documents,
        params=params,
        extra_body=extra_body,
    )
    assert (request.method, request.path) == ("POST", "/rerank")
    return json.loads(request.body)


def decoded(value, documents=2):
    return decode_rerank(json.dumps(value).encode(), documents=documents)


def test_only_what_was_set_goes_out():
    assert encoded(top_n=None) == {"model": "m", "query": "q", "documents": ["a", "b"]}
    body = encoded(
        top_n=1, return_documents=False, task="find", extra_body={"top_n": 2}
    )
    assert (body["top_n"], body["return_documents"], body["task"]) == (2, False, "find")


@pytest.mark.parametrize(
    ("given", "error", "named"),
    [
        ({"query": ""}, ValueError, "query"),
        ({"query": None}, TypeError, "query"),
        ({"documents": []}, ValueError, "documents"),
        ({"documents": "text"}, TypeError, "documents"),
        ({"documents": ["a", {"text": "b"}]}, TypeError, r"documents\[1\]"),
    ],
)
def test_what_cannot_be_sent_is_named(given, error, named):
    with pytest.raises(error, match=named):
        encoded(**given)


@pytest.mark.parametrize("name", ["data", "results"])
@pytest.mark.parametrize(
    "document",
    [{"document": "A"}, {"document": {"text": "A"}}, {"text": "A"}],
    ids=["text", "object", "beside"],
)
def test_every_form_of_the_answer(name, document):
    row = {"index": 1, "relevance_score": 0.5, **document}
    found = decoded({"model": "m", name: [row], "usage": {"total_tokens": 3}})
    assert found.data == [RerankResult(index=1, relevance_score=0.5, document="A")]
    assert (found.model, found.usage) == ("m", Usage(total_tokens=3))


def test_documents_may_be_left_out():
    rows = [
        {"index": 1, "relevance_score": 0.5},
        {"index": 0, "relevance_score": 0.1, "document": {"title": "A"}},
    ]
    found = decoded({"data": rows})
    assert [(row.index, row.document) for row in found.data] == [(1, None), (0, None)]
    assert found.usage is None


@pytest.mark.parametrize(
    "value",
    [
        {"object": "list"},
        {"data": [{"index": 0}]},
        {"data": [{"relevance_score": 0.5}]},
        {"data": [{"index": 2, "relevance_score": 0.5}]},
        {"data": [{"index": -1, "relevance_score": 0.5}]},
        [],
    ],
)
def test_what_scores_nothing_that_was_sent_is_refused(value):
    with pytest.raises(ValueError, match=r"\w"):
        decoded(value)
