"""Which deployment answers a call, and which other names it may fall back on.

Nothing is sent from here, and nobody waits.
"""

import hashlib
import itertools
import math
import random
from collections.abc import Collection, Mapping, Sequence

from fireworks_async.errors import (
    ContextLengthExceededError,
    FireworksError,
    NotFoundError,
    RateLimitError,
)
from fireworks_async.proxy._bodies import is_long
from fireworks_async.proxy._cooldowns import is_deployments_fault
from fireworks_async.proxy._deployments import Deployment
from fireworks_async.proxy._patterns import STAR, closest
from fireworks_async.proxy._settings import RouterSettings

__all__ = ("Router",)

# What clients of Fireworks, such as this library's, put before a name of their own.
_EXPANSIONS = (
    "accounts/fireworks/models/",
    "accounts/fireworks/routers/",
    "fireworks/",
)


class Router:
    """The deployments by the names that callers use.

    Args:
        deployments: All of them.
        settings: How one is chosen.

    Attributes:
        has_token_limits: Whether it matters to any what a call will take.
        patterns: Names of groups that have a star in them.
    """

    def __init__(
        self, deployments: Sequence[Deployment], settings: RouterSettings
    ) -> None:
        self.deployments = tuple(deployments)
        self.settings = settings
        self.has_token_limits = any(
            each.settings.tpm is not None for each in deployments
        )
        self._groups: dict[str, tuple[Deployment, ...]] = {}
        for deployment in deployments:
            others = self._groups.get(deployment.group, ())
            self._groups[deployment.group] = (*others, deployment)
        self._long = {
            each.group for each in deployments if is_long(each.settings.defaults)
        }
        self.patterns = frozenset(name for name in self._groups if STAR in name)
        self._named = {*self._groups, *settings.aliases} - self.patterns

    @property
    def names(self) -> list[str]:
        """What callers are told that they may ask for, but for names with a star."""
        return sorted(self._named - self.settings.hidden)

    def called(self, name: str) -> str:
        """What is called here what a caller calls ``name``.

        That is the name itself, unless a client has made it of one that is known here.
        """
        if name in self._named:
            return name
        shorts = (name.removeprefix(prefix) for prefix in _EXPANSIONS)
        return next((each for each in shorts if each in self._named), name)

    def group(self, name: str) -> tuple[Deployment, ...]:
        """The deployments behind a name.

        Raises:
            NotFoundError: There are none.
        """
        name = self.settings.aliases.get(name, name)
        found = self._groups.get(name) or self._pattern_group(name)
        if found is None:
            raise NotFoundError(
                f"there is no model {name[:200]!r} here; /v1/models lists those that are",
                status_code=404,
                type="invalid_request_error",
                code="model_not_found",
                param="model",
            )
        return found

    def is_long_by_default(self, name: str) -> bool:
        """Whether an answer may come from where many tokens are asked for by default."""
        if not self._long:
            return False
        settings = self.settings
        others = itertools.chain(
            settings.default_fallbacks,
            *settings.fallbacks.values(),
            *settings.context_window_fallbacks.values(),
        )
        names = {settings.aliases.get(each, each) for each in (name, *others)}
        groups = {
            each if each in self._groups else closest(self.patterns, each)
            for each in names
        }
        return not self._long.isdisjoint(groups)

    def _pattern_group(self, name: str) -> tuple[Deployment, ...] | None:
        pattern = closest(self.patterns, name) if self.patterns else None
        return None if pattern is None else self._groups[pattern]

    def fallbacks(self, name: str, error: FireworksError) -> tuple[str, ...]:
        """Other names for a call that has failed under this one."""
        settings = self.settings
        name = settings.aliases.get(name, name)
        if isinstance(error, ContextLengthExceededError):
            return _of_name(settings.context_window_fallbacks, name, ())
        if not is_deployments_fault(error):
            return ()
        found = _of_name(settings.fallbacks, name, settings.default_fallbacks)
        return tuple(other for other in found if other != name)

    def choose(
        self,
        group: Sequence[Deployment],
        *,
        now: float,
        tokens: float = 0.0,
        tried: Collection[Deployment] = (),
        affinity: str | None = None,
    ) -> Deployment:
        """One of a group.

        Args:
            group: The deployments behind a name.
            now: Monotonic seconds.
            tokens: What the call will probably take.
            tried: Those that failed this call; they come last.
            affinity: Calls with the same one go to the same deployment as long as it
                is well, so that prompt caches hit.

        Raises:
            RateLimitError: All are at the limits that the configuration sets them.
        """
        if len(group) == 1:
            deployment = group[0]
            if deployment.is_limited:
                self._require_room(deployment.room(now=now, tokens=tokens))
            return deployment
        rooms = {each: each.room(now=now, tokens=tokens) for each in group}
        free = [deployment for deployment in group if not rooms[deployment]]
        if not free:
            self._require_room(min(rooms.values()))
        fresh = [each for each in free if each not in tried] or free
        well = [each for each in fresh if each.cooldown.until <= now]
        if not well:
            return min(fresh, key=lambda each: each.cooldown.until)
        first = min(each.settings.order for each in well)
        best = [each for each in well if each.settings.order == first]
        return best[0] if len(best) == 1 else self._pick(best, affinity)

    def _pick(self, best: list[Deployment], affinity: str | None) -> Deployment:
        if affinity is not None:
            return max(best, key=lambda each: _pull(affinity, each))
        if self.settings.strategy == "least-busy":
            fewest = min(each.in_flight for each in best)
            best = [each for each in best if each.in_flight == fewest]
        elif self.settings.strategy == "latency-based-routing":
            lowest = min(each.latency for each in best)
            best = [each for each in best if each.latency <= lowest * 1.1]
        weights = [each.settings.weight for each in best]
        if not any(weights):
            weights = [1.0] * len(best)
        return random.choices(best, weights)[0]  # noqa: S311 - no secret

    @staticmethod
    def _require_room(wait: float) -> None:
        if wait > 0:
            raise RateLimitError(
                "the limits that are configured for this model are reached",
                status_code=429,
                type="rate_limit_error",
                code="deployment_rate_limit",
                retry_after=math.ceil(wait),
            )


def _of_name(
    fallbacks: Mapping[str, tuple[str, ...]], name: str, other: tuple[str, ...]
) -> tuple[str, ...]:
    """Those of a name, or of the names with a star that it is one of."""
    if name in fallbacks:
        return fallbacks[name]
    pattern = closest(fallbacks, name)
    return other if pattern is None else fallbacks[pattern]


def _pull(affinity: str, deployment: Deployment) -> float:
    """How strongly a deployment draws a caller: the highest of them wins.

    When one leaves, only its own callers move (rendezvous hashing, by weight).
    """
    what = f"{deployment.settings.id}\0{affinity}".encode()
    digest = hashlib.blake2b(what, digest_size=8).digest()
    share = (int.from_bytes(digest, "big") + 1) / (2**64 + 1)
    return -deployment.settings.weight / math.log(share)
