"""Targets of whole runs: which there can be, and what a run has to say to each."""

from difflib import get_close_matches
from functools import cache
from typing import cast

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._report import Run
from fireworks_async.loadtest._summary import Sentinels, Summary
from fireworks_async.loadtest._targets import Target, parse_targets, request_targets

__all__ = ("run_targets", "value_of")

# What these hold has names that a server or a failure gives.
_COUNTS = ("error_classes", "counted_by")
_OPEN = (*_COUNTS, "server", "speculation")


def run_targets(text: str) -> tuple[Target, ...]:
    """Read targets that whole runs have to meet, separated by commas.

    Raises:
        LoadTestError: One cannot be read, or is no number of a run.
    """
    targets = parse_targets(text)
    for target in targets:
        _check(target)
    return targets


def value_of(target: Target, run: Run) -> object:
    """What a run has to say to a target; None: it was not measured."""
    names = target.path.split(".")
    found: object = _plain(run.summary, run.verdict.grade, run.sentinels)
    for name in names:
        found = _inside(found).get(name)
    # Nothing failed in a way that is not there.
    return 0 if found is None and names[0] in _COUNTS else found


def _plain(
    summary: Summary, grade: str, sentinels: Sentinels | None
) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(summary)
    others: object = msgspec.to_builtins(sentinels)
    return {**plain, "verdict": grade, "sentinels": others}


@cache
def _all_there_is() -> dict[str, object]:
    """A run in which nothing happened, with all that a run can have."""
    nothing = Summary.of([], Load(concurrency=1), request_targets("ttft<1s"))
    nobody = Sentinels(requests=0, errors=0, ttft=nothing.ttft, e2e=nothing.e2e)
    return _plain(nothing, "clean", nobody)


def _inside(found: object) -> dict[str, object]:
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def _check(target: Target) -> None:
    found: object = _all_there_is()
    names = target.path.split(".")
    for place, name in enumerate(names):
        if place and names[place - 1] in _OPEN:
            return
        known = _inside(found)
        if name not in known:
            raise LoadTestError(_unknown(target, ".".join(names[:place]), name, known))
        found = known[name]
    if known := _inside(found):
        inner = "p95" if "p95" in known else min(known)
        raise LoadTestError(
            f"{target.text!r}: {target.path} is of many values: write "
            f"{target.path}.{inner} or another of them"
        )
    if isinstance(found, str) != isinstance(target.value, str):
        kind = "word" if isinstance(found, str) else "number"
        raise LoadTestError(f"{target.text!r}: {target.path} is a {kind}")


def _unknown(target: Target, parent: str, name: str, known: dict[str, object]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    there = ", ".join(sorted(known)) or "no parts"
    meant = f"did you mean {' or '.join(near)}?" if near else f"it has {there}"
    return f"{target.text!r}: {parent or 'a run'} has no {name}; {meant}"
