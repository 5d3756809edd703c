"""Rerank: a query and documents in, the documents' scores out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, cast

import msgspec

from fireworks_async._protocol import pricing
from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.requests import JSON_HEADERS, WireRequest, encode_json
from fireworks_async._typing import JSONObject

if TYPE_CHECKING:
    from fireworks_async._measure.cost import Cost

__all__ = (
    "RerankParams",
    "RerankResponse",
    "RerankResult",
    "decode_rerank",
    "encode_rerank",
)


class RerankParams(TypedDict, total=False):
    """The fields of a rerank request beside its model, query and documents."""

    top_n: int | None
    """Give only so many, the best."""
    return_documents: bool | None
    """Whether the texts come back beside their scores; the API's default is yes."""
    task: str | None
    """What the documents are wanted for, as an instruction to the model."""


class RerankResult(msgspec.Struct, kw_only=True, gc=False):
    """One document's score.

    Attributes:
        index: The document's place among those that were sent.
        relevance_score: Higher is better; models differ in their scale.
        document: Its text, unless ``return_documents=False``.
    """

    index: int
    relevance_score: float
    document: str | None = None


class RerankResponse(msgspec.Struct, kw_only=True):
    """The documents' scores, in the order of the API: the best first.

    Attributes:
        data: Also when the server called it ``results``.
        model: The model, as the server calls it.
        id: The server's name for the answer, where it has one.
        usage: Tokens, or None when not reported.
    """

    data: list[RerankResult]
    model: str = ""
    id: str | None = None
    object: str = "list"
    usage: Usage | None = None

    def cost(self) -> "Cost":
        """What it cost by the list; ``status`` is ``unknown`` where that is silent."""
        return pricing.cost_of(self.model, self.usage, None)


class _Row(msgspec.Struct):
    index: int
    relevance_score: float
    # As a text, as an object with one, or, in the older form, beside the score.
    document: str | dict[str, object] | None = None
    text: str | None = None


class _Answer(msgspec.Struct):
    data: list[_Row] | None = None
    results: list[_Row] | None = None
    model: str | None = None
    id: str | None = None
    usage: Usage | None = None


_decoder = msgspec.json.Decoder(_Answer)


def encode_rerank(
    *,
    model: str,
    query: str,
    documents: Sequence[str],
    params: Mapping[str, object],
    extra_body: JSONObject | None = None,
) -> WireRequest:
    """Encode a rerank request.

    Raises:
        TypeError: The query or a document is no text.
        ValueError: There is no query, or no document.
    """
    if not isinstance(cast("object", query), str):
        raise TypeError(f"query: expected text, not {type(query).__name__}")
    if not query:
        raise ValueError("query: the text is empty")
    body: dict[str, object] = {
        "model": model,
        "query": query,
        "documents": _texts(documents),
    }
    body.update({name: value for name, value in params.items() if value is not None})
    body.update(extra_body or {})
    return WireRequest("/rerank", JSON_HEADERS, encode_json(body))


def _texts(documents: object) -> list[str]:
    if isinstance(documents, str | bytes) or not isinstance(documents, Sequence):
        raise TypeError(
            f"documents: expected a list of texts, not {type(documents).__name__}"
        )
    texts: list[str] = []
    for number, text in enumerate(cast("Sequence[object]", documents)):
        if not isinstance(text, str):
            raise TypeError(
                f"documents[{number}]: expected text, not {type(text).__name__}"
            )
        texts.append(text)
    if not texts:
        raise ValueError("documents: expected at least one text")
    return texts


def decode_rerank(body: bytes, *, documents: int) -> RerankResponse:
    """Read an answer, in the form of Fireworks (``data``) or Cohere (``results``).

    Args:
        body: JSON.
        documents: How many were sent.

    Raises:
        ValueError: It is no such answer, or scores a document that was not sent.
    """
    answer = _decoder.decode(body)
    rows = answer.results if answer.data is None else answer.data
    if rows is None:
        raise ValueError("it has neither `data` nor `results`")
    for row in rows:
        if not 0 <= row.index < documents:
            raise ValueError(f"it scores document {row.index}, which was not sent")
    return RerankResponse(
        data=[
            RerankResult(
                index=row.index,
                relevance_score=row.relevance_score,
                document=_text_of(row),
            )
            for row in rows
        ],
        model=answer.model or "",
        id=answer.id,
        usage=answer.usage,
    )


def _text_of(row: _Row) -> str | None:
    if isinstance(row.document, dict):
        text = row.document.get("text")
        return text if isinstance(text, str) else None
    return row.text if row.document is None else row.document
