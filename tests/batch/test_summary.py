from pathlib import Path

from fireworks_async._policy.concurrency import LimitChange
from fireworks_async.batch._summary import LimitStep, summary_of
from fireworks_async.batch._tally import Tally


def summary(change=lambda tally: None, **values):
    tally = Tally(now=10.0)
    change(tally)
    given = {
        "results": Path("out.jsonl"),
        "errors": Path("out.errors.jsonl"),
        "totals": (3, 1, 1.5),
        "cost": 0.0,
        "now": 12.0,
        "stopped": None,
        "stopped_by": "",
        "notes": [],
        "history": [],
        **values,
    }
    return summary_of(tally, **given)


def test_a_clean_run_is_told_in_few_words():
    def change(tally):
        tally.read = tally.succeeded = tally.attempts = 4
        tally.prompt_tokens, tally.cached_tokens, tally.completion_tokens = 40, 10, 8

    told = summary(change, cost=0.5)
    assert list(told.lines()) == [
        "4 answered, 0 failed, in 2.0 s (2.0 a second)",
        (
            "4 requests, 0 of them retries; 40 prompt tokens (25% cached), "
            "8 completion tokens"
        ),
        "cost at most $0.5000, all runs together $1.5000",
        "answers: out.jsonl (3)",
        "failures: out.errors.jsonl (1); --only-failed sends them again",
    ]
    assert (told.recorded, told.recorded_failed, told.spent) == (3, 1, 1.5)


def test_where_nothing_was_sent_no_requests_are_told():
    told = summary(totals=(3, 0, 1.5))
    assert list(told.lines()) == [
        "0 answered, 0 failed, in 2.0 s (0.0 a second)",
        "cost at most $0.0000, all runs together $1.5000",
        "answers: out.jsonl (3)",
    ]


def test_a_cost_that_no_run_knew_is_not_told_as_none():
    (*_, last) = summary(totals=(3, 0, 0.0)).lines()
    assert last == "answers: out.jsonl (3)"
    assert not any("cost" in line for line in summary(totals=(3, 0, 0.0)).lines())


def test_a_small_cost_is_not_rounded_away():
    told = summary(cost=0.000012, totals=(3, 0, 0.000012))
    assert "cost at most $0.000012, all runs together $0.000012" in list(told.lines())


def test_failures_are_told_by_cause_with_examples():
    def change(tally):
        for _ in range(3):
            tally.problem("stall", "a", 7, "silence")
        for number in range(4):
            tally.problem("invalid", "", number, "bad")

    told = summary(change)
    assert told.failed == 7
    lines = list(told.lines())
    at = lines.index("invalid: 4")
    assert lines[at + 1] == "  line 0, (no name): bad"
    assert lines.index("stall: 3") > at
    assert "  line 7, a: silence" in lines


def test_what_was_not_sent_and_what_is_in_doubt_is_told():
    def change(tally):
        tally.done_before, tally.failed_before, tally.repeated = 1, 2, 3
        tally.elsewhere, tally.shared = 4, 5
        tally.in_doubt, tally.unpriced = 6, 7

    lines = list(summary(change, notes=["repaired"]).lines())
    assert lines[0] == "repaired"
    assert (
        "not sent: 1 answered before, 2 failed before, 3 repeated, "
        "5 answered by another's call, 4 not this run's"
    ) in lines
    assert "6 requests ended without an answer, and may have been billed" in lines
    assert "the cost of 7 answers is not known" in lines
    assert not any(line.startswith("cost at most") for line in lines)


def test_why_attempts_failed_is_told():
    def change(tally):
        tally.causes.update(stall=1, truncated=3)

    assert "failed attempts: truncated 3, stall 1" in list(summary(change).lines())


def test_how_the_limit_moved_is_told():
    history = [
        LimitChange(9.5, 16, "start"),
        LimitChange(11.0, 40, "growth"),
        LimitChange(12.5, 30, "refused"),
    ]
    told = summary(history=history)
    assert told.limits == [
        LimitStep(0.0, 16, "start"),
        LimitStep(1.0, 40, "growth"),
        LimitStep(2.5, 30, "refused"),
    ]
    assert (
        "in flight: 16 at first, 40 at most, 30 in the end; 1 cut, the last after 2 s: "
        "429"
    ) in list(told.lines())
    risen = list(summary(history=history[:2]).lines())
    assert "in flight: 16 at first, 40 at most, 40 in the end" in risen
    assert not any("at first" in line for line in summary(history=history[:1]).lines())


def test_an_early_end_is_told_with_its_reason():
    *_, last = summary(stopped="account", stopped_by="401: no").lines()
    assert last == "stopped (account): 401: no; the same command goes on from here"
    *_, last = summary(stopped="cost", stopped_by="little left").lines()
    assert last == "stopped (cost): little left; more --max-cost goes on from here"
