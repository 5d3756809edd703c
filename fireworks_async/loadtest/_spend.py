"""What a load test costs: estimated before, held to while it runs."""

from urllib.parse import urlsplit

import msgspec

from fireworks_async._policy.catalogue import is_known
from fireworks_async._policy.naming import resolve_chat_model, resolve_embedding_model
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._workload import Endpoint, Workload
from fireworks_async.types import ChatCompletion, Usage

__all__ = (
    "Account",
    "Estimate",
    "Prices",
    "Purse",
    "estimate",
    "is_local",
    "per_request",
    "prices_of",
)

_PER = 1_000_000
_LOCAL = ("localhost", "::1")
# What an answer is taken for when nothing says how long it is.
_SOME_TOKENS = 1_000


class Prices(msgspec.Struct, frozen=True):
    """US dollars a million tokens.

    Attributes:
        input: Of the prompt.
        output: Of the answer.
    """

    input: float
    output: float

    def cost(self, prompt: float, answer: float) -> float:
        """US dollars for so many tokens."""
        return (prompt * self.input + answer * self.output) / _PER


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a load test is going to cost, before it runs.

    Attributes:
        requests: How many there will be; None: as many as the time holds.
        per_request: US dollars; None: no price is known.
        is_local: Whether the server is on this machine.
        host: Where the requests go.
    """

    requests: int | None
    per_request: float | None
    is_local: bool
    host: str

    @property
    def total(self) -> float | None:
        """US dollars for all of it; None: not known."""
        if self.requests is None or self.per_request is None:
            return None
        return self.requests * self.per_request

    def __str__(self) -> str:
        count = "requests" if self.requests is None else f"{self.requests} requests"
        if self.per_request is None:
            return f"{count} to {self.host}, at a price that is not known"
        if self.total is None:
            each = f"${self.per_request:.4g} each"
            return f"requests to {self.host}, about {each}, as many as the time holds"
        return f"{count} to {self.host}, about ${self.total:.4g}"


class Account:
    """What a whole load test has cost, and may.

    Args:
        prices: Of the tokens; None: not known, and nothing is counted.
        limit: US dollars; None: any number.
    """

    def __init__(self, prices: Prices | None, limit: float | None) -> None:
        self.prices = prices
        self.limit = limit
        self.paid = 0.0

    @property
    def left(self) -> float | None:
        """US dollars; None: there is no limit."""
        return None if self.limit is None else self.limit - self.paid

    def pay(self, prompt: int, answer: int) -> None:
        """Count so many tokens."""
        if self.prices is not None:
            self.paid += self.prices.cost(prompt, answer)

    def can_pay(self, prompt: int, answer: int) -> bool:
        """Whether so many tokens are within the limit."""
        if self.left is None or self.prices is None:
            return True
        return self.prices.cost(prompt, answer) <= self.left


class Purse:
    """What one run may spend: what is in flight is reserved, what ended is paid.

    Args:
        budget: US dollars.
        prices: Of the tokens.
        workload: What requests are expected to be.
    """

    def __init__(self, budget: float, prices: Prices, workload: Workload) -> None:
        self._left = budget
        self._prices = prices
        self._reserve = per_request(prices, workload)
        self._in_flight = 0

    def may_start(self) -> bool:
        """Whether one more request can be paid, beside those in flight."""
        return (self._in_flight + 1) * self._reserve <= self._left

    def start(self) -> None:
        """A request is started."""
        self._in_flight += 1

    def settle(self, record: Record) -> None:
        """A request is over: pay what it cost, or what it was expected to."""
        if record.was_dropped:
            return
        self._in_flight -= 1
        if record.prompt_tokens is not None:
            tokens = record.prompt_tokens, record.completion_tokens or 0
            self._left -= self._prices.cost(*tokens)
        elif record.headers_at is not None or record.error is None:
            # It was being answered, and nothing says how much of it is charged.
            self._left -= self._reserve


def estimate(
    *, base_url: str, requests: int | None, prices: Prices | None, workload: Workload
) -> Estimate:
    """Estimate what a load test costs."""
    return Estimate(
        requests=requests,
        per_request=None if prices is None else per_request(prices, workload),
        is_local=is_local(base_url),
        host=urlsplit(base_url).hostname or base_url,
    )


def per_request(prices: Prices, workload: Workload) -> float:
    """US dollars for one request, with all the turns of its conversation."""
    prompt = workload.mean_input or _SOME_TOKENS
    answer = workload.mean_output or _SOME_TOKENS
    turns = range(workload.turns)
    # Each turn sends all that was said before again.
    prompts = sum(prompt + turn * (answer + answer / 2) for turn in turns)
    return prices.cost(prompts, answer * workload.turns)


def prices_of(model: str, endpoint: Endpoint) -> Prices | None:
    """List prices of a model; None: not known."""
    if endpoint in ("chat", "completions"):
        name = resolve_chat_model(model, is_known)
    else:
        name = resolve_embedding_model(model)
    prompt, answer = (
        _listed(name, usage) for usage in (_usage(_PER, 0), _usage(0, _PER))
    )
    return None if prompt is None or answer is None else Prices(prompt, answer)


def is_local(base_url: str) -> bool:
    """Whether a server is on this machine, where requests cost nothing."""
    host = urlsplit(base_url).hostname or ""
    return host in _LOCAL or host.startswith("127.")


def _listed(name: str, usage: Usage) -> float | None:
    answer = ChatCompletion(id="", created=0, model=name, choices=[], usage=usage)
    return answer.cost().usd


def _usage(prompt: int, answer: int) -> Usage:
    return Usage(
        prompt_tokens=prompt, completion_tokens=answer, total_tokens=prompt + answer
    )
