"""The schema of the configuration file: its blocks, and what they become.

Keys and meanings are those of LiteLLM's proxy, so that its files work as they are.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fireworks_async.proxy._entries import Base, deployments_of
from fireworks_async.proxy._fields import Block, Scope, or_else
from fireworks_async.proxy._patterns import closest
from fireworks_async.proxy._settings import (
    ANY_MODEL,
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
_SQLITE = "sqlite:///"
_DEFAULT = GatewaySettings()


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
    timeout = router.amount("timeout", positive=True)
    of_library = library.amount("request_timeout", positive=True)
    base = Base(
        timeout or of_library,
        router.amount("stream_timeout", positive=True),
        library.flag("drop_params") or False,
    )
    deployments = deployments_of(top, base)
    settings = GatewaySettings(
        deployments=deployments,
        router=_router(router, library),
        master_key=general.text("master_key"),
        database=_database(general),
        max_parallel_requests=general.count("max_parallel_requests", at_least=1),
        global_max_parallel_requests=general.count(
            "global_max_parallel_requests", at_least=1
        )
        or _DEFAULT.global_max_parallel_requests,
        max_request_bytes=_bytes(general.amount("max_request_size_mb", positive=True)),
        document_inlining=not library.flag("disable_add_transform_inline_image_block"),
        keepalive=general.amount("keepalive_seconds", positive=True)
        or _DEFAULT.keepalive,
    )
    for block in (library, router, general, top):
        block.finish()
    _check_names(settings, scope)
    return settings


def _router(router: Block, library: Block) -> RouterSettings:
    cooldown = router.amount("cooldown_time")
    if router.flag("disable_cooldowns"):
        cooldown = 0.0
    aliases, hidden = _aliases(router)
    # The library's own settings, where the router's block says nothing.
    retries = or_else(library.count("num_retries"), 2)
    fails = or_else(library.count("allowed_fails"), 3)
    return RouterSettings(
        strategy=router.word("routing_strategy", _STRATEGIES) or "simple-shuffle",
        num_retries=or_else(router.count("num_retries"), retries),
        allowed_fails=or_else(router.count("allowed_fails"), fails),
        cooldown_time=or_else(cooldown, 5.0),
        fallbacks=_fallbacks("fallbacks", router, library),
        default_fallbacks=_default_fallbacks(router, library),
        context_window_fallbacks=_fallbacks(
            "context_window_fallbacks", router, library
        ),
        aliases=aliases,
        hidden=hidden,
        max_fallbacks=or_else(router.count("max_fallbacks"), 5),
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
        if name != ANY_MODEL and name not in known and closest(known, name) is None:
            raise scope.error(line, f"no entry of model_list is called {name}")


def _bytes(megabytes: float | None) -> int:
    if megabytes is None:
        return _DEFAULT.max_request_bytes
    return int(megabytes * 1024 * 1024)
