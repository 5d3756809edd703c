"""Lists of models, as servers send them: nothing but the name can be relied on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec

from fireworks_async._protocol.requests import WireRequest

__all__ = (
    "Model",
    "ModelList",
    "ServerlessModel",
    "decode_model",
    "decode_models",
    "decode_serverless",
    "models_request",
    "serverless_request",
)

_HEADERS: Final = MappingProxyType({"Accept": "application/json"})


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


_model = msgspec.json.Decoder(Model, strict=False)
_models = msgspec.json.Decoder(ModelList, strict=False)
_NAMES: Final = ("id", "name", "model", "model_id", "modelId")
_LISTS: Final = ("data", "models", "serverlessModels")


def models_request(model: str | None = None) -> WireRequest:
    """Ask for one model by its full name, or for all."""
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
