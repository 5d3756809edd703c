"""``client.rerank``: a query and documents in, scores out."""

from collections.abc import Sequence
from functools import partial
from typing import Unpack

from fireworks_async._client.attempts import Service
from fireworks_async._client.options import RequestOptions, split
from fireworks_async._client.unary import fetch
from fireworks_async._policy.naming import resolve_embedding_model
from fireworks_async._protocol.rerank import (
    RerankParams,
    RerankResponse,
    decode_rerank,
    encode_rerank,
)

__all__ = ("Rerank", "RerankCallParams")


class RerankCallParams(RerankParams, RequestOptions, total=False):
    """Every keyword of a call but ``model``, ``query`` and ``documents``."""


_KEYWORDS = RerankCallParams.__optional_keys__


class Rerank:
    """``client.rerank``: ``POST /rerank``."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def create(
        self,
        *,
        model: str,
        query: str,
        documents: Sequence[str],
        **params: Unpack[RerankCallParams],
    ) -> RerankResponse:
        """Score documents by what they have to do with a query.

        Args:
            model: Such as ``fireworks/qwen3-reranker-8b``; the account may be left out
                when it is ``fireworks``.
            query: What is looked for.
            documents: The texts that are scored.
            params: The fields of ``RerankParams``, and the options of
                ``RequestOptions``.

        Raises:
            TypeError: A keyword is unknown, or a value is of the wrong type.
            ValueError: A value that cannot be sent.
            APIError: The call failed.
        """
        fields, options = split(
            params, keywords=_KEYWORDS, own=("model", "query", "documents")
        )
        request = encode_rerank(
            model=resolve_embedding_model(model),
            query=query,
            documents=documents,
            params=fields,
            extra_body=options.get("extra_body"),
        )
        decode = partial(decode_rerank, documents=len(documents))
        return await fetch(self._service, request, options, decode)
