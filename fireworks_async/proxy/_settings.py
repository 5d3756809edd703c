"""What the gateway was told, as values; no file is read and nothing is decided here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from fireworks_async._policy.catalogue import Prices
from fireworks_async._policy.timeouts import Timeout

__all__ = (
    "ANY_MODEL",
    "DeploymentSettings",
    "GatewaySettings",
    "RouterSettings",
    "Strategy",
)

Strategy = Literal["simple-shuffle", "least-busy", "latency-based-routing"]

ANY_MODEL = "*"
"""A model name that stands for all that have no entry of their own; a star within a name
stands for any part of one."""

_NOTHING: Mapping[str, object] = MappingProxyType({})
_NOBODY: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSettings:
    """One entry of ``model_list``.

    Attributes:
        id: Tells it from the others, also across reloads.
        model_name: What callers call it; several entries may share one.
        model: What the API calls it.
        api_key: Sent to the API.
        api_base: Ends in ``/v1``; None for the client's default.
        timeout: How long to wait for what.
        max_retries: Attempts beyond the first; None for the router's number.
        rpm: Requests a minute at most.
        tpm: Tokens a minute at most.
        max_parallel_requests: Requests in flight at most; more wait.
        weight: Its share of the calls.
        order: Those with the lowest number are used as long as one is well.
        drop_params: Whether fields that the API does not know are left out.
        dropped: Fields that are left out too.
        defaults: Fields of the body where the caller left them open.
        extra_headers: Sent with every request.
        prices: In place of the catalogue's.
    """

    id: str
    model_name: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    api_base: str | None = None
    timeout: Timeout = Timeout()  # noqa: RUF009 - immutable
    max_retries: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    max_parallel_requests: int | None = None
    weight: float = 1.0
    order: int = 0
    drop_params: bool = False
    dropped: frozenset[str] = frozenset()
    defaults: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    extra_headers: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )
    prices: Prices | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSettings:
    """How a deployment is chosen, and what happens when it fails.

    Attributes:
        strategy: How one of several is chosen.
        num_retries: Attempts beyond the first, over all deployments of a name.
        allowed_fails: Failures within a minute that a deployment may have.
        cooldown_time: Seconds that one that failed is left alone; 0 for never.
        fallbacks: Other names to try, by name.
        default_fallbacks: Those of names that have none.
        context_window_fallbacks: Other names for prompts that are too long.
        aliases: Names that mean another.
        hidden: Aliases that are not listed.
        max_fallbacks: Other names that one call tries at most.
    """

    strategy: Strategy = "simple-shuffle"
    num_retries: int = 2
    allowed_fails: int = 3
    cooldown_time: float = 5.0
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOBODY)
    default_fallbacks: tuple[str, ...] = ()
    context_window_fallbacks: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: _NOBODY
    )
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    hidden: frozenset[str] = frozenset()
    max_fallbacks: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """All of it.

    Attributes:
        deployments: In the order of the file.
        router: How one is chosen.
        master_key: Opens everything; None when no key is asked for.
        database: Where virtual keys and spend are kept; None keeps spend in memory.
        max_parallel_requests: Requests of one key in flight at most.
        global_max_parallel_requests: Requests in flight at most; more wait.
        max_request_bytes: The largest body that is taken.
        document_inlining: Whether documents are marked for models that see no images.
        keepalive: Seconds of silence after which a streaming caller gets a comment.
    """

    deployments: tuple[DeploymentSettings, ...] = ()
    router: RouterSettings = RouterSettings()
    master_key: str | None = field(default=None, repr=False)
    database: Path | None = None
    max_parallel_requests: int | None = None
    global_max_parallel_requests: int = 4096
    max_request_bytes: int = 64 * 1024 * 1024
    document_inlining: bool = True
    keepalive: float = 15.0
