"""Line plots as SVG text, made of numbers; nothing of load tests is known here.

Inline SVG and not a plotting library's page: a report of a hundred kilobytes opens
anywhere, also where scripts are forbidden, prints well and asks no network for anything.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape

import msgspec

__all__ = ("Axis", "Plot", "Series", "plot_svg")

_WIDTH = 440
_HEIGHT = 280
_LEFT = 62
_RIGHT = 16
_TOP = 16
_BOTTOM = 46
_LEGEND = 20
_FEW = 3
_STEPS = (1, 2, 2.5, 5, 10)
_COLOURS = 8


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Points that belong together.

    Attributes:
        name: In the legend; empty: not in it.
        points: Horizontal and vertical values.
        colour: Which of the page's eight colours.
        has_line: Whether the points are joined.
        has_dots: Whether they are shown.
        area: Whether the space below is filled.
        band: Low and high of each point, drawn as a bar through it.
        labels: What is said of each point when pointed at.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    has_line: bool = True
    has_dots: bool = False
    area: bool = False
    band: Sequence[tuple[float, float] | None] = ()
    labels: Sequence[str] = ()


class Axis(msgspec.Struct, frozen=True):
    """One direction of a plot.

    Attributes:
        label: What it measures, with its unit.
        is_log: Whether equal lengths are equal ratios.
        end: Where it ends; None: where the points do.
    """

    label: str
    is_log: bool = False
    end: float | None = None


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """A picture.

    Attributes:
        title: What it shows.
        x: The horizontal axis.
        y: The vertical axis.
        series: What is drawn.
        window: A stretch of the horizontal axis that is marked.
    """

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    window: tuple[float, float] | None = None


class _Scale(msgspec.Struct, frozen=True):
    """Turns values into places of the picture."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool
    ticks: Sequence[float]

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.is_log:
            low, high = math.log10(low), math.log10(high)
            value = math.log10(max(value, self.low))
        share = (value - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)


