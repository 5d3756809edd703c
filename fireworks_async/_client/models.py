"""``client.models``: which models there are."""

from typing import Unpack

from fireworks_async._client.attempts import Service
from fireworks_async._client.options import CallOptions, ListOptions, split
from fireworks_async._client.unary import fetch
from fireworks_async._policy.catalogue import is_known
from fireworks_async._policy.naming import resolve_chat_model
from fireworks_async._protocol.models import (
    Model,
    ModelList,
    ServerlessModel,
    decode_model,
    decode_models,
    decode_serverless,
    models_request,
    serverless_request,
)
from fireworks_async.errors import NotFoundError

__all__ = ("Models",)


_KEYWORDS = ListOptions.__optional_keys__


class Models:
    """``client.models``: ``GET /models``."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def list(self, **options: Unpack[ListOptions]) -> ModelList:
        """List the models that the key may use.

        Raises:
            TypeError: A keyword is unknown.
            APIError: The call failed.
        """
        checked = _checked("list", options)
        return await fetch(self._service, models_request(), checked, decode_models)

    async def retrieve(self, model: str, **options: Unpack[ListOptions]) -> Model:
        """Give one model.

        A server that has no such path is asked for its list.

        Args:
            model: A full name, or a short one as for chat.

        Raises:
            TypeError: A keyword is unknown.
            ValueError: The name is none.
            NotFoundError: There is no such model.
            APIError: The call failed.
        """
        checked = _checked("retrieve", options)
        name = resolve_chat_model(model, is_known)
        try:
            return await fetch(
                self._service, models_request(name), checked, decode_model
            )
        except NotFoundError as error:
            missing = error
        listed = await fetch(self._service, models_request(), checked, decode_models)
        for found in listed.data:
            if found.id == name:
                return found
        raise missing

    async def serverless(
        self, **options: Unpack[ListOptions]
    ) -> "tuple[ServerlessModel, ...]":
        """Give the public catalogue of serverless models, of the client's own host.

        Direct routes and other servers have none.

        Raises:
            TypeError: A keyword is unknown.
            APIError: The call failed.
        """
        base = self._service.config.base_url
        root = base.removesuffix("/v1").removesuffix("/inference")
        return await fetch(
            self._service,
            serverless_request(),
            _checked("serverless", options),
            decode_serverless,
            base_url=f"{root}/v1",
        )


def _checked(function: str, options: ListOptions) -> CallOptions:
    _, checked = split({**options}, function=function, keywords=_KEYWORDS)
    return checked
