"""Names of models with a star in them: what they stand for, and what becomes of them.

Which deployments are behind a name is the router's business.
"""

from collections.abc import Iterable
from typing import Final

from fireworks_async._policy.naming import without_prefix

__all__ = ("STAR", "captured", "closest", "filled", "listed")

STAR: Final = "*"


def captured(pattern: str, name: str) -> str | None:
    """The part of a name that the star stands for; None when the name is another."""
    head, star, tail = pattern.partition(STAR)
    if not star:
        return None
    if len(name) < len(head) + len(tail):
        return None
    if not (name.startswith(head) and name.endswith(tail)):
        return None
    return name[len(head) : len(name) - len(tail)]


def closest(patterns: Iterable[str], name: str) -> str | None:
    """The pattern that says most about a name, of those that it is one of."""
    found = [each for each in patterns if captured(each, name) is not None]
    return max(found, key=len, default=None)


def filled(model: str, pattern: str, name: str) -> str:
    """What a deployment calls the model that a caller asks for.

    Args:
        model: The deployment's name for its models.
        pattern: The name that callers use.
        name: The one that a caller has used.
    """
    if STAR not in model:
        return model
    part = captured(pattern, name)
    return without_prefix(model).replace(STAR, name if part is None else part, 1)


def listed(model: str, pattern: str, name: str) -> str | None:
    """What callers call a model of the API's; None when it is none of a deployment's.

    Args:
        model: The deployment's name for its models.
        pattern: The name that callers use.
        name: The API's.
    """
    part = captured(without_prefix(model), name)
    return None if part is None else pattern.replace(STAR, part, 1)
