"""The one question that is asked here and answered elsewhere: what did a call cost?

A completion is to know its cost, but prices are facts of ``_policy`` and their use is
arithmetic of ``_measure``, and this room knows neither. So who knows both (``_client``)
is introduced from outside: the package itself does it when it is imported, which is
before any of its modules can be, in whatever process a completion is unpickled.
"""

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from fireworks_async._measure.cost import Cost
    from fireworks_async._protocol.completions import Usage

__all__ = ("cost_of", "introduce")

Cashier: TypeAlias = "Callable[[str, Usage | None, str | None], Cost]"

_known: list[Cashier] = []


def introduce(cashier: Cashier) -> None:
    """Say who answers; the latest counts.

    Args:
        cashier: Takes the model, the usage and the service tier.
    """
    _known[:] = [cashier]


def cost_of(model: str, usage: "Usage | None", service_tier: str | None) -> "Cost":
    """Ask for the cost of a call."""
    return _known[0](model, usage, service_tier)
