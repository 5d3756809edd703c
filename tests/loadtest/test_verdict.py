import pytest

from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._calibration import Calibration
from fireworks_async.loadtest._summary import Summary
from fireworks_async.loadtest._verdict import Verdict, judge
from tests.support.loads import closed_loop, health, record

SUMMARY = Summary.of(closed_loop(4, 10), Load(concurrency=4))


def calibrated(**more):
    return Calibration(
        **{
            "load": "as told",
            "ttft": 0.05,
            "gap": 0.02,
            "added_ttft": 0.0005,
            "added_ttft_p99": 0.001,
            "added_itl": 0.0,
            "added_itl_p99": 0.001,
            "ceiling": 20_000.0,
            "cpu_per_chunk": 0.00005,
            "coalesced_share": 0.0,
            **more,
        }
    )


def grade(*clients, summary=SUMMARY, calibration=None, is_open=False):
    return judge(summary, clients, calibration, is_open=is_open)


def test_a_client_that_fared_well():
    assert grade(health(), calibration=calibrated()) == Verdict("clean")


@pytest.mark.parametrize(
    ("client", "expected", "says"),
    [
        (health(lag=0.003), "strained", "late in the median"),
        (health(lag=0.03), "client-limited", "late in the median"),
        (health(cpu=0.8), "strained", "80% of a processor"),
        (health(cpu=1.0), "client-limited", "100% of a processor"),
        (health(cpu=0.1, starved=0.06), "strained", "waited for a processor 38%"),
        (health(cpu=0.1, starved=0.1), "client-limited", "for a processor 50%"),
        (health(cpu=0.001, starved=0.04), "clean", ""),
        (health(collecting=0.05), "strained", "garbage took 5%"),
    ],
)
def test_what_speaks_against_it(client, expected, says):
    verdict = grade(client)
    assert verdict.grade == expected
    assert says in " ".join(verdict.reasons)


def test_one_process_of_several_is_enough():
    verdict = grade(health(), health(cpu=0.99))
    assert verdict.grade == "client-limited"
    assert verdict.reasons[0].startswith("process 2: ")


def test_asyncios_own_grain_is_no_lateness():
    assert grade(health(lag=0.0012, has_uvloop=False)).grade == "clean"


def test_near_the_ceiling():
    chunks = SUMMARY.rates.chunks_per_second
    strained = grade(health(), calibration=calibrated(ceiling=chunks / 0.6))
    limited = grade(health(), calibration=calibrated(ceiling=chunks / 0.9))
    assert (strained.grade, limited.grade) == ("strained", "client-limited")
    assert "60% of" in strained.reasons[0]
    # Two processes have twice the ceiling.
    two = grade(health(), health(), calibration=calibrated(ceiling=chunks / 0.6))
    assert two.grade == "clean"


def test_what_the_client_adds_is_held_against_what_was_measured():
    for name in ("added_ttft", "added_itl"):
        assert (
            grade(health(), calibration=calibrated(**{name: 0.008})).grade == "strained"
        )
        assert (
            grade(health(), calibration=calibrated(**{name: 0.04})).grade
            == "client-limited"
        )
    assert grade(health(), calibration=calibrated(added_ttft=None)).grade == "clean"


def test_being_late_for_the_schedule():
    load = Load(times=(0.0,))
    for lag, expected in (
        (0.001, "clean"),
        (0.05, "strained"),
        (0.5, "client-limited"),
    ):
        records = [record(n, start=n + lag, intended=n) for n in range(5)]
        late = Summary.of(records, load)
        assert grade(health(), summary=late, is_open=True).grade == expected
        assert grade(health(), summary=late).grade == "clean"


def test_the_worst_reason_comes_first():
    verdict = grade(health(starved=0.2, cpu=1.0))
    assert "processor" in verdict.reasons[0]
    assert "100%" in verdict.reasons[0]
    assert [Verdict(g).rank for g in ("clean", "strained", "client-limited")] == [
        0,
        1,
        2,
    ]


def test_who_measured_nothing_is_not_judged():
    briefly = health(seconds=0.001, cpu=1.2, lag=0.5)
    assert (
        judge(Summary.of([], Load(concurrency=4)), [briefly], None, is_open=False).grade
        == "clean"
    )
