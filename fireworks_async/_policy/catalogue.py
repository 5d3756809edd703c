"""What is known of Fireworks' models; a default for what is known, never a gate.

The facts are in ``catalogue.json`` beside this file, which says where they are from,
and for the rest of the process whatever is registered over them. Models come and go
within months, so nothing may refuse a model for its absence here.
"""

import functools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, cast

import msgspec

__all__ = (
    "KnownFacts",
    "ModelFacts",
    "ModelKind",
    "Prices",
    "is_known",
    "lookup",
    "register",
    "sees_images",
)

_FULL = "accounts/fireworks/models/"
_SHORT = "fireworks/"

ModelKind: TypeAlias = Literal[
    "chat",
    "embedding",
    "rerank",
    "image_generation",
    "audio_transcription",
    "decisions",
    "evaluation",
]


class Prices(msgspec.Struct, frozen=True, gc=False):
    """US dollars per million tokens; None where no catalogue has a figure.

    Attributes:
        input: Of the prompt.
        output: Of the answer.
        cached_input: Of what the prompt cache had.
        priority_input: The same for ``service_tier="priority"``.
        priority_output: Likewise.
        priority_cached_input: Likewise.
    """

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


class KnownFacts(TypedDict, total=False):
    """What may be said of a model: the fields of ``ModelFacts``."""

    kind: ModelKind
    context_length: int | None
    max_output_tokens: int | None
    vision: bool | None
    tools: bool | None
    reasoning: bool | None
    json_schema: bool | None
    reasoning_effort_levels: Sequence[str] | None
    deprecation_date: str | None
    prices: Prices | Mapping[str, float | None] | None


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
        model: A full name, or ``fireworks/<model>`` as embeddings and rerank have it.
            Of ``<model>#<deployment>`` the model is looked up, unless facts of just
            that are registered.
    """
    models = _models()
    facts = models.get(model)
    if facts is None and "#" in model:
        model = model.partition("#")[0]
        facts = models.get(model)
    if facts is None and model.startswith(_SHORT):
        facts = models.get(_FULL + model.removeprefix(_SHORT))
    return facts


def register(model: str, known: KnownFacts) -> ModelFacts:
    """Put facts over what is known of a model, for the rest of the process.

    Args:
        model: As for ``lookup``; one that is not listed is from now on.
        known: What is to be known; of the prices, too, those that are given.

    Raises:
        TypeError: A fact is none, or of the wrong type; the text names it.
        ValueError: A number cannot be.
    """
    old = lookup(model)
    given = dict(known)
    _check_names(given, KnownFacts.__optional_keys__, "fact of a model")
    if isinstance(prices := given.get("prices"), Mapping):
        told = cast("Mapping[str, float | None]", prices)
        _check_names(told, Prices.__struct_fields__, "price")
        before = old.prices if old is not None else None
        held: dict[str, object] = (
            {} if before is None else msgspec.structs.asdict(before)
        )
        given["prices"] = {**held, **told}
    fields = {"kind": "chat"} if old is None else msgspec.structs.asdict(old)
    # What was registered of a deployment is not said of its model.
    id_ = old.id if old is not None and "#" not in model else model
    try:
        facts = msgspec.convert(
            {**fields, **given, "id": id_}, ModelFacts, from_attributes=True
        )
    except msgspec.ValidationError as error:
        raise TypeError(f"{model}: {error}") from None
    _check(facts)
    _models()[facts.id] = facts
    return facts


def _check_names(given: Iterable[str], known: Collection[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise TypeError(f"{name}: there is no such {what}")


def _check(facts: ModelFacts) -> None:
    numbers = {
        "context_length": facts.context_length,
        "max_output_tokens": facts.max_output_tokens,
        **(msgspec.structs.asdict(facts.prices) if facts.prices else {}),
    }
    for name, number in numbers.items():
        if number is not None and not 0 <= number < math.inf:
            raise ValueError(f"{name}: cannot be {number}")


def is_known(model: str) -> bool:
    """Tell whether a full name is listed."""
    return lookup(model) is not None


def sees_images(model: str) -> bool | None:
    """Tell whether a model sees images; None when that is not known."""
    facts = lookup(model)
    return None if facts is None else facts.vision
