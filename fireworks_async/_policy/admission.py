"""Whether the next call may be sent: pauses, concurrency and budgets taken together.

Calls are numbered as they are admitted, and each is settled once, when it is over. Time
and chance are handed in; who waits, and how, is not known here.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from fireworks_async._policy.budgets import Budget, Mark, MirroredBudget
from fireworks_async._policy.calls import (
    NOTHING,
    Admission,
    Dimension,
    Estimate,
    Levels,
    Result,
    Wait,
)
from fireworks_async._policy.concurrency import AdaptiveConcurrency
from fireworks_async._policy.drift import TTFTDrift
from fireworks_async._policy.estimates import Need
from fireworks_async._policy.pauses import Pauses

__all__ = ("AdmissionControl",)

_NO_MARKS: Final[Mapping[Dimension, Mark]] = MappingProxyType({})

_NAMES: Final[Mapping[Dimension, str]] = {
    "requests": "requests",
    "prompt": "prompt tokens",
    "uncached": "uncached prompt tokens",
    "generated": "generated tokens",
}
_SPENT: Final = 0.01
"""Share of a limit that counts as nothing being left."""
_HOPELESS: Final = 0.8
"""Share of failing calls beyond which there is an outage."""
_FUTILE: Final = 4
"""Cuts that change nothing, after which the server is slow by itself."""
_BEARABLE_QUEUE: Final = 0.5
"""Seconds in a deployment's queue, which keep it busy and cost little."""


