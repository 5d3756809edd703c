"""One deployment at work: where it is, by what name, how it fares, what it may take."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from fireworks_async._client.attempts import Attempts, Service
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.gate import Gate
from fireworks_async._policy.catalogue import is_known, sees_images
from fireworks_async._policy.naming import (
    audio_base_of,
    resolve_audio_model,
    resolve_chat_model,
    resolve_embedding_model,
)
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.metadata import find_header
from fireworks_async._protocol.requests import WireRequest
from fireworks_async.errors import FireworksError
from fireworks_async.proxy._cooldowns import Cooldown
from fireworks_async.proxy._patterns import STAR, filled
from fireworks_async.proxy._settings import DeploymentSettings, RouterSettings
from fireworks_async.proxy._windows import MinuteWindow, TokenWindow

if TYPE_CHECKING:
    from fireworks_async._client.options import CallOptions

__all__ = ("Deployment", "Kind")

Kind = Literal["chat", "embedding", "audio"]
"""Which rules a model's name is completed by."""

# How much of a new latency goes into the average.
_SHARE: Final = 0.2
_MOST_NAMES: Final = 1000
# A rate limit that is used up, by the headers, comes back within seconds.
_USED_UP_FOR: Final = 1.0


class Deployment:
    """One entry of ``model_list``, in one process.

    Attributes:
        settings: As configured.
        group: The name that callers use.
        in_flight: Calls that it answers now.
        latency: Seconds to the headers, averaged; 0 before the first.
        is_limited: Whether it has a limit of requests or tokens a minute.
        gate: Admits as many as may be in flight; None for no limit of its own.
        cooldown: Its failures.
        limits: What its last answer said of the account's limits, by header.
    """

    __slots__ = (
        "_inlines",
        "_names",
        "_options",
        "_rpm",
        "_service",
        "_stream_options",
        "_tokens",
        "cooldown",
        "gate",
        "group",
        "in_flight",
        "is_limited",
        "latency",
        "limits",
        "settings",
    )

    def __init__(
        self, settings: DeploymentSettings, router: RouterSettings, service: Service
    ) -> None:
        self.settings = settings
        self.group = settings.model_name
        self.in_flight = 0
        self.latency = 0.0
        limit = settings.max_parallel_requests
        self.gate = None if limit is None else Gate(limit)
        self.cooldown = Cooldown(
            allowed_fails=router.allowed_fails, seconds=router.cooldown_time
        )
        self.limits: dict[str, str] = {}
        self._service = service
        self._rpm = MinuteWindow()
        self._tokens = TokenWindow()
        self._names: dict[tuple[Kind, str], str] = {}
        self._inlines: dict[str, bool] = {}
        self.is_limited = settings.rpm is not None or settings.tpm is not None
        timeout = settings.timeout
        self._options: CallOptions = {"timeout": timeout}
        # A stream may be long as long as something comes.
        self._stream_options: CallOptions = {
            "timeout": Timeout(receive=timeout.total or timeout.receive)
            if timeout.total is not None and timeout.receive == Timeout().receive
            else Timeout(receive=timeout.receive)
        }

    def __repr__(self) -> str:
        return f"<Deployment {self.group}: {self.settings.model}>"

    def is_as(self, other: "Deployment") -> bool:
        """Whether it is what the other one was made to be."""
        return (
            self.settings == other.settings
            and self.cooldown.is_as(other.cooldown)
            and self._service.config == other._service.config  # noqa: SLF001 - its own kind
        )

    def adopt(self, other: "Deployment") -> None:
        """Go on with what another one, of the same id, has learned."""
        self.cooldown.until = other.cooldown.until
        self.latency = other.latency
        self._rpm = other._rpm  # noqa: SLF001 - its own kind
        self._tokens = other._tokens  # noqa: SLF001 - its own kind
        self.limits = other.limits

    def name_of(self, kind: Kind, asked: str) -> str:
        """What the API calls the model.

        Args:
            kind: Which rules hold.
            asked: What the caller calls it; that matters where any name is taken.

        Raises:
            ValueError: The name cannot be one.
        """
        model = self.settings.model
        if STAR not in model:
            asked = model
        found = self._names.get((kind, asked))
        if found is None:
            found = _resolved(kind, filled(model, self.group, asked))
            if len(self._names) < _MOST_NAMES:
                self._names[kind, asked] = found
        return found

    def base_url_of(self, kind: Kind, model: str) -> str | None:
        """Where a model is, when that is not where the others are."""
        if kind != "audio":
            return None
        config = self._service.config
        return config.audio_base_url or audio_base_of(model)

    def inlines(self, model: str) -> bool:
        """Whether documents are to be marked for a model."""
        inlines = self._inlines.get(model)
        if inlines is None:
            inlines = self._service.config.document_inlining
            inlines = inlines and sees_images(model) is False
            if len(self._inlines) < _MOST_NAMES:
                self._inlines[model] = inlines
        return inlines

    def attempts(
        self,
        request: WireRequest,
        timings: StreamTimings,
        *,
        stream: bool,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Attempts:
        """Prepare one attempt; nothing is sent."""
        options = self._stream_options if stream else self._options
        if headers:
            options = options.copy()
            options["extra_headers"] = headers
        return self._service.attempts(request, options, timings, base_url=base_url)

    def room(self, *, now: float, tokens: float = 0.0) -> float:
        """Seconds until its own limits allow a call of so many tokens; 0 for now."""
        settings = self.settings
        wait = 0.0
        if settings.rpm is not None:
            wait = self._rpm.wait(settings.rpm - 1, now=now)
        if settings.tpm is not None:
            wait = max(wait, self._tokens.wait(settings.tpm, tokens, now=now))
        return wait

    def began(self, *, now: float, tokens: float = 0.0) -> None:
        """Count a call, and set aside what it will probably take."""
        self.in_flight += 1
        if tokens:
            self._tokens.hold(tokens)
        if self.settings.rpm is not None:
            self._rpm.add(1, now=now)

    def ended(self, *, tokens: float = 0.0) -> None:
        """Count it out; once for each that began, with what was set aside."""
        self.in_flight -= 1
        if tokens:
            self._tokens.release(tokens)

    def used(self, tokens: int, *, now: float) -> None:
        """Count what a call took."""
        if self.settings.tpm is not None:
            self._tokens.add(tokens, now=now)

    def answered(
        self, headers: Mapping[str, str], seconds: float, *, now: float
    ) -> None:
        """Learn from the headers of an answer."""
        self.latency = (
            seconds
            if not self.latency
            else self.latency + _SHARE * (seconds - self.latency)
        )
        remaining = headers.get("x-ratelimit-remaining-requests")
        if remaining is None:
            return
        self.limits = {
            name: value
            for name in _LIMIT_HEADERS
            if (value := find_header(headers, name)) is not None
        }
        if remaining.strip() == "0":
            self.cooldown.rest(_USED_UP_FOR, now=now)

    @property
    def remaining(self) -> int | None:
        """Requests that the API said are left of its limit; None when it did not."""
        try:
            return int(self.limits["x-ratelimit-remaining-requests"])
        except (KeyError, ValueError):
            return None

    def failed(self, error: FireworksError, *, now: float) -> None:
        """Learn from a failure."""
        self.cooldown.failed(error, now=now)


_LIMIT_HEADERS: Final = (
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-limit-tokens-prompt",
    "x-ratelimit-remaining-tokens-prompt",
    "x-ratelimit-limit-tokens-generated",
    "x-ratelimit-remaining-tokens-generated",
    "x-ratelimit-over-limit",
)


def _resolved(kind: Kind, name: str) -> str:
    if kind == "embedding":
        return resolve_embedding_model(name)
    if kind == "audio":
        return resolve_audio_model(name)
    return resolve_chat_model(name, is_known)
