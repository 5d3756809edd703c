"""The schema of the configuration file: its keys, and what they become.

Keys and meanings are those of LiteLLM's proxy, so that its files work as they are.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from fireworks_async._policy.catalogue import Prices
from fireworks_async._policy.naming import resolve_audio_model, resolve_base_url
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.params import ChatParams
from fireworks_async.errors import ConfigurationError
from fireworks_async.proxy._fields import Block, Scope, warn_unknown
from fireworks_async.proxy._patterns import STAR, closest
from fireworks_async.proxy._settings import (
    ANY_MODEL,
    DeploymentSettings,
    GatewaySettings,
    RouterSettings,
    Strategy,
)
from fireworks_async.proxy._yaml import Located, located, parse_yaml

__all__ = ("load_config", "read_config", "settings_of")

_STRATEGIES: Mapping[str, Strategy] = {
    "simple-shuffle": "simple-shuffle",
    "least-busy": "least-busy",
    "latency-based-routing": "latency-based-routing",
    "lowest-latency": "latency-based-routing",
}
NumberT = TypeVar("NumberT", int, float)

_SQLITE = "sqlite:///"
_PER_MILLION = 1_000_000
_DEFAULT = GatewaySettings()
_DEFAULTS = frozenset(ChatParams.__optional_keys__)


def load_config(path: Path | None, *, missing: str | None = None) -> GatewaySettings:
    """Read a file; None gives a gateway to all models behind the environment's key.

    Args:
        path: The file.
        missing: Stands in for environment variables that are not set; None makes them
            an error.

    Raises:
        ProxyConfigError: The file cannot be read, or something in it is wrong.
    """
    if path is None:
        return settings_of({})
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise Scope(str(path)).error(0, f"cannot be read: {reason}") from None
    settings = read_config(text, source=str(path), missing=missing)
    if settings.database is None and settings.master_key is not None:
        return replace(settings, database=path.with_suffix(".db"))
    return settings


def settings_of(config: Mapping[str, object]) -> GatewaySettings:
    """The settings of a configuration that is a mapping, as a file's content is.

    Raises:
        ProxyConfigError: Something in it is wrong.
    """
    return _settings(located(config), Scope("config"))


def read_config(
    text: str,
    *,
    source: str,
    environ: Mapping[str, str] | None = None,
    missing: str | None = None,
) -> GatewaySettings:
    """The settings that a file's text makes.

    Args:
        text: YAML.
        source: What it is called in errors and warnings.
        environ: Where ``os.environ/NAME`` is looked up; the process's by default.
        missing: Stands in for variables that are not set; None makes them an error.

    Raises:
        ProxyConfigError: Something in it is wrong; the text names the line.
    """
    scope = Scope(source, environ, missing=missing)
    return _settings(parse_yaml(text, source=source), scope)


def _settings(root: Located, scope: Scope) -> GatewaySettings:
    top = Block(scope, "config", root)
    for name, entry in (top.take("environment_variables") or Located({}, 0)).items():
        value = str(top.expanded(name, entry))
        scope.environ[name] = os.environ[name] = value
    library = top.block("litellm_settings")
    router = top.block("router_settings")
    general = top.block("general_settings")
    # Both blocks hold these; the router's word goes first.
    base = _Base(router, library)
    deployments = _deployments(top, base)
    settings = GatewaySettings(
        deployments=deployments,
        router=_router(router, library, base),
        master_key=general.text("master_key"),
        database=_database(general),
        max_parallel_requests=general.count("max_parallel_requests", at_least=1),
        global_max_parallel_requests=general.count(
            "global_max_parallel_requests", at_least=1
        )
        or _DEFAULT.global_max_parallel_requests,
        max_request_bytes=_bytes(general.amount("max_request_size_mb", positive=True)),
        drop_params=library.flag("drop_params") or False,
        document_inlining=not library.flag("disable_add_transform_inline_image_block"),
        keepalive=general.amount("keepalive_seconds", positive=True)
        or _DEFAULT.keepalive,
    )
    for block in (library, router, general, top):
        block.finish()
    _check_names(settings, scope)
    return settings


class _Base:
    """What deployments fall back on."""

    def __init__(self, router: Block, library: Block) -> None:
        first = router.amount("timeout", positive=True)
        second = library.amount("request_timeout", positive=True)
        self.timeout = first or second
        self.stream_timeout = router.amount("stream_timeout", positive=True)
        retries = router.count("num_retries")
        of_library = library.count("num_retries")
        self.num_retries = of_library if retries is None else retries


def _deployments(top: Block, base: _Base) -> tuple[DeploymentSettings, ...]:
    listed = top.take("model_list")
    if listed is None:
        entry = {"model_name": ANY_MODEL, "litellm_params": {"model": ANY_MODEL}}
        listed = located([entry])
    if not isinstance(listed.value, list) or not listed.value:
        raise top.wrong(listed.line, "model_list", "expected a list of deployments")
    made: list[DeploymentSettings] = []
    ids: set[str] = set()
    for row in listed.value:
        deployment = _deployment(Block(top.scope, "model_list", row), base)
        # Two that are alike in everything are two all the same.
        number, plain = 2, deployment.id
        while deployment.id in ids:
            deployment = replace(deployment, id=f"{plain}-{number}")
            number += 1
        ids.add(deployment.id)
        made.append(deployment)
    return tuple(made)


def _deployment(entry: Block, base: _Base) -> DeploymentSettings:
    line = entry.line_of("model_name")
    name = entry.text("model_name")
    if name is None:
        raise entry.missing("model_name")
    if name.count(STAR) > 1:
        raise entry.wrong(line, "model_name", "expected one * at most")
    given = entry.take("litellm_params")
    if given is None:
        raise entry.missing("litellm_params")
    params = Block(entry.scope, "litellm_params", given)
    info = entry.block("model_info")
    model = _model(params)
    api_base = _api_base(params)
    settings = DeploymentSettings(
        id=info.text("id") or _id_of(name, model, api_base),
        model_name=name,
        model=model,
        api_key=params.text("api_key"),
        api_base=api_base,
        timeout=_timeout(params, base),
        max_retries=params.count("max_retries"),
        rpm=params.count("rpm", at_least=1),
        tpm=params.count("tpm", at_least=1),
        max_parallel_requests=params.count("max_parallel_requests", at_least=1),
        weight=_or(params.amount("weight"), 1.0),
        order=_or(params.count("order"), 0),
        extra_headers=_headers(params),
        prices=_prices(info),
        defaults=_defaults(params),
    )
    info.finish()
    entry.finish()
    return settings


def _model(params: Block) -> str:
    line = params.line_of("model")
    model = params.text("model")
    if model is None:
        raise params.missing("model")
    try:
        resolve_audio_model(model)
    except ValueError as problem:
        raise params.scope.error(line, f"litellm_params.{problem}") from None
    return model


def _api_base(params: Block) -> str | None:
    line = params.line_of("api_base")
    given = params.text("api_base")
    if given is None:
        return None
    try:
        return resolve_base_url(given, source="api_base")
    except ConfigurationError as error:
        raise params.scope.error(line, str(error)) from None


def _timeout(params: Block, base: _Base) -> Timeout:
    total = params.amount("timeout", positive=True) or base.timeout
    receive = params.amount("stream_timeout", positive=True) or base.stream_timeout
    return Timeout(total=total, receive=receive or Timeout().receive)


def _headers(params: Block) -> dict[str, str]:
    entry = params.take("extra_headers")
    headers: dict[str, str] = {}
    for name, inner in (entry or Located({}, 0)).items():
        value = params.expanded("extra_headers", inner)
        if not isinstance(value, str) or any(c in value for c in "\r\n\0"):
            raise params.wrong(inner.line, "extra_headers", f"{name} has no valid text")
        headers[name] = value
    return headers


def _prices(info: Block) -> Prices | None:
    given = info.amount("input_cost_per_token")
    taken = info.amount("output_cost_per_token")
    cached = info.amount("cache_read_input_token_cost")
    # What else LiteLLM keeps here describes the model, and nothing is decided by it.
    info.rest()
    if given is None and taken is None:
        return None
    return Prices(
        input=(given or 0.0) * _PER_MILLION,
        output=(taken or 0.0) * _PER_MILLION,
        cached_input=_or(cached, given or 0.0) * _PER_MILLION,
    )


def _defaults(params: Block) -> dict[str, object]:
    """Fields of the API that are left over: they are for every call."""
    defaults: dict[str, object] = {}
    for key, entry in params.rest().items():
        if key in _DEFAULTS:
            defaults[key] = params.expanded(key, entry)
        else:
            warn_unknown(params, key, entry.line, {*_DEFAULTS, *_OWN_PARAMS})
    return defaults


_OWN_PARAMS = frozenset(
    {
        "api_base",
        "api_key",
        "extra_headers",
        "max_parallel_requests",
        "max_retries",
        "model",
        "order",
        "rpm",
        "stream_timeout",
        "timeout",
        "tpm",
        "weight",
    }
)


def _router(router: Block, library: Block, base: _Base) -> RouterSettings:
    cooldown = router.amount("cooldown_time")
    if router.flag("disable_cooldowns"):
        cooldown = 0.0
    aliases, hidden = _aliases(router)
    fails = router.count("allowed_fails")
    of_library = library.count("allowed_fails")
    return RouterSettings(
        strategy=router.word("routing_strategy", _STRATEGIES) or "simple-shuffle",
        num_retries=_or(base.num_retries, 2),
        allowed_fails=_or(of_library if fails is None else fails, 3),
        cooldown_time=_or(cooldown, 5.0),
        fallbacks=_fallbacks("fallbacks", router, library),
        default_fallbacks=_default_fallbacks(router, library),
        context_window_fallbacks=_fallbacks(
            "context_window_fallbacks", router, library
        ),
        aliases=aliases,
        hidden=hidden,
        max_fallbacks=_or(router.count("max_fallbacks"), 5),
    )


def _fallbacks(key: str, *blocks: Block) -> dict[str, tuple[str, ...]]:
    """Names by name; a list of mappings, as LiteLLM has it, or one mapping."""
    fallbacks: dict[str, tuple[str, ...]] = {}
    for block in blocks:
        entry = block.take(key)
        if entry is None:
            continue
        rows = entry.value if isinstance(entry.value, list) else [entry]
        for row in rows:
            if not isinstance(row.value, dict):
                raise block.wrong(row.line, key, "expected a name and its fallbacks")
            for name, inner in row.items():
                fallbacks.setdefault(name, block.names_in(key, inner))
                block.scope.referred.append((name, inner.line))
                block.scope.referred += _referred(inner)
    return fallbacks


def _referred(entry: Located) -> list[tuple[str, int]]:
    names = entry.value if isinstance(entry.value, list) else [entry]
    return [(str(each.value), each.line) for each in names]


def _default_fallbacks(*blocks: Block) -> tuple[str, ...]:
    for block in blocks:
        entry = block.take("default_fallbacks")
        if entry is not None:
            block.scope.referred += _referred(entry)
            return block.names_in("default_fallbacks", entry)
    return ()


def _aliases(router: Block) -> tuple[dict[str, str], frozenset[str]]:
    """Names by alias, and the aliases that are not to be listed."""
    entry = router.take("model_group_alias")
    aliases: dict[str, str] = {}
    hidden: set[str] = set()
    for name, inner in (entry or Located({}, 0)).items():
        meant: object = inner.value
        if isinstance(meant, dict):
            block = Block(router.scope, "model_group_alias", inner)
            meant = block.text("model")
            if block.flag("hidden"):
                hidden.add(name)
            block.finish()
        if not isinstance(meant, str):
            raise router.wrong(inner.line, "model_group_alias", "expected a name")
        aliases[name] = meant
        router.scope.referred.append((meant, inner.line))
    return aliases, frozenset(hidden)


def _database(general: Block) -> Path | None:
    line = general.line_of("database_url")
    url = general.text("database_url")
    if url is None:
        return None
    if not url.startswith(_SQLITE) or url == _SQLITE:
        raise general.wrong(
            line, "database_url", f"expected {_SQLITE}FILE; there is no other database"
        )
    return Path(url.removeprefix(_SQLITE))


def _check_names(settings: GatewaySettings, scope: Scope) -> None:
    """Say which fallbacks and aliases lead nowhere."""
    known = {deployment.model_name for deployment in settings.deployments}
    known |= settings.router.aliases.keys()
    for name, line in scope.referred:
        if name not in known and closest(known, name) is None:
            raise scope.error(line, f"no entry of model_list is called {name}")


def _id_of(name: str, model: str, api_base: str | None) -> str:
    what = f"{name}\0{model}\0{api_base}".encode()
    return hashlib.blake2b(what, digest_size=6).hexdigest()


def _bytes(megabytes: float | None) -> int:
    if megabytes is None:
        return _DEFAULT.max_request_bytes
    return int(megabytes * 1024 * 1024)


def _or(value: NumberT | None, default: NumberT) -> NumberT:
    return default if value is None else value
