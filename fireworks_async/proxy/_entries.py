"""The entries of ``model_list``: what their keys become.

What all entries fall back on, and the other blocks, are read in ``_config``.
"""

import hashlib
from dataclasses import dataclass, replace

from fireworks_async._policy.catalogue import Prices
from fireworks_async._policy.naming import resolve_audio_model, resolve_base_url
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.params import ChatParams
from fireworks_async.errors import ConfigurationError
from fireworks_async.proxy._fields import Block, or_else, warn_unknown
from fireworks_async.proxy._patterns import STAR
from fireworks_async.proxy._settings import ANY_MODEL, DeploymentSettings
from fireworks_async.proxy._yaml import Located, located

__all__ = ("Base", "deployments_of")

_PER_MILLION = 1_000_000
_DEFAULTS = frozenset(ChatParams.__optional_keys__)

_OWN_PARAMS = frozenset(
    {
        "additional_drop_params",
        "api_base",
        "api_key",
        "drop_params",
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

# Whose models LiteLLM reaches by names that begin so.
_OTHERS = frozenset(
    {
        "anthropic",
        "azure",
        "azure_ai",
        "bedrock",
        "cohere",
        "databricks",
        "deepinfra",
        "gemini",
        "groq",
        "mistral",
        "ollama",
        "openai",
        "openrouter",
        "perplexity",
        "replicate",
        "sagemaker",
        "together_ai",
        "vertex_ai",
        "xai",
    }
)


@dataclass(frozen=True, slots=True)
class Base:
    """What entries fall back on.

    Attributes:
        timeout: Seconds that a call may take.
        stream_timeout: Seconds of silence.
        drop_params: Whether fields that the API does not know are left out.
    """

    timeout: float | None
    stream_timeout: float | None
    drop_params: bool


def deployments_of(top: Block, base: Base) -> tuple[DeploymentSettings, ...]:
    """The deployments that a configuration lists; without a list, one for any model.

    Raises:
        ProxyConfigError: Something is wrong with one.
    """
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


def _deployment(entry: Block, base: Base) -> DeploymentSettings:
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
        weight=or_else(params.amount("weight"), 1.0),
        order=or_else(params.count("order"), 0),
        extra_headers=_headers(params),
        prices=_prices(info, params),
        drop_params=or_else(params.flag("drop_params"), base.drop_params),
        dropped=_dropped(params),
        # What is left over.
        defaults=_defaults(params),
    )
    # What else LiteLLM keeps here describes the model, and nothing is decided by it.
    info.rest()
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
    if model.partition("/")[0] in _OTHERS and not params.has("api_base"):
        text = f"litellm_params.model: {model} is sent to Fireworks, its api_key too"
        params.scope.warn(line, f"{text}: no other provider is reached from here")
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


def _timeout(params: Block, base: Base) -> Timeout:
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


def _prices(*blocks: Block) -> Prices | None:
    """Of the model; each of the blocks may have them."""
    given = _price("input_cost_per_token", blocks)
    taken = _price("output_cost_per_token", blocks)
    cached = _price("cache_read_input_token_cost", blocks)
    if given is None and taken is None:
        return None
    return Prices(
        input=(given or 0.0) * _PER_MILLION,
        output=(taken or 0.0) * _PER_MILLION,
        cached_input=or_else(cached, given or 0.0) * _PER_MILLION,
    )


def _price(key: str, blocks: tuple[Block, ...]) -> float | None:
    found = [block.amount(key) for block in blocks]
    return next((each for each in found if each is not None), None)


def _dropped(params: Block) -> frozenset[str]:
    """Fields of callers that are left out."""
    entry = params.take("additional_drop_params")
    if entry is None:
        return frozenset()
    return frozenset(params.names_in("additional_drop_params", entry))


def _defaults(params: Block) -> dict[str, object]:
    """Fields of the API that are left over: they are for every call."""
    defaults: dict[str, object] = {}
    for key, entry in params.rest().items():
        if key in _DEFAULTS:
            defaults[key] = params.expanded(key, entry)
        else:
            warn_unknown(params, key, entry.line, {*_DEFAULTS, *_OWN_PARAMS})
    return defaults


def _id_of(name: str, model: str, api_base: str | None) -> str:
    what = f"{name}\0{model}\0{api_base}".encode()
    return hashlib.blake2b(what, digest_size=6).hexdigest()
