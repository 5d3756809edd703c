"""``client.models``: which models there are, and what is known of them.

What is known is the process's, not one client's: a completion knows its cost wherever
it is, and no client with it.
"""

from typing import Unpack

from fireworks_async._client.attempts import Service
from fireworks_async._client.options import CallOptions, ListOptions, split
from fireworks_async._client.unary import fetch
from fireworks_async._policy.catalogue import (
    KnownFacts,
    ModelFacts,
    is_known,
    lookup,
    register,
)
from fireworks_async._policy.naming import resolve_chat_model
from fireworks_async._protocol.models import (
    Model,
    ModelList,
    ServerlessModel,
    StatedFacts,
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

    def facts(self, model: str) -> ModelFacts | None:
        """Give what the library knows of a model, or None; nothing is sent.

        Prices, context length, whether it sees images, calls tools, reasons: what
        catalogues listed when the library was made, and what was told since.

        Args:
            model: A full name, or a short one as for chat.

        Raises:
            TypeError: The name is not text.
            ValueError: The name is none.
        """
        return lookup(resolve_chat_model(model, is_known))

    def register(self, model: str, **known: Unpack[KnownFacts]) -> ModelFacts:
        """Tell the library what it does not know of a model, or knows wrong.

        It holds for all clients of the process: for the cost of calls, and for whether
        documents are inlined.

        Args:
            model: As for ``facts``. A deployment may have facts of its own.
            known: Fields of ``ModelFacts``; the others stay. ``prices`` are US dollars
                per million tokens: ``{"input": 0.9, "output": 0.9}``.

        Raises:
            TypeError: There is no such fact, or a value is of the wrong type.
            ValueError: The name is none, or a number cannot be.
        """
        return register(resolve_chat_model(model, is_known), known)

    async def refresh(self, **options: Unpack[ListOptions]) -> "tuple[ModelFacts, ...]":
        """Bring what the library knows up to date with the live lists.

        That is ``list()`` and, where the host has it, ``serverless()``: context
        lengths, sight and tools. Prices are in the second in a form that is not
        documented, so they stay as they are.

        Returns:
            The facts of all models that the lists name.

        Raises:
            TypeError: A keyword is unknown.
            APIError: A call failed.
        """
        stated = [model.stated() for model in (await self.list(**options)).data]
        try:
            rows = await self.serverless(**options)
        except NotFoundError:
            rows = ()
        stated += [row.stated() for row in rows]
        return tuple(
            {name: _registered(name, facts) for name, facts in stated}.values()
        )


def _registered(model: str, stated: StatedFacts) -> ModelFacts:
    known: KnownFacts = {}
    if stated.is_embedding and not is_known(model):
        known["kind"] = "embedding"
    if stated.context_length:
        known["context_length"] = stated.context_length
    if stated.vision is not None:
        known["vision"] = stated.vision
    if stated.tools is not None:
        known["tools"] = stated.tools
    return register(model, known)


def _checked(function: str, options: ListOptions) -> CallOptions:
    _, checked = split({**options}, function=function, keywords=_KEYWORDS)
    return checked
