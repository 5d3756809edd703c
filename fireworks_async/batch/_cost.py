"""What rows cost, and at most may cost; prices are the list's or the user's.

Two sums, kept apart: what was spent, and what is reserved for rows in flight. The bound
of a row is safe rather than close: a token is at least one byte of the request.
"""

from collections.abc import Mapping
from typing import Final, cast

from fireworks_async._measure.cost import cost_of_tokens
from fireworks_async._policy.catalogue import ModelFacts, Prices, is_known, lookup
from fireworks_async._policy.naming import resolve_chat_model, resolve_embedding_model
from fireworks_async._protocol.completions import Usage
from fireworks_async.batch._rows import Row
from fireworks_async.errors import BatchError

__all__ = ("Bill", "Budget", "PriceBook", "dollars")

# What chat templates add by themselves: a date, a default system message, role marks.
_SLACK_TOKENS: Final = 1024
_MEDIA: Final = frozenset({"image_url", "video_url", "audio_url", "file"})
_PER: Final = 1_000_000
# Rounding of sums must not look like an excess.
_HAIR: Final = 1e-12


class PriceBook:
    """Prices by model.

    Args:
        own: Prices that hold for every model, in place of the list's.
    """

    def __init__(self, own: Prices | None = None) -> None:
        self._own = own
        self._facts: dict[tuple[str, str], ModelFacts | None] = {}
        self._prices: dict[tuple[str, str], Prices | None] = {}

    def prices(self, row: Row) -> Prices | None:
        """US dollars per million tokens, without gaps; None when nobody knows them."""
        kind = (row.model, row.endpoint)
        if kind not in self._prices:
            prices = self._own or self._listed(row)
            self._prices[kind] = None if prices is None else _complete(prices)
        return self._prices[kind]

    def cost(self, row: Row, usage: Usage | None) -> float | None:
        """US dollars of an answer; at most so much when a price is not known."""
        if usage is None or (prices := self.prices(row)) is None:
            return None
        details = usage.prompt_tokens_details
        cached = (details.cached_tokens or 0) if details is not None else 0
        cost = cost_of_tokens(
            prices,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=min(cached, usage.prompt_tokens),
            completion_tokens=usage.completion_tokens,
            priority=row.body.get("service_tier") == "priority",
        )
        return cost.usd

    def most(self, row: Row) -> float | None:
        """US dollars that one attempt can cost; None when there is no bound."""
        prices = self.prices(row)
        facts = self._facts_of(row)
        context = None if facts is None else facts.context_length
        prompt = None if _has_media(row.body) else row.prompt_bytes + _SLACK_TOKENS
        if context is not None:
            prompt = min(prompt or context, context)
        answer = self.longest_answer(row)
        # What is in there may ask for more than is seen here.
        is_hidden = "extra_body" in row.body
        if prices is None or prompt is None or answer is None or is_hidden:
            return None
        dearer = max(prices.input, prices.priority_input or 0.0)
        dearest = max(prices.output, prices.priority_output or 0.0)
        return (prompt * dearer + answer * row.choices * dearest) / _PER

    def longest_answer(self, row: Row) -> int | None:
        """Tokens of one choice at most; None when there is no bound."""
        facts = self._facts_of(row)
        if row.endpoint in ("/v1/embeddings", "/v1/rerank"):
            return 0
        if row.max_tokens is not None:
            return row.max_tokens
        return (
            None if facts is None else facts.max_output_tokens or facts.context_length
        )

    def _listed(self, row: Row) -> Prices | None:
        if "#" in row.model or "/deployments/" in row.model:
            # Billed by time.
            return None
        facts = self._facts_of(row)
        return None if facts is None else facts.prices

    def _facts_of(self, row: Row) -> ModelFacts | None:
        key = (row.model, row.endpoint)
        if key not in self._facts:
            self._facts[key] = _looked_up(row)
        return self._facts[key]


