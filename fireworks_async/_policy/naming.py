"""Which model a name means, and which base URL; no table is read here."""

import functools
from collections.abc import Callable
from urllib.parse import urlsplit

from fireworks_async.errors import ConfigurationError

__all__ = (
    "audio_base_of",
    "is_audio_host",
    "resolve_audio_model",
    "resolve_base_url",
    "resolve_chat_model",
    "resolve_embedding_model",
    "without_prefix",
)

_ACCOUNT = "accounts/fireworks/"
_FOREIGN_PREFIXES = ("fireworks_ai/", "fireworks_ai:", "text-completion-openai/")
_ROUTERS = frozenset({"auto", "auto-instant", "firerouter"})
_ROUTER_SUFFIXES = ("-fast", "-us", "-spot", "-latest")

# Their inference API is under /inference; what else is at these hosts is for
# administration. Audio hosts and direct routes have no such segment.
_INFERENCE_HOSTS = frozenset({"api.fireworks.ai", "us.api.fireworks.ai"})
# Whole addresses of calls, as examples for curl have them, are taken for bases.
_ENDPOINTS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/rerank",
    "/v1/models",
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
)


def resolve_chat_model(name: str, is_known: Callable[[str], bool]) -> str:
    """Expand the name of a model for chat and text completions.

    ``is_known`` is asked only to read a dot as the ``p`` that Fireworks writes for it;
    a model that it does not know is sent all the same.

    Raises:
        TypeError: The name is not text.
        ValueError: The name is empty, or holds blanks or control characters.
    """
    model, mark, deployment = _parts(name)
    return f"{_expand(model, is_known)}{mark}{deployment}"


def resolve_embedding_model(name: str) -> str:
    """Expand the name of a model for embeddings and rerank.

    Those endpoints know models as ``<account>/<model>`` or by the full name; a bare
    name is taken for one of Fireworks' own.

    Raises:
        TypeError: The name is not text.
        ValueError: The name is empty, or holds blanks or control characters.
    """
    model, mark, deployment = _parts(name)
    expanded = model if "/" in model else f"fireworks/{model}"
    return f"{expanded}{mark}{deployment}"


def resolve_audio_model(name: str) -> str:
    """Give the name of a model for audio as its hosts take it.

    Raises:
        TypeError: The name is not text.
        ValueError: The name is empty, or holds blanks or control characters.
    """
    return "".join(_parts(name))


def without_prefix(name: str) -> str:
    """Drop the prefix, if there is one, by which other libraries name the provider."""
    for prefix in _FOREIGN_PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def audio_base_of(model: str) -> str:
    """Give the base URL of the host that an audio model has to itself."""
    is_turbo = model.rpartition("/")[2] == "whisper-v3-turbo"
    return f"https://audio-{'turbo' if is_turbo else 'prod'}.api.fireworks.ai/v1"


def is_audio_host(base_url: str) -> bool:
    """Tell whether a base URL is of one of Fireworks' hosts for audio alone."""
    host = urlsplit(base_url).hostname or ""
    return host.startswith("audio-") and host.endswith(".fireworks.ai")


def _parts(name: object) -> tuple[str, str, str]:
    if not isinstance(name, str):
        raise TypeError(f"model: expected text, not {type(name).__name__}")
    return _parts_of(name)


# Programs call few models, again and again.
@functools.lru_cache(256)
def _parts_of(name: str) -> tuple[str, str, str]:
    """Check a name, drop one foreign prefix, and part model and deployment."""
    if " " in name or not name.isprintable():
        raise ValueError(
            f"model: {name[:80]!r} holds a blank or a character that cannot be printed"
        )
    model, mark, deployment = without_prefix(name).partition("#")
    if not model:
        raise ValueError("model: the name is empty")
    return model, mark, deployment


def _expand(model: str, is_known: Callable[[str], bool]) -> str:
    if model.startswith(("accounts/", "FW-")):
        return model
    if model.startswith(("routers/", "models/")):
        return _ACCOUNT + model
    if model.startswith("firerouter/"):
        return f"{_ACCOUNT}routers/{model}"
    if "/" in model:
        # The short form ``<account>/<model>``.
        return model
    is_router = model in _ROUTERS or model.endswith(_ROUTER_SUFFIXES)
    shelf = _ACCOUNT + ("routers/" if is_router else "models/")
    if "." in model and not is_known(shelf + model):
        spelled = shelf + model.replace(".", "p")
        if is_known(spelled):
            return spelled
    return shelf + model


def resolve_base_url(url: str, *, source: str = "base_url") -> str:
    """Complete a base URL, so that it ends in ``/v1`` and never in a slash.

    Args:
        url: An http or https URL: of the API, a direct route, a proxy, a simulator.
        source: What to call it in an error: the argument or environment variable.

    Raises:
        ConfigurationError: It is no such URL. The text shows nothing of it, because
            keys end up in URLs.
    """
    if not url.isprintable() or " " in url:
        raise ConfigurationError(
            f"{source} holds a blank or a character that cannot be printed"
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(f"{source} has no valid host and port") from None
    if parts.scheme not in {"http", "https"}:
        raise ConfigurationError(f"{source} must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ConfigurationError(
            f"{source} must not hold a user or password; the key is given as api_key"
        )
    if not host:
        raise ConfigurationError(f"{source} names no host")
    if "?" in url or "#" in url:
        raise ConfigurationError(f"{source} must not have a query or a fragment")
    path = parts.path.rstrip("/")
    if path.endswith(_ENDPOINTS):
        raise ConfigurationError(
            f"{source} must end in /v1, without the endpoint's own path"
        )
    return f"{parts.scheme}://{parts.netloc}{_versioned(host, path)}"


def _versioned(host: str, path: str) -> str:
    if not path and host in _INFERENCE_HOSTS:
        return "/inference/v1"
    if not path.endswith("/v1"):
        return f"{path}/v1"
    while path.endswith("/v1/v1"):
        path = path.removesuffix("/v1")
    return path