def plot_svg(plot: Plot) -> str:
    """Draw it."""
    named = [series for series in plot.series if series.name]
    top = _TOP + (_LEGEND * -(-len(named) // _FEW) if len(named) > 1 else 0)
    bottom = top + _HEIGHT - _TOP - _BOTTOM
    places = [point for series in plot.series for point in series.points]
    spreads = [
        each for series in plot.series for each in series.band if each is not None
    ]
    widths = [x for x, _ in places] + [*(plot.window or ())]
    across = _scale(plot.x, widths, _LEFT, _WIDTH - _RIGHT, is_tight=True)
    heights = [y for _, y in places] + [end for pair in spreads for end in pair]
    up = _scale(plot.y, heights, bottom, top, is_tight=False)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {bottom + _BOTTOM}" role="img"',
        f' aria-label="{escape(plot.title)}">',
        *_window(plot, across, top, bottom),
        *_grid(plot, across, up, top, bottom),
        *(part for each in plot.series for part in _drawn(each, across, up, bottom)),
        *(_legend(named) if len(named) > 1 else ()),
        "</svg>",
    ]
    return "".join(parts)


def _scale(
    axis: Axis, values: Sequence[float], start: float, end: float, *, is_tight: bool
) -> _Scale:
    kept = [value for value in values if value > 0 or not axis.is_log]
    low, high = min(kept, default=0.0), max(kept, default=1.0)
    if axis.end is not None:
        high = axis.end
    if axis.is_log:
        low, high = low or 1e-6, max(high, low * 1.5)
        return _Scale(low, high, start, end, True, _log_ticks(low, high))
    low = min(0.0, low)
    if high <= low:
        high = low + 1.0
    ticks = _ticks(low, high)
    if is_tight:
        shown = [tick for tick in ticks if tick <= high]
        return _Scale(low, high, start, end, False, shown)
    return _Scale(low, max(high, ticks[-1]), start, end, False, ticks)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that cover a range, about five of them."""
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * each for each in _STEPS if power * each >= rough)
    first = math.ceil(low / step - 1e-9)
    count = math.ceil((high - low) / step - 1e-9)
    return [round((first + each) * step, 12) for each in range(count + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = [10.0**power * each for power in powers for each in (1, 2, 5)]
    found = [round(value, 12) for value in every if low <= value <= high]
    if len(found) < 3:
        every = [10.0**power * each for power in powers for each in range(1, 10)]
        found = [round(value, 12) for value in every if low <= value <= high]
    if len(found) < 3:
        return [value for value in _ticks(low, high) if low <= value <= high]
    # Of many, the powers of ten say enough.
    return found if len(found) <= 9 else [v for v in found if math.log10(v) % 1 < 1e-9]


def _grid(
    plot: Plot, across: _Scale, up: _Scale, top: float, bottom: float
) -> Iterator[str]:
    right = _WIDTH - _RIGHT
    for value in up.ticks:
        y = up(value)
        yield f'<path class="grid" d="M{_LEFT} {y}H{right}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{_short(value)}</text>'
    for value in across.ticks:
        x = across(value)
        if x <= right + 1:
            yield f'<path class="tick" d="M{x} {bottom}v4"/>'
            yield (
                f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">'
                f"{_short(value)}</text>"
            )
    yield f'<path class="axis" d="M{_LEFT} {bottom}H{right}"/>'
    yield (
        f'<text class="label" x="{(_LEFT + right) / 2}" y="{bottom + 38}" '
        f'text-anchor="middle">{escape(plot.x.label)}</text>'
    )
    middle = (top + bottom) / 2
    yield (
        f'<text class="label" x="14" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle})">{escape(plot.y.label)}</text>'
    )


def _window(plot: Plot, across: _Scale, top: float, bottom: float) -> Iterator[str]:
    if plot.window is not None:
        start, end = (across(value) for value in plot.window)
        yield (
            f'<rect class="window" x="{start}" y="{top}" width="{max(0.0, end - start):.1f}" '
            f'height="{bottom - top}"><title>the steady window</title></rect>'
        )


def _drawn(series: Series, across: _Scale, up: _Scale, bottom: float) -> Iterator[str]:
    colour = f"c{series.colour % _COLOURS}"
    places = [(across(x), up(y)) for x, y in series.points]
    if not places:
        return
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    if series.area:
        yield (
            f'<path class="area {colour}" d="{path}L{places[-1][0]} {bottom}'
            f'L{places[0][0]} {bottom}Z"/>'
        )
    if series.has_line:
        yield f'<path class="line {colour}" d="{path}"/>'
    for (x, _), spread in zip(places, series.band, strict=False):
        if spread is not None:
            low, high = (up(value) for value in spread)
            yield f'<path class="band {colour}" d="M{x} {low}V{high}m-4 0h8M{x - 4} {low}h8"/>'
    if series.has_dots:
        labels = [*series.labels, *([""] * len(places))]
        size = 4 if series.has_line else 2
        for (x, y), label in zip(places, labels, strict=False):
            said = f"<title>{escape(label)}</title>" if label else ""
            yield f'<circle class="dot {colour}" cx="{x}" cy="{y}" r="{size}">{said}</circle>'


def _legend(named: Sequence[Series]) -> Iterator[str]:
    column = (_WIDTH - _LEFT - _RIGHT) / min(_FEW, len(named))
    for place, series in enumerate(named):
        x = _LEFT + column * (place % _FEW)
        y = _TOP - 4 + _LEGEND * (place // _FEW)
        yield f'<path class="line c{series.colour % _COLOURS}" d="M{x:.0f} {y}h18"/>'
        yield f'<text x="{x + 24:.0f}" y="{y + 4}">{escape(series.name)}</text>'


def _short(value: float) -> str:
    """A tick's number, as short as it can be read."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.4g}M"
    return f"{value / 1e3:.4g}k" if abs(value) >= 1e4 else f"{value:.4g}"
