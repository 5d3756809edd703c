import re
from xml.etree import ElementTree as ET

import pytest

from fireworks_async.loadtest._plots import Axis, Plot, Series, plot_svg


def drawn(*series, x=None, y=None, **more):
    plot = Plot(
        title="a <title>",
        x=x or Axis("seconds"),
        y=y or Axis("ms"),
        series=series,
        **more,
    )
    return ET.fromstring(plot_svg(plot))


def texts(svg):
    return [element.text for element in svg.iter("text")]


def of_class(svg, name):
    return [each for each in svg.iter() if name in each.get("class", "").split()]


def test_it_is_well_formed_and_says_what_it_shows():
    svg = drawn(
        Series(name="<a & b>", points=[(0, 0), (1, 5)]),
        Series(name="c", points=[(0, 1)]),
    )
    assert svg.get("aria-label") == "a <title>"
    assert {"seconds", "ms", "<a & b>", "c"} <= set(texts(svg))


def test_a_line_goes_through_its_points():
    [line] = of_class(
        drawn(Series(name="", points=[(0, 0), (5, 50), (10, 100)])), "line"
    )
    places = [
        tuple(map(float, p.split())) for p in re.split("[ML]", line.get("d")) if p
    ]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x1 == pytest.approx((x0 + x2) / 2, abs=0.1)
    assert y1 == pytest.approx((y0 + y2) / 2, abs=0.1)
    assert x0 < x2
    assert y0 > y2


def test_ticks_are_round_numbers_that_cover_the_values():
    svg = drawn(Series(name="", points=[(0, 3), (9.7, 47)]))
    numbers = [float(text) for text in texts(svg) if re.fullmatch(r"[\d.]+", text)]
    assert {0, 10, 20, 30, 40, 50} <= set(numbers)
    assert 10 not in numbers[6:]


@pytest.mark.parametrize("end", [4.9, 9.0, 40.0, 900.0, 90_000.0])
def test_logarithmic_axes_have_ticks(end):
    svg = drawn(Series(name="", points=[(4, 0), (end, 1)]), x=Axis("x", is_log=True))
    assert 2 <= len(of_class(svg, "tick")) <= 9


def test_areas_bands_dots_and_windows():
    svg = drawn(
        Series(
            name="",
            points=[(0, 1), (1, 2)],
            area=True,
            has_dots=True,
            band=[(0.5, 4.0), None],
            labels=["first"],
        ),
        window=(0.2, 0.8),
    )
    for name, count in (
        ("area", 1),
        ("band", 1),
        ("dot", 2),
        ("window", 1),
    ):
        assert len(of_class(svg, name)) == count, name
    assert [title.text for title in svg.iter("title")] == ["the steady window", "first"]


def test_a_window_lies_inside():
    points = [(0, 1), (1, 2)]
    svg = drawn(Series(name="", points=points), window=(0.5, 2.0))
    (window,) = of_class(svg, "window")
    (line,) = of_class(svg, "axis")
    end = float(window.get("x")) + float(window.get("width"))
    assert end <= float(line.get("d").partition("H")[2])


@pytest.mark.parametrize("points", [[], [(1, 1)], [(0, 0), (0, 0)]])
def test_little_to_draw(points):
    for is_log in (False, True):
        drawn(Series(name="", points=points), x=Axis("x", is_log=is_log))


def test_large_numbers_are_short():
    said = texts(drawn(Series(name="", points=[(0, 0), (2e6, 50_000)])))
    assert "2M" in said
    assert "50k" in said
