"""The lists of models: nothing here touches HTTP."""

from collections.abc import Collection
from typing import Any

from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._models import DEFAULT_MODELS, exists
from fireworks_async.simulator._rejections import Rejection

__all__ = ("answer_model", "answer_models", "answer_serverless")

_EMBEDDING = "accounts/fireworks/models/qwen3-embedding-8b"
_LISTED = (*DEFAULT_MODELS, _EMBEDDING)
_CREATED = 1_776_455_694


def answer_models(models: Collection[str] | None) -> Answer:
    """List the models: those that there are, else a few."""
    rows = [_row(name) for name in models or _LISTED]
    return Answer.of_json({"object": "list", "data": rows})


def answer_model(name: str, models: Collection[str] | None) -> Answer:
    """Give one model."""
    if not exists(name, models):
        return Rejection.model_not_found().answer()
    return Answer.of_json(_row(name))


def answer_serverless() -> Answer:
    """Give the public catalogue, which is the same whatever models there are."""
    rows = [
        {
            "id": name,
            "context_length": 131_072,
            "pricing": {"input": 0.56, "cached_input": 0.28, "output": 1.68},
        }
        for name in DEFAULT_MODELS
    ]
    return Answer.of_json({"data": rows})


def _row(name: str) -> dict[str, Any]:
    is_embedding = "embedding" in name
    return {
        "id": name,
        "object": "model",
        "owned_by": name.split("/")[1] if name.count("/") > 1 else "fireworks",
        "created": _CREATED,
        "kind": "EMBEDDING_MODEL" if is_embedding else "HF_BASE_MODEL",
        # The API says so of embedding models too.
        "supports_chat": True,
        "supports_image_input": False,
        "supports_tools": not is_embedding,
        "context_length": 40_960 if is_embedding else 131_072,
    }
