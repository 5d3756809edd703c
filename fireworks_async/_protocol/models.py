"""Lists of models, as servers send them: nothing but the name can be relied on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, cast
from urllib.parse import quote

import msgspec

from fireworks_async._protocol.requests import WireRequest

__all__ = (
    "Model",
    "ModelList",
    "ServerlessModel",
    "StatedFacts",
    "decode_model",
    "decode_models",
    "decode_serverless",
    "models_request",
    "serverless_request",
)

T = TypeVar("T")

_HEADERS: Final = MappingProxyType({"Accept": "application/json"})


class StatedFacts(NamedTuple):
    """What a list says of a model; None where it says nothing."""

    is_embedding: bool = False
    context_length: int | None = None
    vision: bool | None = None
    tools: bool | None = None


class Model(msgspec.Struct, kw_only=True):
    """One model that the key may use; None where the API says nothing.

    Attributes:
        id: The full name.
        owned_by: The account.
        created: Seconds since the epoch.
        kind: Such as ``HF_BASE_MODEL`` or ``EMBEDDING_MODEL``. More to be trusted than
            ``supports_chat``, which embedding models were seen to have too.
        supports_chat: Whether it is said to chat.
        supports_image_input: Whether it sees images.
        supports_tools: Whether it calls functions.
        context_length: Tokens of prompt and answer together.
    """

    id: str
    object: str = "model"
    owned_by: str | None = None
    created: int | None = None
    kind: str | None = None
    supports_chat: bool | None = None
    supports_image_input: bool | None = None
    supports_tools: bool | None = None
    context_length: int | None = None

    def stated(self) -> tuple[str, StatedFacts]:
        """The full name, and what is said of the model."""
        return self.id, StatedFacts(
            is_embedding=self.kind == _EMBEDDING,
            context_length=self.context_length,
            vision=self.supports_image_input,
            tools=self.supports_tools,
        )


class ModelList(msgspec.Struct, kw_only=True):
    """The models that the key may use."""

    data: list[Model]
    object: str = "list"


class ServerlessModel(msgspec.Struct, frozen=True):
    """One row of the public catalogue of serverless models.

    Its form is not documented, so it is given as it comes.

    Attributes:
        id: The model's name.
        details: All that the row says, prices among it.
    """

    id: str
    details: Mapping[str, object]

    def stated(self) -> tuple[str, StatedFacts]:
        """The full name, and what is said of the model in words of other lists.

        Those are the inference API's, or the control plane's for the same.
        """
        row = self.details
        return self.id, StatedFacts(
            is_embedding=row.get("kind") == _EMBEDDING,
            context_length=_said(row, int, "context_length", "contextLength"),
            vision=_said(row, bool, "supports_image_input", "supportsImageInput"),
            tools=_said(row, bool, "supports_tools", "supportsTools"),
        )


def _said(row: Mapping[str, object], kind: type[T], *names: str) -> T | None:
    for name in names:
        value = row.get(name)
        if type(value) is kind:
            return value
    return None


_model = msgspec.json.Decoder(Model, strict=False)
_models = msgspec.json.Decoder(ModelList, strict=False)
_EMBEDDING: Final = "EMBEDDING_MODEL"
_NAMES: Final = ("id", "name", "model", "model_id", "modelId")
_LISTS: Final = ("data", "models", "serverlessModels")


def models_request(model: str | None = None) -> WireRequest:
    """Ask for one model by its full name, or for all.

    Raises:
        ValueError: The name would lead to another path.
    """
    if model is not None and {".", ".."} & set(model.split("/")):
        raise ValueError(f"model: {model[:80]!r} leads to another path")
    # A `#` or `?` in a name is a part of it.
    path = "/models" if model is None else f"/models/{quote(model)}"
    return WireRequest(path, _HEADERS, method="GET")


def serverless_request() -> WireRequest:
    """Ask for the public catalogue; its base is the host's ``/v1``."""
    return WireRequest("/serverless/models", _HEADERS, method="GET")


def decode_model(body: bytes) -> Model:
    """Read one model.

    Raises:
        ValueError: It is none.
    """
    return _model.decode(body)


def decode_models(body: bytes) -> ModelList:
    """Read the list.

    Raises:
        ValueError: It is none.
    """
    return _models.decode(body)


def decode_serverless(body: bytes) -> tuple[ServerlessModel, ...]:
    """Read the catalogue: a list, or an object that holds one.

    Raises:
        ValueError: It is neither, or a row has no name.
    """
    answer: object = msgspec.json.decode(body)
    if isinstance(answer, dict):
        held = cast("dict[str, object]", answer)
        answer = next((held[name] for name in _LISTS if name in held), None)
    rows = msgspec.convert(answer, list[dict[str, Any]])
    return tuple(ServerlessModel(_name_of(row), row) for row in rows)


def _name_of(row: dict[str, Any]) -> str:
    for name in _NAMES:
        value = row.get(name)
        if isinstance(value, str):
            return value
    raise ValueError("a row of the catalogue names no model")
