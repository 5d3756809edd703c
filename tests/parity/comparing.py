"""Two JSON values side by side: where they differ, and what each has there."""

from typing import Any, NamedTuple

__all__ = ("ABSENT", "Pair", "differences")


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""What one of the two has where it has nothing."""


class Pair(NamedTuple):
    """What stands at one place."""

    theirs: Any
    ours: Any


def differences(theirs: Any, ours: Any, path: str = "") -> dict[str, Pair]:
    """List the places that differ, as deep inside as possible.

    ``5`` and ``5.0`` are the same number; ``1`` and ``true`` are not the same.
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        steps = [(f".{name}" if path else name, name) for name in {**theirs, **ours}]
        return {
            place: pair
            for step, name in steps
            for place, pair in differences(
                theirs.get(name, ABSENT), ours.get(name, ABSENT), path + step
            ).items()
        }
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return {
            place: pair
            for number, (one, other) in enumerate(zip(theirs, ours, strict=True))
            for place, pair in differences(one, other, f"{path}[{number}]").items()
        }
    if isinstance(theirs, bool) is isinstance(ours, bool) and theirs == ours:
        return {}
    return {path: Pair(theirs, ours)}
