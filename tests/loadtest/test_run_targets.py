import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._run_targets import run_targets, value_of
from fireworks_async.loadtest._summary import Sentinels
from tests.support.loads import closed_loop, record, report, run


def found(text, whole):
    [target] = run_targets(text)
    return value_of(target, whole)


def test_what_a_run_has():
    failed = record(40, start=1.0, error="429")
    others = Sentinels.of([record(0, ttft=0.25, gaps=())])
    whole = run([*closed_loop(), failed], sentinels=others)
    assert found("ttft.p95<1s", whole) == pytest.approx(0.1)
    assert found("errors<1", whole) == found("error_classes.429<1", whole) == 1
    assert found("rates.requests_per_second>1", whole) > 1
    assert found("sentinels.e2e.max<1s", whole) == 0.25
    assert found("verdict=clean", whole) == report(whole).verdict.grade


def test_what_did_not_happen():
    whole = run()
    assert found("error_classes.503=0", whole) == 0
    assert found("goodput.fraction>90%", whole) is None
    assert found("server.prefill_duration.p50<1s", whole) is None
    assert found("sentinels.errors=0", whole) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ttf.p95<1s", "a run has no ttf; did you mean ttf"),
        ("ttft.p96<1s", "ttft has no p96; did you mean p9"),
        ("goodput.xyz<1", "goodput has no xyz; it has fraction, per_second"),
        ("ttft<1s", "ttft is of many values: write ttft.p95"),
        ("errors.p50<1", "errors has no p50"),
        ("verdict<3", "verdict is a word"),
        ("ttft.p95=clean", "ttft.p95 is a number"),
    ],
)
def test_what_no_run_has(text, said):
    with pytest.raises(LoadTestError) as caught:
        run_targets(text)
    assert said in str(caught.value)
