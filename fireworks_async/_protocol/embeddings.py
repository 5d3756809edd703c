"""Embeddings: texts or objects in, vectors out, in as many requests as it takes."""

import sys
from array import array
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    Literal,
    TypeAlias,
    TypedDict,
    TypeVar,
    cast,
)

import msgspec

from fireworks_async._protocol import pricing
from fireworks_async._protocol.completions import (
    PerfMetricValues,
    RawOutput,
    Usage,
)
from fireworks_async._protocol.requests import JSON_HEADERS, WireRequest, encode_json
from fireworks_async._typing import JSONObject

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fireworks_async._measure.cost import Cost

__all__ = (
    "MOST_INPUTS",
    "Embedding",
    "EmbeddingInput",
    "EmbeddingParams",
    "EmbeddingResponse",
    "decode_embeddings",
    "encode_embeddings",
    "join_embeddings",
)

VectorT = TypeVar("VectorT")

EmbeddingInput: TypeAlias = str | JSONObject | Sequence[str] | Sequence[JSONObject]
"""What is embedded. An object is made a text by ``prompt_template``."""

MOST_INPUTS: Final = 2048
"""What the API takes in one request."""


class EmbeddingParams(TypedDict, total=False):
    """The fields of an embedding request beside its model and input."""

    dimensions: int | None
    """Length of the vectors, of models that can shorten them."""
    prompt_template: str | None
    """A Jinja2 template that makes a text of each object: ``"{{title}}: {{text}}"``."""
    return_logits: Sequence[int] | None
    """Token ids whose logits come in place of the vector; empty for all."""
    normalize: bool | None
    """Vectors of length 1; with ``return_logits``, a softmax over them."""


class Embedding(msgspec.Struct, Generic[VectorT], kw_only=True, gc=False):
    """The vector of one input.

    Attributes:
        index: The input's place among the inputs.
        embedding: A list of floats; with ``output="numpy"`` a float32 array.
        raw_output: The model's interaction below the template, where it is reported.
    """

    index: int
    embedding: VectorT
    object: Literal["embedding"] = "embedding"
    raw_output: RawOutput | None = None


class EmbeddingResponse(msgspec.Struct, Generic[VectorT], kw_only=True):
    """All vectors, in the order of the inputs.

    Attributes:
        data: One for each input.
        model: The model, as the server calls it.
        usage: Tokens of all requests together; None when one did not report them.
        perf_metrics: The server's times, where it reports them; None when the input
            went out in several requests.
    """

    data: list[Embedding[VectorT]]
    model: str = ""
    object: Literal["list"] = "list"
    usage: Usage | None = None
    perf_metrics: PerfMetricValues | None = None

    def cost(self) -> "Cost":
        """What it cost by the list; ``status`` is ``unknown`` where that is silent."""
        return pricing.cost_of(self.model, self.usage, None)


class _Row(msgspec.Struct):
    embedding: list[float] | str
    index: int | None = None
    raw_output: RawOutput | None = None


class _Answer(msgspec.Struct):
    data: list[_Row]
    model: str = ""
    usage: Usage | None = None
    perf_metrics: PerfMetricValues | None = None


_decoder = msgspec.json.Decoder(_Answer)


def encode_embeddings(
    *,
    model: str,
    inputs: EmbeddingInput,
    params: Mapping[str, object],
    extra_body: JSONObject | None = None,
    batch_size: int = MOST_INPUTS,
) -> tuple[list[WireRequest], list[int]]:
    """Encode the requests for all inputs; one, unless there are too many for it.

    Args:
        model: The full name of the model.
        inputs: One or several texts, or objects.
        params: Fields of ``EmbeddingParams``; those that are None are not sent.
        extra_body: Merged last, as it is.
        batch_size: Inputs of one request at most.

    Returns:
        The requests, and how many inputs each holds.

    Raises:
        TypeError: An input is no text and no object.
        ValueError: There is no input, a text is empty, or objects come without a
            template.
    """
    fields = {name: value for name, value in params.items() if value is not None}
    fields |= extra_body or {}
    items = _items(inputs)
    if "prompt_template" not in fields and not isinstance(items[0], str):
        raise ValueError("prompt_template: input objects need one, to be made texts of")
    batches: list[object] = [
        items[start : start + batch_size] for start in range(0, len(items), batch_size)
    ]
    if isinstance(inputs, str | Mapping):
        # Alone as it came, not in a list.
        batches = [items[0]]
    requests = [
        WireRequest(
            "/embeddings",
            JSON_HEADERS,
            encode_json({"model": model, "input": batch, **fields}),
        )
        for batch in batches
    ]
    starts = range(0, len(items), batch_size)
    return requests, [min(batch_size, len(items) - start) for start in starts]


