"""Who calls: found by the key that came, and held to what the key may take.

Keys are known by their hashes only; where those are kept is ``_keys``.
"""

import hashlib
import hmac
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from fireworks_async.errors import APIStatusError
from fireworks_async.proxy._errors import refusal
from fireworks_async.proxy._estimates import NOTHING, Expected
from fireworks_async.proxy._patterns import closest
from fireworks_async.proxy._windows import MinuteWindow, TokenWindow

__all__ = ("Caller", "Doorkeeper", "KeyLimits", "hash_of")

_BEARER: Final = "bearer "
_REFUSED: Final = "no valid API key: send Authorization: Bearer KEY"
_LONGEST_KEY: Final = 4096
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLimits:
    """What a key may take; None where there is no limit.

    Attributes:
        models: Names that it may ask for; with a star, those that it stands for.
        rpm: Requests a minute.
        tpm: Tokens a minute.
        parallel: Requests in flight.
        budget: US dollars in all.
    """

    models: frozenset[str] | None = None
    rpm: float | None = None
    tpm: float | None = None
    parallel: int | None = None
    budget: float | None = None

    def allow(self, model: str) -> bool:
        """Whether a model is one that may be asked for."""
        models = self.models
        return models is None or model in models or closest(models, model) is not None


class Caller:
    """Whoever has one key.

    Args:
        id: Of the key; the empty text for the master key, or when none is asked for.
        limits: What it may take.
        is_master: Whether it may see what is not its own.

    Attributes:
        spent: US dollars so far, as far as they are known.
        in_flight: Requests that are being answered.
    """

    __slots__ = (
        "_held",
        "_rpm",
        "_tokens",
        "id",
        "in_flight",
        "is_master",
        "limits",
        "spent",
    )

    def __init__(
        self,
        id: str = "",  # noqa: A002 - the usual name
        limits: KeyLimits | None = None,
        *,
        is_master: bool = False,
    ) -> None:
        self.id = id
        self.limits = limits or KeyLimits()
        self.is_master = is_master
        self.spent = 0.0
        self.in_flight = 0
        self._rpm = MinuteWindow()
        self._tokens = TokenWindow()
        self._held = 0.0

    @property
    def is_weighed(self) -> bool:
        """Whether it matters what a request will take."""
        return self.limits.tpm is not None or self.limits.budget is not None

    def enter(self, expected: Expected = NOTHING, *, now: float) -> None:
        """Begin a request.

        Args:
            expected: What it will probably take, which is set aside.
            now: Monotonic seconds.

        Raises:
            APIStatusError: It may not, now or at all.
        """
        limits = self.limits
        if limits.budget is not None and self.spent + self._held >= limits.budget:
            raise _over_budget(self.spent, self._held, limits.budget)
        if limits.parallel is not None and self.in_flight >= limits.parallel:
            raise _too_many("requests in flight", limits.parallel, 1.0)
        if limits.rpm is not None:
            wait = self._rpm.wait(limits.rpm - 1, now=now)
            if wait:
                raise _too_many("requests a minute", limits.rpm, wait)
        if limits.tpm is not None:
            wait = self._tokens.wait(limits.tpm, expected.tokens, now=now)
            if wait:
                raise _too_many("tokens a minute", limits.tpm, wait)
        if limits.rpm is not None:
            self._rpm.add(1, now=now)
        if expected is not NOTHING:
            self._tokens.hold(expected.tokens)
            self._held += expected.usd
        self.in_flight += 1

    def leave(self) -> None:
        """End a request; once for each that was begun."""
        self.in_flight -= 1

    def release(self, expected: Expected) -> None:
        """Set aside no longer what a request was expected to take."""
        self._tokens.release(expected.tokens)
        self._held -= expected.usd

    def check_model(self, model: str) -> None:
        """Raise an APIStatusError when this key may not ask for the model."""
        if not self.limits.allow(model):
            raise refusal(
                403,
                f"this key may not use {model[:200]!r}",
                type="permission_error",
                code="model_not_allowed",
                param="model",
            )

    def used(self, tokens: int, usd: float | None, *, now: float) -> None:
        """Count what a request took."""
        if self.limits.tpm is not None:
            self._tokens.add(tokens, now=now)
        if usd is not None:
            self.spent += usd


