import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._targets import (
    Target,
    is_good,
    parse_targets,
    request_targets,
)
from tests.support.loads import dropped, record


@pytest.mark.parametrize(
    ("text", "path", "sign", "value"),
    [
        ("ttft.p95<500ms", "ttft.p95", "<", 0.5),
        ("TTFT.p99 <= 1.5s", "ttft.p99", "<=", 1.5),
        ("itl.mean<250us", "itl.mean", "<", 0.00025),
        ("error_rate<1%", "error_share", "<", 0.01),
        ("errors=0", "errors", "=", 0),
        ("output_tokens_per_second>1000", "output_tokens_per_second", ">", 1000),
        ("ttft.p999>=2", "ttft.p99_9", ">=", 2),
        ("verdict!=client-limited", "verdict", "!=", "client-limited"),
    ],
)
def test_reading(text, path, sign, value):
    [target] = parse_targets(text)
    assert (target.text, target.path, target.sign) == (text, path, sign)
    assert target.value == (value if isinstance(value, str) else pytest.approx(value))


def test_several():
    assert [t.path for t in parse_targets("ttft<1s, tpot<30ms,")] == ["ttft", "tpot"]
    assert parse_targets("") == ()


@pytest.mark.parametrize("text", ["fast", "ttft", "ttft<", "<5", "ttft<5kg", "a b<1"])
def test_what_is_no_target(text):
    with pytest.raises(LoadTestError, match="no target"):
        parse_targets(text)


@pytest.mark.parametrize(
    ("sign", "holds"),
    [
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        ("=", [False, True, False]),
        ("!=", [True, False, True]),
        (">=", [False, True, True]),
        (">", [False, False, True]),
    ],
)
def test_signs(sign, holds):
    target = Target("", "ttft", sign, 2.0)
    assert [target.holds(value) for value in (1.0, 2.0, 3.0)] == holds


def test_what_is_not_there_is_not_as_it_should_be():
    assert not Target("", "ttft", "<", 2.0).holds(None)
    assert not Target("", "ttft", "<", 2.0).holds("fast")
    assert Target("", "verdict", "=", "clean").holds("clean")


@pytest.mark.parametrize(
    ("text", "found", "spelled"),
    [
        ("ttft.p95<1s", 0.1234, "123 ms"),
        ("itl.p50<250us", 0.0051, "5.1 ms"),
        ("error_share<1%", 0.025, "2.50%"),
        ("errors=0", 3, "3"),
        ("output_tokens_per_second>1000", 12.3456789, "12.3457"),
        ("verdict=clean", "strained", "strained"),
        ("ttft.p95<1s", None, "nothing"),
    ],
)
def test_spelling(text, found, spelled):
    [target] = parse_targets(text)
    assert target.spelled(found) == spelled


def test_of_requests():
    targets = request_targets("ttft<200ms,tpot<20ms,e2e<10s")
    assert is_good(record(), targets)
    assert not is_good(record(ttft=0.3), targets)
    assert not is_good(record(gaps=(0.5,)), targets)
    assert not is_good(record(error="429"), targets)
    assert not is_good(dropped(), targets)
    # It has no time between tokens to be held to.
    assert is_good(record(gaps=()), targets)


@pytest.mark.parametrize("text", ["ttft.p95<1s", "nonsense<1", "ttft=clean"])
def test_no_measure_of_a_request(text):
    with pytest.raises(LoadTestError, match="a request is measured by"):
        request_targets(text)
