"""What is known of Fireworks' models; a default for what is known, never a gate.

The facts are in ``catalogue.json`` beside this file, which says where they are from.
Models come and go within months, so nothing may refuse a model for its absence here.
"""

import functools
from pathlib import Path
from typing import Literal

import msgspec

__all__ = ("ModelFacts", "Prices", "is_known", "lookup", "sees_images")

ModelKind = Literal[
    "chat",
    "embedding",
    "rerank",
    "image_generation",
    "audio_transcription",
    "decisions",
    "evaluation",
]


class Prices(msgspec.Struct, frozen=True, gc=False):
    """US dollars per million tokens; None where no catalogue has a figure."""

    input: float
    output: float
    cached_input: float | None = None
    priority_input: float | None = None
    priority_output: float | None = None
    priority_cached_input: float | None = None


class ModelFacts(msgspec.Struct, frozen=True, gc=False):
    """One model; None means that it is not known, not that it is not so.

    Attributes:
        id: The full name, as ``model`` takes it.
        kind: What the model does.
        context_length: Tokens of prompt and answer together.
        max_output_tokens: Tokens of the answer alone.
        vision: Whether it sees images.
        tools: Whether it calls functions.
        reasoning: Whether it reasons before it answers.
        json_schema: Whether it holds to a JSON Schema.
        reasoning_effort_levels: The words that ``reasoning_effort`` may be.
        deprecation_date: The day it was to go, as ``YYYY-MM-DD``.
        prices: What it costs.
    """

    id: str
    kind: ModelKind
    context_length: int | None = None
    max_output_tokens: int | None = None
    vision: bool | None = None
    tools: bool | None = None
    reasoning: bool | None = None
    json_schema: bool | None = None
    reasoning_effort_levels: tuple[str, ...] | None = None
    deprecation_date: str | None = None
    prices: Prices | None = None


class _Catalogue(msgspec.Struct):
    models: list[ModelFacts]


@functools.cache
def _models() -> dict[str, ModelFacts]:
    # Not through importlib.resources, which takes longer to import than this to read.
    data = Path(__file__).with_name("catalogue.json").read_bytes()
    catalogue = msgspec.json.decode(data, type=_Catalogue)
    return {facts.id: facts for facts in catalogue.models}


def lookup(model: str) -> ModelFacts | None:
    """Give what is known of a model, or None when it is not listed.

    Args:
        model: A full name; of ``<model>#<deployment>`` the model is looked up.
    """
    return _models().get(model.partition("#")[0])


def is_known(model: str) -> bool:
    """Tell whether a full name is listed."""
    return lookup(model) is not None


def sees_images(model: str) -> bool | None:
    """Tell whether a model sees images; None when that is not known."""
    facts = lookup(model)
    return None if facts is None else facts.vision