class Doorkeeper:
    """Tells callers by their keys.

    Args:
        master_key: Opens everything; None when no key is asked for unless there are
            virtual ones.
    """

    def __init__(self, master_key: str | None) -> None:
        self._master = Caller(is_master=True)
        self._callers: Mapping[str, Caller] = {}
        self.set_master_key(master_key)

    def set_master_key(self, master_key: str | None) -> None:
        """Take another master key from now on."""
        self._master_hash = None if master_key is None else hash_of(master_key)

    @property
    def is_open(self) -> bool:
        """Whether nobody needs a key."""
        return self._master_hash is None and not self._callers

    @property
    def master(self) -> Caller:
        """Who has the master key; everybody while none is asked for."""
        return self._master

    @property
    def callers(self) -> Mapping[str, Caller]:
        """Those with virtual keys, by the hashes of their keys."""
        return self._callers

    def admit(self, headers: Mapping[str, str]) -> Caller:
        """The caller who sent these headers.

        Raises:
            APIStatusError: The key is wrong, or there is none; the text is the same.
                Or nobody needs a key, and a page of another site asks.
        """
        master = self._master_hash
        if master is None and not self._callers:
            origin = headers.get("Origin")
            if origin is not None and not _is_of_this_machine(origin):
                raise _refused_page()
            return self._master
        key = headers.get("Authorization", "")
        if key[: len(_BEARER)].lower() == _BEARER:
            key = key[len(_BEARER) :].strip()
        else:
            key = headers.get("x-api-key", "")
        if not key or len(key) > _LONGEST_KEY:
            raise _refused()
        digest = hash_of(key)
        if master is not None and hmac.compare_digest(digest, master):
            return self._master
        caller = self._callers.get(digest)
        if caller is None:
            raise _refused()
        return caller

    def replace(self, callers: Mapping[str, Caller]) -> None:
        """Know other virtual keys from now on; who is known already goes on."""
        kept: dict[str, Caller] = {}
        for digest, caller in callers.items():
            known = self._callers.get(digest)
            if known is not None:
                known.limits = caller.limits
            kept[digest] = known or caller
        self._callers = kept


def hash_of(key: str) -> str:
    """What of a key is kept.

    Keys are random and long, so that one round of a fast hash is as good as many.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _over_budget(spent: float, held: float, budget: float) -> APIStatusError:
    if spent < budget:
        return refusal(
            429,
            f"what is left of this key's budget is set aside for its requests in "
            f"flight: {spent:.6f} and {held:.6f} of {budget:.6f} USD",
            type="rate_limit_error",
            code="budget_set_aside",
            retry_after=1,
        )
    return refusal(
        400,
        f"the budget of this key is used up: {spent:.6f} of {budget:.6f} USD",
        type="budget_exceeded",
        code="budget_exceeded",
    )


def _refused() -> APIStatusError:
    return refusal(401, _REFUSED, type="auth_error", code="invalid_api_key")


def _refused_page() -> APIStatusError:
    return refusal(
        403,
        "pages of other sites may not call a gateway that asks for no key: set "
        "general_settings.master_key",
        type="permission_error",
        code="origin_not_allowed",
    )


def _is_of_this_machine(origin: str) -> bool:
    """Whether a browser shows a page that this machine serves.

    Any page that a person looks at may send a request here, and needs no answer to it to
    have it paid.
    """
    try:
        return urlsplit(origin).hostname in _THIS_MACHINE
    except ValueError:
        return False


def _too_many(what: str, limit: float, wait: float) -> APIStatusError:
    return refusal(
        429,
        f"this key may have {limit:g} {what}",
        type="rate_limit_error",
        code="key_rate_limit",
        retry_after=math.ceil(wait),
    )
