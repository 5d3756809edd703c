"""A gateway on a free port, and a caller that knows nothing but HTTP."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from fireworks_async._web.server import WebServer
from fireworks_async.proxy import create_app
from fireworks_async.proxy._app import GATEWAY
from fireworks_async.proxy._gateway import Gateway

MASTER_KEY = "sk-master-4f1e9a7c3b"
UPSTREAM_KEY = "fw_CANARY0123456789"
ALIAS = "fireworks-llama"
MODEL = "accounts/fireworks/models/deepseek-v3p1"
HELLO = [{"role": "user", "content": "Hello"}]


@dataclass(frozen=True)
class Told:
    """An answer, whole."""

    status: int
    headers: Any
    data: bytes
    cut: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def events(self) -> list[Any]:
        """The data of each event; what is no JSON as text."""
        texts = [
            block.removeprefix("data: ")
            for block in self.data.decode().split("\n\n")
            if block.startswith("data: ")
        ]
        return [text if text == "[DONE]" else json.loads(text) for text in texts]

    @property
    def text(self) -> str:
        """What choice 0 says."""
        return "".join(
            choice["delta"].get("content") or ""
            for event in self.events
            if isinstance(event, dict)
            for choice in event.get("choices", [])
        )


class Running:
    """A gateway that answers, and one caller's connections to it."""

    def __init__(
        self, server: WebServer, gateway: Gateway, session: aiohttp.ClientSession
    ) -> None:
        self.server = server
        self.gateway = gateway
        self.session = session
        self.url = server.url
        self.base_url = f"{server.url}/v1"

    async def ask(
        self,
        path: str = "/v1/chat/completions",
        *,
        method: str = "POST",
        key: str | None = MASTER_KEY,
        headers: dict[str, str] | None = None,
        data: Any = None,
        **fields: Any,
    ) -> Told:
        """One request, read to its end; ``cut`` when HTTP's own end did not come."""
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        if data is None and method == "POST":
            data = json.dumps(body(**fields)).encode()
        async with self.session.request(
            method, self.url + path, data=data, headers=sent
        ) as answer:
            parts: list[bytes] = []
            try:
                async for part in answer.content.iter_any():
                    parts.append(part)  # noqa: PERF401 - what came before a loss counts
            except aiohttp.ClientPayloadError:
                return Told(answer.status, answer.headers, b"".join(parts), cut=True)
            return Told(answer.status, answer.headers, b"".join(parts))


def body(**fields: Any) -> dict[str, Any]:
    """A request; a field that is None is left out."""
    whole = {"model": ALIAS, "messages": HELLO, **fields}
    return {name: value for name, value in whole.items() if value is not None}


def deployment(upstream: Any, name: str = ALIAS, **params: Any) -> dict[str, Any]:
    """One entry of ``model_list``."""
    given = {"model": f"fireworks_ai/{MODEL}", "api_key": UPSTREAM_KEY, **params}
    if "api_base" not in given:
        given["api_base"] = upstream.base_url
    return {"model_name": name, "litellm_params": given}


def config(*deployments: dict[str, Any], **blocks: Any) -> dict[str, Any]:
    """A configuration, with a master key."""
    general = {"master_key": MASTER_KEY, **blocks.pop("general_settings", {})}
    return {"model_list": [*deployments], "general_settings": general, **blocks}


@asynccontextmanager
async def running(configuration: Any) -> AsyncIterator[Running]:
    """Serve it until the block is left."""
    app = create_app(configuration)
    server = WebServer(app)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Running(server, app[GATEWAY], session)
    finally:
        await server.stop()