class AdmissionControl:
    """Decides for one account.

    Token budgets are the server's, for each model, from the first answer on that
    reports them; fixed ones come on top.

    Args:
        concurrency: How many calls may be in flight.
        requests: A fixed budget of requests, or None.
        tokens: A fixed budget of tokens, prompt and generated together, or None.
        random: Gives numbers from 0 to 1, for jitter.
    """

    def __init__(
        self,
        concurrency: AdaptiveConcurrency,
        *,
        requests: Budget | None = None,
        tokens: Budget | None = None,
        random: Callable[[], float],
    ) -> None:
        self.concurrency = concurrency
        self.in_flight = 0
        self._requests = requests
        self._tokens = tokens
        self._random = random
        self._pauses = Pauses()
        self._budgets: dict[str, dict[Dimension, MirroredBudget]] = {}
        # Calls in flight by number: budgets that the first answer brings begin
        # without what those were admitted with.
        self._outstanding: dict[int, Admission] = {}
        self._drifts: dict[str, TTFTDrift] = {}
        self._latest = 0
        self._probe: int | None = None
        self._usual_total = 0.0
        self._spent_until = 0
        self._share = 1.0
        self._places: int | None = None

    @property
    def limit(self) -> int:
        """How many calls may be in flight now."""
        limit = self.concurrency.limit
        return limit if self._places is None else min(limit, self._places)

    def allow(self, share: float, places: int | None, now: float) -> None:
        """Use only a share of every budget, and of the calls in flight only some.

        Args:
            share: More than 0, at most 1: the rest is for other processes.
            places: Calls in flight at most; None for no other limit than ours.
            now: Monotonic seconds.
        """
        self._share = share
        self._places = places
        for budget in self._all_budgets():
            # What was refilled until now was refilled at the old share.
            budget.level(now)
            budget.share = share

    def counts_tokens(self, model: str) -> bool:
        """Whether calls of the model take tokens from a budget."""
        return self._tokens is not None or model in self._budgets

    def wait(self, model: str, estimate: Estimate, now: float) -> Wait | None:
        """What a call waits for; None when it may be sent now."""
        need = estimate() if self.counts_tokens(model) else None
        return self._wait(model, need, now)

    def admit(self, model: str, estimate: Estimate, now: float) -> Admission | Wait:
        """Take what the call needs, or tell what it waits for."""
        need = estimate() if self.counts_tokens(model) else None
        if (wait := self._wait(model, need, now)) is not None:
            return wait
        self._latest += 1
        self.in_flight += 1
        if self._pauses.probing:
            self._probe = self._latest
        if self._requests is not None:
            self._requests.take(1, now)
        marks = _NO_MARKS if need is None else self._take(model, need, now)
        admission = Admission(
            self._latest, self.in_flight, model, estimate, need, marks
        )
        self._outstanding[self._latest] = admission
        return admission

    def _wait(self, model: str, need: Need | None, now: float) -> Wait | None:
        pauses = self._pauses
        if pauses.until > now:
            return Wait(pauses.until - now, pauses.reason)
        if pauses.probing and self._probe is not None:
            return Wait(math.inf, pauses.reason)
        if self.in_flight >= self.limit:
            self.concurrency.was_full(self._latest)
            return Wait(math.inf, "")
        if need is None and self._requests is None:
            return None
        longest: Wait | None = None
        for budget, amount, reason in self._costs(model, need):
            if isinstance(budget, MirroredBudget) and not self.in_flight:
                budget.trust(now)
            seconds = budget.wait(amount, now)
            if seconds and (longest is None or seconds > longest.seconds):
                longest = Wait(seconds, reason)
        return longest

    def _take(self, model: str, need: Need, now: float) -> Mapping[Dimension, Mark]:
        """Take tokens; tells where the server's budgets stood."""
        if self._tokens is not None:
            self._tokens.take(need.prompt + need.generated, now)
        marks: dict[Dimension, Mark] = {}
        if budgets := self._budgets.get(model):
            amounts = _amounts(need)
            for dimension, budget in budgets.items():
                marks[dimension] = budget.mark(now)
                budget.admit(amounts[dimension], now)
        return marks

    def settle(self, admission: Admission, result: Result, now: float) -> None:
        """Give back what was not used, and hear how the call went."""
        self.in_flight -= 1
        sequence = admission.sequence
        if sequence == self._probe:
            self._probe = None
        used = admission.need if result.used is None else result.used
        del self._outstanding[sequence]
        if self._tokens is not None:
            need = admission.need
            unused = need.prompt + need.generated - used.prompt - used.generated
            self._tokens.give(unused, now)
        if result.levels or admission.model in self._budgets:
            charges = _amounts(used)
            if result.verdict in ("rate_limited", "overloaded", "scaling_up"):
                charges["requests"] = 0.0
            self._settle_budgets(admission, charges, result.levels, now)
        if result.verdict == "answered":
            self._hear_answer(admission, result, used, now)
        elif result.verdict != "neutral":
            if result.retry_after is not None:
                self._pauses.asked(result.retry_after, now)
            self._hear_refusal(admission, result, now)

    def reprieve(self, admission: Admission, now: float) -> None:
        """Take an admission back that was not made use of."""
        if self._requests is not None:
            self._requests.give(1, now)
        charges = Result("neutral", used=NOTHING)
        self.settle(admission, charges, now)

    def _hear_refusal(self, admission: Admission, result: Result, now: float) -> None:
        sequence = admission.sequence
        latest, random = self._latest, self._random()
        pauses, concurrency = self._pauses, self.concurrency
        match result.verdict:
            case "scaling_up":
                pauses.scaling_up(sequence, latest=latest, random=random, now=now)
                return
            case "rate_limited" if self._hear_spent(admission, result.levels):
                pauses.spent(sequence, latest=latest, random=random, now=now)
                return
            case "rate_limited":
                concurrency.refused(admission, latest=latest, now=now)
            case "overloaded":
                concurrency.overloaded(admission, latest=latest, now=now)
            case _:
                concurrency.failed()
        pauses.failed(
            sequence,
            latest=latest,
            random=random,
            now=now,
            hopeless=concurrency.failing > _HOPELESS,
        )

    def _hear_answer(
        self, admission: Admission, result: Result, used: Need, now: float
    ) -> None:
        concurrency = self.concurrency
        if self._pauses.succeeded(admission.sequence, now):
            concurrency.restart(self._latest, now)
        usual = self._usual_total or result.total
        self._usual_total = usual + (result.total - usual) / 20
        if budgets := self._budgets.get(admission.model):
            generated = budgets.get("generated")
            if generated is not None:
                generated.expect_delay(self._usual_total)
        queued, bearable = result.queued, _BEARABLE_QUEUE
        if queued is None and result.ttft is not None and not concurrency.is_fixed:
            drift = self._drifts.get(admission.model)
            if drift is None:
                drift = self._drifts[admission.model] = TTFTDrift()
            queued, usual = drift.excess(
                result.ttft, prompt_tokens=used.uncached, now=now
            )
            bearable = max(_BEARABLE_QUEUE, usual / 2)
        concurrency.succeeded(
            admission,
            latest=self._latest,
            in_flight=self.in_flight + 1,
            total=result.total,
            queued=queued,
            bearable=bearable,
            now=now,
        )
        if concurrency.futile_cuts >= _FUTILE and result.queued is None:
            concurrency.futile_cuts = 0
            self._drifts[admission.model].forget()

    def _hear_spent(self, admission: Admission, levels: Levels) -> bool:
        """Whether a refusal is explained by a budget that is used up."""
        amounts = _amounts(admission.need)
        spent: list[Dimension] = []
        for dimension, (limit, left) in levels.items():
            if left < max(amounts[dimension], _SPENT * limit):
                spent.append(dimension)
        if spent and admission.sequence > self._spent_until:
            self._spent_until = self._latest
            for dimension in spent:
                self._budgets[admission.model][dimension].slow_down()
        return bool(spent)

    def _settle_budgets(
        self,
        admission: Admission,
        charges: Mapping[Dimension, float],
        levels: Levels,
        now: float,
    ) -> None:
        amounts = _amounts(admission.need)
        budgets = self._budgets.setdefault(admission.model, {})
        for dimension, budget in budgets.items():
            budget.settle(amounts[dimension], charges[dimension], now)
            if dimension in levels and dimension in admission.marks:
                limit, left = levels[dimension]
                own = 0.0 if budget.at_end else charges[dimension]
                budget.report(limit, left + own, admission.marks[dimension], now)
        for dimension, (limit, left) in levels.items():
            if dimension not in budgets:
                budgets[dimension] = budget = MirroredBudget(
                    limit=limit,
                    remaining=left,
                    taken=self._taken(admission.model, dimension),
                    at_end=dimension == "generated",
                    now=now,
                )
                budget.share = self._share
                if budget.at_end:
                    # Not in what was left: that was said before any was generated.
                    budget.settle(0.0, charges[dimension], now)

    def _costs(
        self, model: str, need: Need | None
    ) -> Iterator[tuple[Budget, float, str]]:
        if self._requests is not None:
            yield self._requests, 1.0, "requests a minute"
        if need is None:
            return
        if self._tokens is not None:
            yield self._tokens, need.prompt + need.generated, "tokens a minute"
        if budgets := self._budgets.get(model):
            amounts = _amounts(need)
            for dimension, budget in budgets.items():
                yield budget, amounts[dimension], _NAMES[dimension]

    def _all_budgets(self) -> list[Budget]:
        fixed = [self._requests, self._tokens]
        return [
            *(budget for budget in fixed if budget is not None),
            *(b for budgets in self._budgets.values() for b in budgets.values()),
        ]

    def _taken(self, model: str, dimension: Dimension) -> float:
        """What calls in flight have taken: asked for once, when a budget begins."""
        taken = 0.0
        for call in self._outstanding.values():
            if call.model == model:
                call.taken = call.need
                taken += _amounts(call.taken)[dimension]
        return taken


def _amounts(need: Need) -> dict[Dimension, float]:
    return {
        "requests": 1.0,
        "prompt": need.prompt,
        "uncached": need.uncached,
        "generated": need.generated,
    }
