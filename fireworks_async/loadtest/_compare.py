"""What changed from one report to another, and whether it can be told from chance."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._measures import milliseconds
from fireworks_async.loadtest._report import SCHEMA

__all__ = ("Change", "change", "comparison_lines", "read_report")

_MEASURES = (
    ("ttft", "p50"),
    ("ttft", "p95"),
    ("ttft", "p99"),
    ("itl", "p50"),
    ("itl", "p95"),
    ("tpot", "p50"),
    ("e2e", "p50"),
    ("e2e", "p95"),
)
_RATES = ("output_tokens_per_second", "requests_per_second")
# What may differ without making two measurements of two things.
_INCIDENTAL = ("base_url", "processes", "calibrate", "timeout", "seed", "goodput")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One number, before and after.

    Attributes:
        before: The first report's.
        after: The second's.
        low: The least that the difference is, with 95 % confidence; None: not known.
        high: The most.
        verdict: ``better``, ``worse``, ``no difference shown`` or ``not known``.
    """

    before: float
    after: float
    low: float | None
    high: float | None
    verdict: str

    @property
    def effect(self) -> float:
        """The change as a share of what it was before."""
        return self.after / self.before - 1 if self.before else 0.0


def read_report(path: str | Path) -> dict[str, Any]:
    """Read a report that ``--json`` has written.

    Args:
        path: The file.

    Returns:
        Its JSON, as plain values.

    Raises:
        LoadTestError: It is none, or of another version.
    """
    try:
        document = msgspec.json.decode(Path(path).read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise LoadTestError(f"{path}: {error.strerror}") from None
    except msgspec.MsgspecError:
        raise LoadTestError(f"{path} is no report of a load test") from None
    if document.get("schema") != SCHEMA:
        raise LoadTestError(
            f"{path} is no report of this version: its schema is "
            f"{document.get('schema')}, not {SCHEMA}"
        )
    return document


def change(
    before: tuple[float, list[float] | None],
    after: tuple[float, list[float] | None],
    *,
    more_is_better: bool,
) -> Change:
    """Judge a difference by the intervals of its two ends (the MOVER method).

    Args:
        before: The value and its interval.
        after: Likewise.
        more_is_better: Whether a greater value is the better one.
    """
    (old, spread_old), (new, spread_new) = before, after
    if spread_old is None or spread_new is None:
        return Change(before=old, after=new, low=None, high=None, verdict="not known")
    difference = new - old
    low = difference - math.hypot(new - spread_new[0], spread_old[1] - old)
    high = difference + math.hypot(spread_new[1] - new, old - spread_old[0])
    verdict = "no difference shown"
    if low > 0 or high < 0:
        verdict = "better" if (difference > 0) == more_is_better else "worse"
    return Change(before=old, after=new, low=low, high=high, verdict=verdict)


def comparison_lines(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    """The comparison, line by line; runs are matched by their names.

    Args:
        before: A report, as ``read_report`` gives it.
        after: The other one.

    Raises:
        LoadTestError: The two have no run in common.
    """
    yield from _warnings(before, after)
    runs = {run["name"]: run for run in after["runs"]}
    common = [run for run in before["runs"] if run["name"] in runs]
    if not common:
        raise LoadTestError("the two reports have no run of the same name")
    for run in common:
        yield f"{run['name']:30}{'before':>12}{'after':>12}{'change':>9}  verdict"
        yield from _run(run["summary"], runs[run["name"]]["summary"])
        yield ""


def _run(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name, percentile in _MEASURES:
        old = _percentile(before[name], percentile)
        new = _percentile(after[name], percentile)
        if old is not None and new is not None:
            found = change(old, new, more_is_better=False)
            shown = milliseconds(found.before), milliseconds(found.after)
            yield _line(f"{name} {percentile}", shown, found, 1000.0, "ms")
    for name in _RATES:
        pair = [_rate(each, name) for each in (before, after)]
        found = change(pair[0], pair[1], more_is_better=True)
        shown = f"{found.before:,.2f}", f"{found.after:,.2f}"
        yield _line(name.replace("_per_second", "/s"), shown, found, 1.0, "")
    name = "error_share"
    yield f"  {name:28}{before[name]:>12.2%}{after[name]:>12.2%}"


def _line(
    name: str, shown: tuple[str, str], found: Change, scale: float, unit: str
) -> str:
    between = ""
    if found.low is not None and found.high is not None:
        low, high = (f"{each * scale:+.3g}" for each in (found.low, found.high))
        between = f" [{low} to {high}{unit and ' ' + unit}]"
    return (
        f"  {name:28}{shown[0]:>12}{shown[1]:>12}{found.effect:>+9.1%}  {found.verdict}"
        f"{between}"
    )


def _percentile(
    found: Mapping[str, Any], percentile: str
) -> tuple[float, list[float] | None] | None:
    if not found["n"] or percentile in found["unreliable"]:
        return None
    return found[percentile], found["intervals"].get(percentile)


def _rate(summary: Mapping[str, Any], name: str) -> tuple[float, list[float] | None]:
    return summary[name], summary["rates"]["intervals"].get(name)


def _warnings(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for which, report in (("before", before), ("after", after)):
        grades = {run["verdict"]["grade"] for run in report["runs"]}
        if grades != {"clean"}:
            worst = "client-limited" if "client-limited" in grades else "strained"
            yield f"warning: the client was {worst} {which}: this may compare clients"
    differing = [
        f"{name} {value} / {after['config'].get(name)}"
        for name, value in before["config"].items()
        if name not in _INCIDENTAL and value != after["config"].get(name)
    ]
    if before["model"] != after["model"]:
        differing.insert(0, f"model {before['model']} / {after['model']}")
    if differing:
        yield f"warning: measured differently: {', '.join(differing)}"