def _items(inputs: object) -> list[object]:
    if isinstance(inputs, str | Mapping):
        return [_item("input", cast("object", inputs))]
    if not isinstance(inputs, Sequence) or isinstance(inputs, bytes | bytearray):
        raise TypeError(
            "input: expected text, an object, or a list of either, not "
            f"{type(inputs).__name__}"
        )
    items = [
        _item(f"input[{number}]", item)
        for number, item in enumerate(cast("Sequence[object]", inputs))
    ]
    if not items:
        raise ValueError("input: expected at least one text or object")
    if len({isinstance(item, str) for item in items}) > 1:
        raise TypeError("input: texts and objects cannot be mixed")
    return items


def _item(where: str, item: object) -> object:
    if isinstance(item, str):
        if not item:
            raise ValueError(f"{where}: the text is empty")
        return item
    if isinstance(item, Mapping):
        return cast("object", item)
    raise TypeError(
        f"{where}: expected text or an object, not {type(item).__name__}; the API "
        "takes no token ids here"
    )


def decode_embeddings(
    body: bytes, *, inputs: int, as_arrays: bool
) -> EmbeddingResponse[Any]:
    """Read the answer to one request.

    Args:
        body: JSON; vectors as lists of numbers or as base64 of little-endian floats.
        inputs: How many inputs it answers.
        as_arrays: Whether vectors are made numpy arrays.

    Raises:
        ValueError: It is no such answer, or not one vector for each input came.
    """
    answer = _decoder.decode(body)
    rows = answer.data
    if len(rows) != inputs:
        raise ValueError(f"{inputs} inputs were sent, and {len(rows)} vectors came")
    if all(row.index is not None for row in rows):
        rows = sorted(rows, key=lambda row: row.index or 0)
        if any(row.index != place for place, row in enumerate(rows)):
            raise ValueError("the vectors are not numbered as the inputs are")
    vector = _array if as_arrays else _numbers
    return EmbeddingResponse(
        data=[
            Embedding(
                index=place, embedding=vector(row.embedding), raw_output=row.raw_output
            )
            for place, row in enumerate(rows)
        ],
        model=answer.model,
        usage=answer.usage,
        perf_metrics=answer.perf_metrics,
    )


def join_embeddings(
    parts: Sequence[EmbeddingResponse[Any]],
) -> EmbeddingResponse[Any]:
    """Make one answer of the answers to all requests, in their order."""
    if len(parts) == 1:
        return parts[0]
    data = [row for part in parts for row in part.data]
    for place, row in enumerate(data):
        row.index = place
    return EmbeddingResponse(
        data=data,
        model=parts[0].model,
        usage=_sum([part.usage for part in parts]),
    )


def _sum(usages: Sequence[Usage | None]) -> Usage | None:
    reported = [usage for usage in usages if usage is not None]
    if len(reported) < len(usages):
        return None
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in reported),
        total_tokens=sum(usage.total_tokens for usage in reported),
        completion_tokens=sum(usage.completion_tokens for usage in reported),
    )


def _numbers(sent: list[float] | str) -> list[float]:
    if isinstance(sent, list):
        return sent
    numbers = array("f", b64decode(sent, validate=True))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


def _array(sent: list[float] | str) -> "npt.NDArray[np.float32]":
    import numpy as np  # noqa: PLC0415 - loaded only by who asks for arrays

    if isinstance(sent, list):
        return np.asarray(sent, dtype=np.float32)
    # A copy: what is made of a buffer cannot be written to.
    return np.frombuffer(b64decode(sent, validate=True), dtype="<f4").astype(np.float32)
