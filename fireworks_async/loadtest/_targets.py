"""Targets in words: ``ttft<500ms`` of a request, ``ttft.p95<500ms`` of a run."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._measures import PER_REQUEST, milliseconds
from fireworks_async.loadtest._record import Record

__all__ = ("Target", "is_good", "parse_targets", "request_targets")

_FORM = re.compile(
    r"\s*(?P<path>[a-z0-9_]+(?:\.[a-z0-9_]+)*)\s*(?P<sign><=|>=|<|>|=|!=)\s*"
    r"(?P<value>[a-z-]+|\d+(?:\.\d+)?)\s*(?P<unit>us|ms|s|%|/s)?\s*",
    re.IGNORECASE,
)
_TIMES = ("us", "ms", "s")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "%": 0.01, "/s": 1.0, "": 1.0}
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda found, wanted: found < wanted,
    "<=": lambda found, wanted: found <= wanted,
    ">": lambda found, wanted: found > wanted,
    ">=": lambda found, wanted: found >= wanted,
    "=": lambda found, wanted: found == wanted,
    "!=": lambda found, wanted: found != wanted,
}
_SHORT = {"p999": "p99_9", "error_rate": "error_share"}


class Target(msgspec.Struct, frozen=True):
    """One comparison.

    Attributes:
        text: As it was written.
        path: What is compared, such as ``ttft.p95``.
        sign: How.
        value: With what; times in seconds, shares between 0 and 1.
        unit: As it was written; empty: there was none.
    """

    text: str
    path: str
    sign: str
    value: float | str
    unit: str = ""

    def holds(self, found: object) -> bool:
        """Whether a value is as it should be; one that is not there is not."""
        if isinstance(found, str) != isinstance(self.value, str) or found is None:
            return False
        return _SIGNS[self.sign](found, self.value)

    def spelled(self, found: object) -> str:
        """A value as people read it, in the kind of unit of the target."""
        if not isinstance(found, float | int):
            return "nothing" if found is None else str(found)
        if self.unit in _TIMES:
            return milliseconds(found)
        return f"{found:.2%}" if self.unit == "%" else f"{found:.6g}"


def parse_targets(text: str) -> tuple[Target, ...]:
    """Read targets, separated by commas.

    Raises:
        LoadTestError: One cannot be read.
    """
    return tuple(_target(part) for part in text.split(",") if part.strip())


def request_targets(text: str) -> tuple[Target, ...]:
    """Read targets that single requests have to meet.

    Raises:
        LoadTestError: One cannot be read, or is no measure of a request.
    """
    targets = parse_targets(text)
    for target in targets:
        if target.path not in PER_REQUEST or isinstance(target.value, str):
            raise LoadTestError(
                f"{target.text!r}: a request is measured by {', '.join(PER_REQUEST)}"
            )
    return targets


def is_good(record: Record, targets: Iterable[Target]) -> bool:
    """Whether a request was answered whole and met every target.

    A measure that an answer does not have, as an answer of one token has no time
    between tokens, is not held against it.
    """
    if not record.is_good:
        return False
    for target in targets:
        found = PER_REQUEST[target.path](record)
        if found is not None and not target.holds(found):
            return False
    return True


def _target(text: str) -> Target:
    found = _FORM.fullmatch(text)
    if found is None:
        raise LoadTestError(
            f"{text.strip()!r} is no target: write ttft.p95<500ms or error_share<1%"
        )
    names = [_SHORT.get(name, name) for name in found["path"].lower().split(".")]
    value: float | str = found["value"]
    unit = (found["unit"] or "").lower()
    if found["value"][0].isdigit():
        value = float(found["value"]) * _UNITS[unit]
    return Target(text.strip(), ".".join(names), found["sign"], value, unit)
