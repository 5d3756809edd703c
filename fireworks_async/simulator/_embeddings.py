"""The embeddings and rerank endpoints: a request's body in, an answer planned.

Vectors are made of the words of a text, so that texts which share words are near each
other. The same text has the same vector for one model and seed.
"""

import math
import re
from base64 import b64encode
from collections.abc import Collection, Iterator
from hashlib import blake2b
from struct import pack
from typing import Any

from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._plans import Plan, Terms
from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply
from fireworks_async.simulator._rules import (
    anything,
    array,
    boolean,
    closed,
    either,
    integer,
    literal,
    mapping,
    nullable,
    string,
)
from fireworks_async.simulator._text import token_id
from fireworks_async.simulator._validation import join_problems

__all__ = ("plan_embeddings", "plan_rerank")

_MOST_INPUTS = 2048
_DIMENSIONS = 768
_VOCABULARY = 1000
_TRACES = 16
_FLOOR = 0.01
_RERANKER = "fireworks/qwen3-reranker-8b"
_SHORT_OR_FULL_NAME = re.compile(r"[^/#\s]+/[^#\s]+(#.+)?")
_WORD = re.compile(r"\w+")
_PLACE = re.compile(r"\{\{?\s*(\w+)[^{}]*\}?\}")

_object = mapping(anything)
_embeddings = closed(
    {
        "input": either(
            string,
            _object,
            array(string, at_least=1, at_most=_MOST_INPUTS),
            array(_object, at_least=1, at_most=_MOST_INPUTS),
        ),
        "model": string,
        "dimensions": nullable(integer(1)),
        "prompt_template": nullable(string),
        "return_logits": nullable(array(integer(0))),
        "normalize": nullable(boolean),
        # Not documented, and sent by the SDK of OpenAI with every request.
        "encoding_format": literal("float", "base64"),
    },
    ("input", "model"),
)
_rerank = closed(
    {
        "query": string,
        "documents": array(string, at_least=1),
        "model": nullable(string),
        "top_n": nullable(integer(1)),
        "return_documents": nullable(boolean),
        "task": nullable(string),
    },
    ("query", "documents"),
)


def plan_embeddings(
    body: Any, *, seed: int, models: Collection[str] | None
) -> Plan | ErrorReply:
    """Plan the answer to an embeddings request, or refuse it."""
    if problems := list(_embeddings.problems(body, "")):
        return Rejection.invalid(join_problems(problems))
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    template = body.get("prompt_template")
    if template is None and not all(isinstance(item, str) for item in inputs):
        return Rejection.invalid("prompt_template is required for objects")
    if not _exists(body["model"], models):
        return Rejection.model_not_found()
    texts = [item if template is None else _rendered(template, item) for item in inputs]
    tokens = sum(map(_tokens, texts))

    def make(terms: Terms) -> Answer:
        name = f"{seed}/{body['model']}"
        vectors = [_written(_vector(text, body, name), body) for text in texts]
        data = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        answered = {"data": data, "model": body["model"], "usage": usage}
        return Answer.of_json({"object": "list", **answered}, headers=terms.headers)

    return Plan(body["model"], tokens, make)


def plan_rerank(body: Any, *, models: Collection[str] | None) -> Plan | ErrorReply:
    """Plan the answer to a rerank request, or refuse it.

    A document's score is the share of the query's words that it has.
    """
    if problems := list(_rerank.problems(body, "")):
        return Rejection.invalid(join_problems(problems))
    model = body.get("model") or _RERANKER
    if not _exists(model, models):
        return Rejection.model_not_found()
    documents = body["documents"]
    tokens = sum(_tokens(text) for text in documents)
    tokens += len(documents) * _tokens(body["query"])

    def make(terms: Terms) -> Answer:
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        answered = {
            "model": model,
            "data": _ranked(body),
            "usage": {**usage, "completion_tokens": 0},
        }
        return Answer.of_json({"object": "list", **answered}, headers=terms.headers)

    return Plan(model, tokens, make)


def _ranked(body: dict[str, Any]) -> list[dict[str, Any]]:
    documents = body["documents"]
    scores = [_score(body["query"], document) for document in documents]
    best = sorted(range(len(documents)), key=lambda index: -scores[index])
    rows = [
        {"index": index, "relevance_score": scores[index], "document": documents[index]}
        for index in best[: body.get("top_n")]
    ]
    if body.get("return_documents") is False:
        for row in rows:
            del row["document"]
    return rows


def _exists(model: str, models: Collection[str] | None) -> bool:
    if models is not None:
        return model in models or model.partition("#")[0] in models
    return _SHORT_OR_FULL_NAME.fullmatch(model) is not None


def _rendered(template: str, item: Any) -> str:
    """Fill a template in, as far as plain fields go."""
    if isinstance(item, str):
        return item
    return _PLACE.sub(lambda place: str(item.get(place[1], "")), template)


def _vector(text: str, body: dict[str, Any], sequence: str) -> list[float]:
    logits = body.get("return_logits")
    if logits is not None:
        wanted = logits or range(_VOCABULARY)
        values = [token_id(f"{sequence}{text}{token}") / 10_000 for token in wanted]
        return _softmax(values) if body.get("normalize") else values
    values = [_FLOOR] * int(body.get("dimensions") or _DIMENSIONS)
    for word in _words(text):
        digest = blake2b(
            f"{sequence}/{word}".encode(), digest_size=_TRACES * 2
        ).digest()
        for first, second in zip(digest[::2], digest[1::2], strict=True):
            place = (first << 7 | second >> 1) % len(values)
            values[place] += 1.0 if second & 1 else -1.0
    if not body.get("normalize"):
        return values
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


def _written(vector: list[float], body: dict[str, Any]) -> list[float] | str:
    if body.get("encoding_format") != "base64":
        return vector
    return b64encode(pack(f"<{len(vector)}f", *vector)).decode()


def _softmax(values: list[float]) -> list[float]:
    top = max(values)
    powers = [math.exp(value - top) for value in values]
    return [power / sum(powers) for power in powers]


def _score(query: str, document: str) -> float:
    wanted = set(_words(query))
    found = wanted & set(_words(document))
    # Of two equal shares, the shorter document is more to the point.
    share = len(found) / max(1, len(wanted))
    return round((share * 0.98) + 0.01 / (1 + len(document) / 1000), 6)


def _words(text: str) -> Iterator[str]:
    return (word.lower() for word in _WORD.findall(text))


def _tokens(text: str) -> int:
    return max(1, -(-len(text.encode()) // 4))
