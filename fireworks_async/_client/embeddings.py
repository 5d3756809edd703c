"""``client.embeddings``: inputs in, vectors out."""

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Unpack, overload

from fireworks_async._client.attempts import Service
from fireworks_async._client.options import RequestOptions, check_count, split
from fireworks_async._client.unary import fetch_all
from fireworks_async._policy.naming import resolve_embedding_model
from fireworks_async._protocol.embeddings import (
    MOST_INPUTS,
    EmbeddingInput,
    EmbeddingParams,
    EmbeddingResponse,
    decode_embeddings,
    encode_embeddings,
    join_embeddings,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ("EmbeddingCallParams", "Embeddings")


class EmbeddingCallParams(EmbeddingParams, RequestOptions, total=False):
    """Every keyword of a call but those that ``create`` names itself."""


_KEYWORDS = EmbeddingCallParams.__optional_keys__


class Embeddings:
    """``client.embeddings``: ``POST /embeddings``."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @overload
    async def create(
        self,
        *,
        model: str,
        input: EmbeddingInput,
        output: Literal["list"] = "list",
        batch_size: int = MOST_INPUTS,
        **params: Unpack[EmbeddingCallParams],
    ) -> EmbeddingResponse[list[float]]: ...
    @overload
    async def create(
        self,
        *,
        model: str,
        input: EmbeddingInput,
        output: Literal["numpy"],
        batch_size: int = MOST_INPUTS,
        **params: Unpack[EmbeddingCallParams],
    ) -> "EmbeddingResponse[npt.NDArray[np.float32]]": ...
    async def create(
        self,
        *,
        model: str,
        input: EmbeddingInput,  # noqa: A002 - the name on the wire
        output: Literal["list", "numpy"] = "list",
        batch_size: int = MOST_INPUTS,
        **params: Unpack[EmbeddingCallParams],
    ) -> "EmbeddingResponse[list[float]] | EmbeddingResponse[npt.NDArray[np.float32]]":
        """Embed texts, or objects by a template.

        More inputs than ``batch_size`` go out in several requests at once. The call
        fails as a whole: with the error of the first request that does.

        Args:
            model: A full name, ``<account>/<model>``, or one of Fireworks' own such as
                ``qwen3-embedding-8b``.
            input: A text, an object, or a list of either.
            output: The form of the vectors: lists of floats, or float32 arrays.
            batch_size: Inputs of one request at most.
            params: The fields of ``EmbeddingParams``, and the options of
                ``RequestOptions``; each request has its own timeout and retries.

        Raises:
            TypeError: A keyword is unknown, or an input is of the wrong type.
            ValueError: A value that cannot be sent.
            ModuleNotFoundError: Arrays were asked for, and numpy is not installed.
            APIError: A request failed.
        """
        fields, options = split(
            params, keywords=_KEYWORDS, own=("model", "input", "output", "batch_size")
        )
        check_count("batch_size", batch_size, at_least=1)
        if output not in ("list", "numpy"):
            raise ValueError(f"output: expected 'list' or 'numpy', not {output!r}")
        as_arrays = output == "numpy"
        if as_arrays and find_spec("numpy") is None:
            raise ModuleNotFoundError("output: 'numpy' needs numpy", name="numpy")
        requests, sizes = encode_embeddings(
            model=resolve_embedding_model(model),
            inputs=input,
            params=fields,
            extra_body=options.get("extra_body"),
            batch_size=batch_size,
        )
        decoders = [
            partial(decode_embeddings, inputs=size, as_arrays=as_arrays)
            for size in sizes
        ]
        parts = await fetch_all(
            self._service, zip(requests, decoders, strict=True), options
        )
        return join_embeddings(parts)