class Budget:
    """A sum of money that is not exceeded: what a row may cost is set aside first.

    Args:
        most: US dollars; None for no limit.
        spent: US dollars that earlier runs spent.

    Attributes:
        spent: By this run and those before it.
        reserved: For rows in flight.
    """

    def __init__(self, most: float | None, *, spent: float = 0.0) -> None:
        self.most = most
        self.spent = spent
        self.reserved = 0.0

    def reserve(self, amount: float) -> bool:
        """Set aside, if there is so much left."""
        if self.most is not None:
            left = self.most - self.spent - self.reserved
            if amount > left + _HAIR:
                return False
        self.reserved += amount
        return True

    def said(self, amount: float) -> str:
        """Why so much cannot be set aside, in words."""
        spent, most, next_one = map(dollars, (self.spent, self.most or 0.0, amount))
        return f"{spent} of {most} are spent, and the next row may cost {next_one}"

    def settle(self, reserved: float, cost: float) -> None:
        """Give back what was set aside, and take out what was spent of it."""
        if reserved:
            self.reserved = max(0.0, self.reserved - reserved)
        self.spent += cost


class Bill:
    """What a run pays: a bound before a row is sent, and what it was afterwards.

    Args:
        prices: What tokens cost.
        budget: What may be spent.

    Attributes:
        budget: The same.
        run: US dollars of this run.
    """

    def __init__(self, prices: PriceBook, budget: Budget) -> None:
        self.budget = budget
        self.run = 0.0
        self._prices = prices

    def reserve(self, row: Row) -> float | None:
        """Set aside what one attempt can cost; nothing when nothing is limited.

        Returns:
            US dollars; None when there is not so much left.

        Raises:
            BatchError: There is a limit to the cost, and no bound of this row's.
        """
        if self.budget.most is None:
            return 0.0
        bound = self._bound(row)
        return bound if self.budget.reserve(bound) else None

    def said(self, row: Row) -> str:
        """Why nothing can be set aside for a row, in words."""
        return self.budget.said(self._bound(row))

    def _bound(self, row: Row) -> float:
        bound = self._prices.most(row)
        if bound is None:
            raise BatchError(
                f"line {row.line}: what it can cost at most is not known: a price, the "
                "model's context length or max_tokens is missing, or there is extra_body"
            )
        return bound

    def settle(
        self, row: Row, bound: float, usage: Usage | None, *, may_be_free: bool
    ) -> float | None:
        """Take out what an attempt cost.

        Args:
            row: Of which row.
            bound: What was set aside.
            usage: As reported.
            may_be_free: Whether no answer had begun.

        Returns:
            US dollars; None when not known, and what was set aside counts as spent.
        """
        cost = self._prices.cost(row, usage)
        if cost is None and may_be_free:
            cost = 0.0
        spent = bound if cost is None else cost
        self.budget.settle(bound, spent)
        self.run += spent
        row.spent += spent
        return cost


def dollars(amount: float) -> str:
    """US dollars as a person reads them; less than a cent is not rounded away."""
    digits = 6 if 0.0 < amount < 0.01 else 4
    return f"${amount:.{digits}f}"


def _looked_up(row: Row) -> ModelFacts | None:
    try:
        if row.endpoint in ("/v1/embeddings", "/v1/rerank"):
            name = resolve_embedding_model(row.model)
            short = "accounts/fireworks/models/" + name.removeprefix("fireworks/")
            return lookup(name) or lookup(short)
        return lookup(resolve_chat_model(row.model, is_known))
    except ValueError:
        return None


def _complete(prices: Prices) -> Prices:
    """Prices whose gaps are filled with what is not less."""
    cached = prices.input if prices.cached_input is None else prices.cached_input
    dear = prices.input if prices.priority_input is None else prices.priority_input
    return Prices(
        input=prices.input,
        output=prices.output,
        cached_input=cached,
        priority_input=prices.priority_input,
        priority_output=prices.priority_output,
        priority_cached_input=(
            dear
            if prices.priority_cached_input is None
            else prices.priority_cached_input
        ),
    )


def _has_media(value: object) -> bool:
    """Whether a request holds what is no text, whose tokens its bytes do not bound."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return not _MEDIA.isdisjoint(fields) or any(map(_has_media, fields.values()))
    return isinstance(value, list) and any(map(_has_media, cast("list[object]", value)))
