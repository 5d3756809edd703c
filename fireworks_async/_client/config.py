"""How a client is configured: from arguments, then the environment, then defaults."""

import ipaddress
import re
import warnings
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Self, TypeAlias, cast
from urllib.parse import urlsplit

import msgspec

from fireworks_async._client.options import (
    check_count,
    check_headers,
    unexpected_keyword,
)
from fireworks_async._policy.naming import is_audio_host, resolve_base_url
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import ConfigurationError, MissingAPIKeyError

__all__ = ("APIKey", "ClientConfig", "check_api_key")

APIKey: TypeAlias = str | Callable[[], Awaitable[str]]

_DEFAULT_BASE_URL = "https://api.fireworks.ai/inference/v1"
_KEY_VARIABLES = (
    "FIREWORKS_API_KEY",
    "FIREWORKS_AI_API_KEY",
    "FIREWORKSAI_API_KEY",
    "FIREWORKS_AI_TOKEN",
)
_VARIABLES = {
    "api_key": _KEY_VARIABLES,
    "base_url": ("FIREWORKS_BASE_URL", "FIREWORKS_API_BASE", "FIREWORKS_AI_API_BASE"),
    "audio_base_url": ("FIREWORKS_AUDIO_BASE_URL",),
}
_MISSING_KEY = (
    "no API key: give api_key=, or set one of "
    f"{', '.join(_KEY_VARIABLES)}. Without a key, the commands work with --simulate "
    "and programs with fireworks_async.simulator"
)
_DEFAULT_TIMEOUT = Timeout()

# Servers commonly take 8 KiB of headers in all; tokens of identity providers, which a
# callable may give, come to 4 KiB at most.
_LONGEST_KEY = 4096
_KEY = r"[\x21-\x7e]+"


def check_api_key(key: object, source: str) -> str:
    """Give the key back if it can be sent in a header.

    Args:
        key: What is said to be a key.
        source: The argument or environment variable that it is from.

    Raises:
        ConfigurationError: It cannot. The text does not show it.
    """
    if not isinstance(key, str):
        raise ConfigurationError(
            f"{source}: expected text or an async callable that gives text, "
            f"not {type(key).__name__}"
        )
    if not key:
        raise ConfigurationError(f"{source} is empty")
    if len(key) > _LONGEST_KEY:
        raise ConfigurationError(
            f"{source} is {len(key)} characters long; no API key is"
        )
    if not re.fullmatch(_KEY, key):
        raise ConfigurationError(
            f"{source} holds a blank, a line break or another character that no API "
            "key has"
        )
    return key


class ClientConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All that a client was told; its ``repr`` shows no key and no header.

    Attributes:
        api_key: The key, or what gives it for each call.
        base_url: Ends in ``/v1``.
        audio_base_url: Ends in ``/v1``; None when the model decides.
        timeout: How long to wait for what.
        max_retries: Attempts beyond the first.
        max_connections: Connections that the pool keeps at most.
        max_concurrency: Calls in flight at most; None for no limit.
        default_headers: Sent with every call.
        document_inlining: Whether documents are marked for models that see no images.
        has_own_audio_base: Whether audio stays where it is when the base URL changes.
    """

    api_key: APIKey
    base_url: str
    audio_base_url: str | None
    timeout: Timeout
    max_retries: int
    max_connections: int
    max_concurrency: int | None
    default_headers: Mapping[str, str]
    document_inlining: bool
    has_own_audio_base: bool

    def __repr__(self) -> str:
        return f"<ClientConfig {self.base_url}>"

    @classmethod
    def resolve(
        cls,
        *,
        environ: Mapping[str, str],
        api_key: APIKey | None = None,
        base_url: str | None = None,
        audio_base_url: str | None = None,
        timeout: Timeout | float | None = _DEFAULT_TIMEOUT,
        max_retries: int = 2,
        max_connections: int = 1000,
        max_concurrency: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        document_inlining: bool = True,
    ) -> Self:
        """Check the arguments and fill in from the environment what they leave open.

        A variable that is set to nothing counts as not set. A base URL that is given
        as an argument serves audio too; one from the environment does not. One from the
        environment that is of an audio host serves audio alone: LiteLLM's page has
        readers set it beside chats, which LiteLLM then sends elsewhere.

        Raises:
            MissingAPIKeyError: Neither the argument nor a variable gives a key.
            ConfigurationError: Something given cannot be used; the text names it.
        """
        values: dict[str, object] = {
            "api_key": api_key,
            "base_url": base_url,
            "audio_base_url": base_url if audio_base_url is None else audio_base_url,
            "timeout": timeout,
            "max_retries": max_retries,
            "max_connections": max_connections,
            "max_concurrency": max_concurrency,
            "default_headers": default_headers,
            "document_inlining": document_inlining,
        }
        sources = _fill_from(environ, values)
        checked = _checked(values, sources)
        if "base_url" in sources and is_audio_host(checked["base_url"]):
            if checked["audio_base_url"] is None:
                checked["audio_base_url"] = checked["base_url"]
            checked["base_url"] = _DEFAULT_BASE_URL
        config = cls(**checked, has_own_audio_base=audio_base_url is not None)
        _warn_of_clear_text(config.base_url, config.audio_base_url)
        return config

    def with_overrides(self, **overrides: object) -> Self:
        """Give a configuration that differs in what is named.

        ``default_headers`` are added to those that are there, the same name replacing;
        everything else replaces. A new ``base_url`` takes audio along, unless audio was
        given a base of its own.

        Raises:
            TypeError: A keyword is unknown.
            ConfigurationError: A value cannot be used; the text names it.
        """
        for name in overrides:
            if name not in _CHECKS:
                raise unexpected_keyword("with_options", name, _CHECKS)
        changes = _checked(overrides, {})
        if "default_headers" in changes:
            changes["default_headers"] = _merged(
                self.default_headers, changes["default_headers"]
            )
        if "audio_base_url" in changes:
            changes["has_own_audio_base"] = changes["audio_base_url"] is not None
        elif "base_url" in changes and not self.has_own_audio_base:
            changes["audio_base_url"] = changes["base_url"]
        _warn_of_clear_text(changes.get("base_url"), changes.get("audio_base_url"))
        return msgspec.structs.replace(self, **changes)


def _fill_from(environ: Mapping[str, str], values: dict[str, object]) -> dict[str, str]:
    """Fill in what is None, and give the variable that each such value is from."""
    sources: dict[str, str] = {}
    for name, variables in _VARIABLES.items():
        for variable in variables if values[name] is None else ():
            if environ.get(variable):
                values[name] = environ[variable]
                sources[name] = variable
                break
    if values["api_key"] is None:
        raise MissingAPIKeyError(_MISSING_KEY)
    if values["base_url"] is None:
        values["base_url"] = _DEFAULT_BASE_URL
    return sources


def _checked(
    values: Mapping[str, object], sources: Mapping[str, str]
) -> dict[str, Any]:
    """Bring each value into its final form, or name the one that has none."""
    checked: dict[str, Any] = {}
    for name, value in values.items():
        try:
            checked[name] = _CHECKS[name](value, sources.get(name, name))
        except (TypeError, ValueError) as error:
            raise ConfigurationError(str(error)) from None
    return checked


def _key(value: object, source: str) -> object:
    return value if callable(value) else check_api_key(value, source)


def _base(value: object, source: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{source}: expected a URL, not {type(value).__name__}")
    return resolve_base_url(value, source=source)


def _warn_of_clear_text(*urls: str | None) -> None:
    for url in sorted({url for url in urls if url and url.startswith("http:")}):
        host = urlsplit(url).hostname or ""
        if not _is_loopback(host):
            warnings.warn(
                f"http://{host} is another machine: the API key and all texts can be "
                "read on the way",
                # The user, who called a client that called the caller of this.
                stacklevel=4,
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _audio_base(value: object, source: str) -> str | None:
    return None if value is None else _base(value, source)


def _timeout(value: object, _source: str) -> Timeout:
    return Timeout.of(cast("Timeout | float | None", value))


def _retries(value: object, source: str) -> object:
    check_count(source, value, at_least=0)
    return value


def _positive(value: object, source: str) -> object:
    check_count(source, value, at_least=1)
    return value


def _optional_positive(value: object, source: str) -> object:
    return None if value is None else _positive(value, source)


def _headers(value: object, source: str) -> Mapping[str, str]:
    check_headers(source, value)
    return MappingProxyType(dict(cast("Mapping[str, str] | None", value) or {}))


def _merged(old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, str]:
    replaced = {name.lower() for name in new}
    kept = {name: old[name] for name in old if name.lower() not in replaced}
    return MappingProxyType({**kept, **new})


def _flag(value: object, source: str) -> object:
    if not isinstance(value, bool):
        raise TypeError(f"{source}: expected True or False")
    return value


_CHECKS: dict[str, Callable[[object, str], object]] = {
    "api_key": _key,
    "base_url": _base,
    "audio_base_url": _audio_base,
    "timeout": _timeout,
    "max_retries": _retries,
    "max_connections": _positive,
    "max_concurrency": _optional_positive,
    "default_headers": _headers,
    "document_inlining": _flag,
}
