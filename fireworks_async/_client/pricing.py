"""Which prices a call has: the catalogue's facts brought to its tokens."""

from fireworks_async._measure.cost import Cost, cost_of_tokens, unknown_cost
from fireworks_async._policy.catalogue import lookup
from fireworks_async._protocol.completions import NO_TOKENS, Usage

__all__ = ("cost_of",)


def cost_of(model: str, usage: Usage | None, service_tier: str | None) -> Cost:
    """Price a call by the list.

    Args:
        model: As the answer names it.
        usage: As reported; None when it was not.
        service_tier: What the request asked for; only ``priority`` has other prices.
    """
    if usage is None or usage == NO_TOKENS:
        return unknown_cost("the server reported no usage")
    facts = lookup(model)
    is_deployment = "#" in model or "/deployments/" in model
    if is_deployment and (facts is None or facts.id != model):
        return unknown_cost("deployments are billed by time, not by token")
    if facts is None or facts.prices is None:
        return unknown_cost(f"no price of {model or 'a nameless model'} is known")
    details = usage.prompt_tokens_details
    return cost_of_tokens(
        facts.prices,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=(details.cached_tokens or 0) if details is not None else 0,
        completion_tokens=usage.completion_tokens,
        priority=service_tier == "priority",
    )
