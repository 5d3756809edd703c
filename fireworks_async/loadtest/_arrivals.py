"""When requests are meant to start: fixed in advance by a seed, whatever comes back.

A process of unit rate (how arrivals clump) is stretched by a profile (how many a
second), so that every clumping goes with every ramp. No clock is read here.
"""

import math
import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Literal

import msgspec

from fireworks_async.errors import LoadTestError

__all__ = ("Arrival", "Load", "Segment", "arrival_times", "parse_stages")

Arrival = Literal["constant", "poisson", "gamma", "burst"]


class Segment(msgspec.Struct, frozen=True):
    """A stretch of time with a rate, or with one that moves.

    Attributes:
        start: Requests a second at its beginning.
        end: At its end.
        seconds: Its length; None: for ever, which only the last may be.
        curve: How the rate gets there.
    """

    start: float
    end: float
    seconds: float | None = None
    curve: Literal["linear", "exponential"] = "linear"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """How requests start: as others end, at a rate, or when a trace says so.

    Attributes:
        concurrency: Closed loop: so many at once. Beside a rate or a trace it caps
            what is in flight; who is over the cap starts late, which is counted.
        segments: Open loop: the rates, one after the other.
        arrival: How starts clump around the rate.
        burstiness: Shape of ``gamma``: 1 is Poisson, less clumps more.
        burst_size: How many start together in ``burst``.
        times: Trace: seconds from the beginning.
    """

    concurrency: int | None = None
    segments: tuple[Segment, ...] = ()
    arrival: Arrival = "poisson"
    burstiness: float = 1.0
    burst_size: int = 8
    times: tuple[float, ...] | None = None

    @property
    def is_closed(self) -> bool:
        """Whether starts depend on ends, so that there is no schedule to be late for."""
        return not self.segments and self.times is None

    @property
    def rate(self) -> float | None:
        """Requests a second, if they are the same all the time."""
        rates = {rate for each in self.segments for rate in (each.start, each.end)}
        return rates.pop() if len(rates) == 1 else None

    def requests_within(self, seconds: float | None) -> float:
        """How many of an open loop are due in so many seconds, about."""
        left = math.inf if seconds is None else seconds
        total = 0.0
        for segment in self.segments:
            lasts = segment.seconds
            if lasts is None:
                return total + segment.start * left
            total += _requests_in(segment) * min(1.0, left / lasts)
            left = max(0.0, left - lasts)
        return total

    def __str__(self) -> str:
        if self.times is not None:
            count = len(self.times)
            return f"trace of {count} request{'s' * (count != 1)}"
        if not self.segments:
            return f"closed loop, {self.concurrency} at once"
        rates = " then ".join(_spelled(each) for each in self.segments)
        cap = f", {self.concurrency} at once at most" if self.concurrency else ""
        return f"{self.arrival} arrivals, {rates}{cap}"


def parse_stages(text: str) -> tuple[Segment, ...]:
    """Read ``5:30,5-50:60,50:30``: rates, or ramps between two, and their seconds.

    A ramp spelled ``5^50:60`` is exponential.

    Raises:
        LoadTestError: It is not of that form.
    """
    return tuple(_segment(part) for part in text.split(","))


def arrival_times(load: Load, seed: int) -> Iterator[float]:
    """The seconds from the beginning at which an open loop's requests should start.

    Args:
        load: Not a closed loop.
        seed: The same seed gives the same times.
    """
    if load.times is not None:
        yield from load.times
        return
    begun = 0.0
    passed = 0.0
    segments = iter(load.segments)
    segment = next(segments)
    for position in _unit_process(load, random.Random(seed)):  # noqa: S311 - no secret
        while (size := _requests_in(segment)) <= position - passed:
            passed += size
            begun += segment.seconds or 0.0
            following = next(segments, None)
            if following is None:
                return
            segment = following
        yield begun + _moment_of(segment, position - passed)


def _unit_process(load: Load, dice: random.Random) -> Iterator[float]:
    """Arrivals at one a second on average, without end."""
    match load.arrival:
        case "constant":
            yield from (float(number) for number in count())
        case "burst":
            size = max(1, load.burst_size)
            yield from (float(number - number % size) for number in count())
        case "poisson" | "gamma":
            shape = 1.0 if load.arrival == "poisson" else load.burstiness
            now = 0.0
            while True:
                now += dice.gammavariate(shape, 1 / shape)
                yield now


def _requests_in(segment: Segment) -> float:
    """How many arrivals a segment holds on average."""
    if segment.seconds is None:
        return math.inf
    if segment.curve == "exponential" and segment.start != segment.end:
        growth = math.log(segment.end / segment.start)
        return (segment.end - segment.start) * segment.seconds / growth
    return (segment.start + segment.end) / 2 * segment.seconds


def _moment_of(segment: Segment, requests: float) -> float:
    """When so many requests of a segment have come: its integral, turned around."""
    if segment.start == segment.end or segment.seconds is None:
        return requests / segment.start
    if segment.curve == "exponential":
        growth = math.log(segment.end / segment.start) / segment.seconds
        return math.log1p(growth * requests / segment.start) / growth
    slope = (segment.end - segment.start) / segment.seconds
    root = math.sqrt(max(0.0, segment.start**2 + 2 * slope * requests))
    return (root - segment.start) / slope


def _segment(text: str) -> Segment:
    rates, _, seconds = text.strip().partition(":")
    mark = "^" if "^" in rates else "-"
    start, _, end = rates.partition(mark)
    try:
        numbers = float(start), float(end or start), float(seconds)
    except ValueError:
        raise LoadTestError(
            f"{text!r} is no stage: write RATE:SECONDS, such as 5:30, or a ramp, such "
            "as 5-50:60"
        ) from None
    if not all(math.isfinite(number) and number > 0 for number in numbers):
        raise LoadTestError(
            f"{text!r}: rates and seconds of a stage are more than 0; a ramp may begin "
            "at 0.1"
        )
    return Segment(*numbers, "exponential" if mark == "^" else "linear")


def _spelled(segment: Segment) -> str:
    rates: Sequence[str] = [f"{segment.start:g}/s"]
    if segment.start != segment.end:
        rates = [*rates, f"{segment.end:g}/s"]
    return " to ".join(rates) + (
        f" for {segment.seconds:g} s" if segment.seconds else ""
    )
