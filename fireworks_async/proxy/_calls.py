"""One caller's call: attempts at one deployment after another until one answers.

What the answer's body holds is read elsewhere; here are only its beginning, what is
taken for the call, and what happens when it fails.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.interfaces import ByteResponse, Clock
from fireworks_async._policy.estimates import Need
from fireworks_async._policy.retry import RetryBudget, RetryPolicy
from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.requests import WireRequest
from fireworks_async.errors import APIStatusError, FireworksError
from fireworks_async.proxy._bodies import bad_request
from fireworks_async.proxy._cooldowns import is_deployments_fault
from fireworks_async.proxy._deployments import Deployment, Kind
from fireworks_async.proxy._estimates import NOTHING, Estimates, Extent
from fireworks_async.proxy._router import Router
from fireworks_async.proxy._settings import ANY_MODEL

if TYPE_CHECKING:
    from fireworks_async._client.attempts import Attempts

__all__ = ("Call", "Plan", "Upstream")


@dataclass(frozen=True, slots=True)
class Upstream:
    """What calls of one process share.

    Attributes:
        router: Chooses.
        clock: Time.
        budget: What retries may add to the load.
        estimates: What calls take.
    """

    router: Router
    clock: Clock
    budget: RetryBudget
    estimates: Estimates


class Plan(msgspec.Struct, frozen=True):
    """What a call is, whoever answers it.

    Attributes:
        model: The caller's name for the model.
        kind: How names are completed.
        request: Makes what is sent to a deployment, which has this name for the model.
        stream: Whether the answer is read event by event.
        affinity: Keeps calls together; None when nothing ties them.
        headers: The caller's that are sent on.
        extent: Tells what the request shows of its size; None when it does not matter.
        tier: The service tier that is asked for.
    """

    model: str
    kind: Kind
    request: Callable[[Deployment, str], WireRequest]
    stream: bool = False
    affinity: str | None = None
    headers: Mapping[str, str] | None = None
    extent: Callable[[], Extent] | None = None
    tier: object = None


class Call:
    """One call. Whoever opens it closes it.

    Args:
        upstream: What calls share.
        plan: What it is.

    Attributes:
        deployment: The one that answers, or was tried last.
        model: What that one calls the model.
        attempts: The attempt that is under way.
        timings: Of that attempt.
        retries: Attempts beyond the first.
        fallbacks: Other names that were tried.
        reserved: What is set aside for it with its caller.
        failure: What ended it after its answer had begun, or None.
    """

    __slots__ = (
        "_group",
        "_held",
        "_holds_place",
        "_is_counted",
        "_name",
        "_need",
        "_others",
        "_plan",
        "_response",
        "_retries_here",
        "_tried",
        "_upstream",
        "attempts",
        "deployment",
        "failure",
        "fallbacks",
        "model",
        "reserved",
        "retries",
        "timings",
    )

    def __init__(self, upstream: Upstream, plan: Plan) -> None:
        self._upstream = upstream
        self._plan = plan
        self._name = plan.model
        self._group = upstream.router.group(plan.model)
        self._tried: list[Deployment] = []
        self._others: list[str] | None = None
        self._retries_here = 0
        self._holds_place = False
        self._is_counted = False
        self._held = 0.0
        self._need: Need | None = None
        self._response: ByteResponse | None = None
        self.reserved = NOTHING
        self.attempts: Attempts | None = None
        self.deployment: Deployment | None = None
        self.model = ""
        self.timings = StreamTimings()
        self.retries = 0
        self.fallbacks = 0
        self.failure: FireworksError | None = None

    @property
    def asked(self) -> str:
        """The caller's name for the model."""
        return self._plan.model

    @property
    def tier(self) -> object:
        """The service tier that was asked for."""
        return self._plan.tier

    def likely(self) -> tuple[Deployment, str]:
        """One that might answer, and what that one calls the model.

        Raises:
            BadRequestError: The name cannot be one.
        """
        deployment = self._group[0]
        return deployment, _named(deployment, self._plan)

    def need(self) -> Need:
        """What it will probably take."""
        need = self._need
        if need is None:
            extent = self._plan.extent
            need = self._need = (
                Need(0.0, 0.0, 0.0)
                if extent is None
                else self._upstream.estimates.need(self._plan.model, extent())
            )
        return need

    def took(self, usage: Usage) -> None:
        """Learn from what it took, where estimates are made at all."""
        extent = self._plan.extent
        if self._need is not None and extent is not None:
            self._upstream.estimates.learn(self._plan.model, extent(), usage)

    @property
    def alias(self) -> bytes | None:
        """The caller's name for the model, as JSON, where that is not the API's."""
        deployment = self.deployment
        if deployment is None or deployment.group == ANY_MODEL:
            return None
        asked = self._plan.model
        return None if asked == self.model else msgspec.json.encode(asked)

    async def open(self) -> ByteResponse:
        """Send until a deployment answers with something that is no error.

        Raises:
            FireworksError: None does; what the last of them said.
        """
        while True:
            try:
                return await self._attempt()
            except FireworksError as error:
                if not await self.recovers(error):
                    raise

    async def recovers(self, error: FireworksError) -> bool:
        """Take note of a failure, and decide whether the call goes on.

        Waits as long as has to be waited. Nothing is held meanwhile.
        """
        deployment = self.deployment
        now = self._upstream.clock.now()
        if deployment is not None and self._is_counted:
            deployment.failed(error, now=now)
            self._tried.append(deployment)
        self._let_go(succeeded=False)
        if await self._repeats(error):
            self.retries += 1
            return True
        return self._falls_back(error)

    def answered(self) -> None:
        """The answer has ended well."""
        response, self._response = self._response, None
        if response is not None:
            response.finish()
        self._let_go(succeeded=True)

    def close(self) -> None:
        """Give back all that is still held; idempotent."""
        self._let_go(succeeded=False)

    async def _attempt(self) -> ByteResponse:
        upstream, plan = self._upstream, self._plan
        clock = upstream.clock
        began = clock.now()
        tokens = self._tokens() if upstream.router.has_token_limits else 0.0
        deployment = upstream.router.choose(
            self._group,
            now=began,
            tokens=tokens,
            tried=self._tried,
            affinity=plan.affinity,
        )
        self.deployment = deployment
        self.model = model = _named(deployment, plan)
        request = plan.request(deployment, model)
        if deployment.gate is not None:
            await deployment.gate.admit()
            self._holds_place = True
        deployment.began(now=began, tokens=tokens)
        self._held = tokens
        self._is_counted = True
        self.attempts = attempts = deployment.attempts(
            request,
            self.timings,
            stream=plan.stream,
            base_url=deployment.base_url_of(plan.kind, model),
            headers=plan.headers,
        )
        try:
            response = await attempts.open()
        except FireworksError as error:
            raise attempts.redacted(error) from None
        now = clock.now()
        deployment.answered(response.headers, now - began, now=now)
        self._response = response
        return response

    def _tokens(self) -> float:
        """What it will probably take, where a deployment has a limit for that."""
        for each in self._group:
            if each.settings.tpm is not None:
                need = self.need()
                return need.prompt + need.generated
        return 0.0

    async def _repeats(self, error: FireworksError) -> bool:
        """Whether another attempt under the same name is due, and wait for it."""
        settings = self._upstream.router.settings
        most = settings.num_retries
        if self.deployment is not None:
            own = self.deployment.settings.max_retries
            most = most if own is None else own
        if not self._is_known_deployment() or self._retries_here >= most:
            return False
        untried = any(each not in self._tried for each in self._group)
        if untried and is_deployments_fault(error):
            delay: float | None = 0.0
        elif self._waits_elsewhere(error):
            return False
        else:
            delay = RetryPolicy(most).decide(
                error,
                retries_taken=self._retries_here,
                random=random.random(),  # noqa: S311 - no secret
            )
        if delay is None or not self._upstream.budget.try_spend():
            return False
        self._retries_here += 1
        if delay:
            self._tried.clear()
            await self._upstream.clock.sleep(delay)
        return True

    def _is_known_deployment(self) -> bool:
        """Whether an attempt was made at all: limits of our own are not retried."""
        return bool(self._tried)

    def _waits_elsewhere(self, error: FireworksError) -> bool:
        """Whether another name is there, and this one asks for patience."""
        return (
            isinstance(error, APIStatusError)
            and error.retry_after is not None
            and bool(self._names_left(error))
        )

    def _names_left(self, error: FireworksError) -> list[str]:
        if self._others is None:
            router = self._upstream.router
            found = router.fallbacks(self._name, error)
            self._others = list(found[: router.settings.max_fallbacks])
        return self._others

    def _falls_back(self, error: FireworksError) -> bool:
        names = self._names_left(error)
        if not names:
            # Another error may have other names.
            self._others = None if not self.fallbacks else []
            return False
        name = names.pop(0)
        self._group = self._upstream.router.group(name)
        self._tried.clear()
        self._retries_here = 0
        self.fallbacks += 1
        return True

    def _let_go(self, *, succeeded: bool) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.close()
        attempts, self.attempts = self.attempts, None
        if attempts is not None:
            attempts.close(succeeded=succeeded)
        deployment = self.deployment
        if deployment is None:
            return
        if self._is_counted:
            self._is_counted = False
            deployment.ended(tokens=self._held)
        if self._holds_place:
            self._holds_place = False
            assert deployment.gate is not None
            deployment.gate.release()


def _named(deployment: Deployment, plan: Plan) -> str:
    try:
        return deployment.name_of(plan.kind, plan.model)
    except (TypeError, ValueError) as problem:
        raise bad_request(str(problem), "model") from None
