import json

import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._compare import (
    change,
    comparison_lines,
    read_report,
)
from tests.support.loads import closed_loop, health, record, report, run


def spread_out(ttft, count=300):
    """Requests whose first tokens come around a time, one after the other."""
    return [
        record(n, start=float(n), ttft=ttft * (0.9 + 0.2 * (n * 7919 % 100) / 100))
        for n in range(count)
    ]


def document(*runs, **more):
    return report(*runs, **more).document()


def text_of(before, after):
    return "\n".join(comparison_lines(before, after))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((1.0, [0.9, 1.1]), (1.05, [0.95, 1.15]), "no difference shown"),
        ((1.0, [0.9, 1.1]), (1.5, [1.4, 1.6]), "worse"),
        ((1.5, [1.4, 1.6]), (1.0, [0.9, 1.1]), "better"),
        ((1.0, None), (2.0, [1.9, 2.1]), "not known"),
    ],
)
def test_a_change_is_told_from_chance(before, after, verdict):
    assert change(before, after, more_is_better=False).verdict == verdict


def test_of_rates_more_is_better():
    found = change((10.0, [9.0, 11.0]), (20.0, [18.0, 22.0]), more_is_better=True)
    assert found.verdict == "better"
    assert found.effect == pytest.approx(1.0)
    assert found.low == pytest.approx(10 - 5**0.5)
    assert found.high == pytest.approx(10 + 5**0.5)


def test_two_reports(tmp_path):
    paths = []
    for name, ttft in (("before", 0.1), ("after", 0.15)):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(report(run(spread_out(ttft))).json())
    text = text_of(*map(read_report, paths))
    line = next(each for each in text.splitlines() if "ttft p50" in each)
    assert "+50.0%  worse [" in line
    assert "itl p50" in text
    assert "requests/s" in text
    assert "warning" not in text


def test_the_same_is_no_difference():
    found = document(run(spread_out(0.1)))
    assert "no difference shown" in text_of(found, found)
    assert "worse" not in text_of(found, found)


def test_what_makes_it_doubtful_is_said():
    limited = document(
        run(clients=[health(cpu=1.0)]), config={"seed": 1, "input_tokens": 99}
    )
    text = text_of(document(run()), limited)
    assert "warning: the client was client-limited after" in text
    assert "measured differently: input_tokens 10 / 99" in text
    assert "seed" not in text
    other = document(run(), model="other")
    assert "model some-model / other" in text_of(document(run()), other)


def test_nothing_in_common():
    with pytest.raises(LoadTestError, match="no run of the same name"):
        text_of(document(run()), document(run(closed_loop(), name="x")))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"nonsense", "is no report"),
        (b"[]", "is no report"),
        (json.dumps({"schema": "other/9"}).encode(), "its schema is other/9"),
    ],
)
def test_what_is_no_report(tmp_path, data, said):
    path = tmp_path / "report"
    path.write_bytes(data)
    with pytest.raises(LoadTestError, match=said):
        read_report(path)


def test_no_file(tmp_path):
    with pytest.raises(LoadTestError, match="No such file"):
        read_report(tmp_path / "none")
