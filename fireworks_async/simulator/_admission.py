"""Who is let in and on which terms: nothing here knows what an answer says."""

from collections.abc import Callable
from dataclasses import dataclass

from fireworks_async.simulator._limits import Limits, RateLimits
from fireworks_async.simulator._plans import Plan, Terms
from fireworks_async.simulator._replies import ErrorReply
from fireworks_async.simulator._script import RecordedRequest

__all__ = ("Admission", "Stay")


@dataclass(frozen=True, slots=True)
class Stay:
    """A request that was let in.

    Attributes:
        plan: What it will cost.
        account: Who pays.
        terms: How it was let in.
    """

    plan: Plan
    account: str
    terms: Terms


class Admission:
    """Lets requests in, each by the account that sent it.

    Args:
        limits: What each account may ask of each model; None: no limits.
        clock: Tells the time to the limits, in seconds.
    """

    def __init__(self, *, limits: Limits | None, clock: Callable[[], float]) -> None:
        self.rates = RateLimits(limits, clock)

    def enter(self, plan: Plan, account: str) -> Stay | ErrorReply:
        """Let a request in, or refuse it."""
        headers = self.rates.admit(
            account, plan.model, prompt_tokens=plan.prompt_tokens, cached_tokens=0
        )
        if isinstance(headers, ErrorReply):
            return headers
        return Stay(plan, account, Terms(headers))

    def leave(self, stay: Stay, record: RecordedRequest) -> None:
        """Let go of a request that has been answered, or whose client has left."""
        if record.finished:
            record.generated_tokens = stay.plan.generated_tokens
        self.rates.settle(stay.account, stay.plan.model, record.generated_tokens)
