import dataclasses
import random
import sys

import pytest

from benchmarks.faults import exercises, words
from benchmarks.faults.__main__ import cell
from benchmarks.faults.clients import CLIENTS, Client
from benchmarks.faults.outcome import API_KEY, DELTAS, WHOLE, Failure, Order, Report
from benchmarks.faults.peers import ENVIRONMENT, running
from benchmarks.faults.rows import ROWS
from benchmarks.faults.table import MARK, table
from benchmarks.faults.trials import Outcome, Row, play, trial

# What no row may say of our client.
SHAME = (
    "silent",
    "raw ",
    "no partial",
    "no end",
    "no timeout",
    "no retry",
    "not repeated",
    "not reported",
    "still open",
    "sent:",
    "sent to",
    " times",
    "asks again",
    MARK,
)
# These wait for a second or more, which only the command has.
SLOW = ("`timeout=1`", "`Retry-After: 1`", "`timeout=0.5`")
QUICK_ROWS = [row for row in ROWS if not any(what in row.title for what in SLOW)]

CUT = Report(
    texts=["".join(DELTAS[:2])],
    usage=None,
    unusable=0,
    failure=None,
    seconds=0.1,
    left_at=None,
    waited_in_vain=False,
)
WELL = dataclasses.replace(CUT, texts=[WHOLE])
FAILED = dataclasses.replace(
    CUT, failure=Failure("httpx.ReadError", False, "", False, False, False)
)


def title(value):
    return value.title if isinstance(value, Row) else None


def outcome(report, **more):
    return Outcome(report, requests=[], connections=1, **more)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(random, "random", lambda: 0.0)
    monkeypatch.setattr(exercises, "AFTERMATH", 0.05)


async def ask_ours(order):
    client = CLIENTS["ours"](order.base, order.max_retries)
    try:
        return await exercises.perform(client, order)
    finally:
        await client.aclose()


@pytest.mark.parametrize("row", QUICK_ROWS, ids=title)
async def test_our_client_does_right_with_the_fault_and_without_it(row):
    said = await cell(row, ask_ours)
    assert said not in {"shown", "20"}
    assert not any(shame in said for shame in SHAME), said


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=title)
async def test_each_fault_has_a_twin_that_gives_the_whole_answer(row):
    assert row.twin != row.fault
    assert (await play(row.twin, ask_ours)).is_whole


def test_titles_are_unique():
    assert len({row.title for row in ROWS}) == len(ROWS)


@pytest.mark.slow
async def test_a_client_in_its_own_process_says_the_same():
    row = ROWS[0]
    async with running("ours", sys.executable) as ask:
        assert await cell(row, ask) == await cell(row, ask_ours)


async def test_a_process_that_dies_is_told_with_its_last_words():
    async with running("nobody", sys.executable) as ask:
        with pytest.raises(RuntimeError, match="KeyError: 'nobody'"):
            await ask(Order("http://127.0.0.1:9/v1"))


async def test_a_cell_whose_twin_fails_is_marked():
    nothing = Row("nothing", *[trial(ROWS[0].fault.scripts[0])] * 2, words.ending)
    said = await cell(nothing, ask_ours)
    assert said == f"StreamTruncatedError, partial kept{MARK}"
    assert table([nothing], {"ours": [said]}).splitlines()[2:] == [
        f"| nothing | {said} |",
        "",
        "(!): the same call without the fault did not give the whole answer either.",
    ]


async def test_an_error_that_shows_the_key_is_found_out():
    async def create(**call):
        del call
        password = API_KEY[:]
        raise KeyError("x") from ValueError(password)

    async def aclose():
        pass

    report = await exercises.perform(Client("mine", create, aclose), Order(""))
    assert report.failure == Failure("KeyError", False, "'x'", False, True, True)


@pytest.mark.parametrize(
    ("say", "report", "said"),
    [
        (words.ending, CUT, "silent success"),
        (words.ending, WELL, "whole answer"),
        (words.ending, FAILED, "raw httpx.ReadError, no partial"),
        (
            words.ending,
            dataclasses.replace(CUT, texts=[""], unusable=1),
            "silent success, empty after an unusable chunk",
        ),
        (
            words.ending,
            dataclasses.replace(CUT, texts=["".join(DELTAS[1:])]),
            "silent, first delta lost",
        ),
        (
            words.ending,
            dataclasses.replace(CUT, waited_in_vain=True, seconds=3.0),
            "no end and no error in 3 s",
        ),
        (words.timing_out, WELL, "no timeout in 0.1 s"),
        (words.reported_usage, WELL, "not reported"),
        (words.closing, CUT, "still open after 0.5 s"),
        (words.retries, FAILED, "raw httpx.ReadError, no partial, no retry"),
        (words.key_in_chain, CUT, "silent success"),
    ],
)
def test_what_goes_wrong_is_told(say, report, said):
    assert say(outcome(report)) == said


def test_a_connection_closed_late_counts_as_open():
    assert words.closing(outcome(CUT, closed_after=0.55)) == "still open after 0.5 s"
    assert words.closing(outcome(CUT, closed_after=0.01)) == "closed at once"


def test_a_report_survives_the_pipe():
    assert Report.from_json(FAILED.to_json()) == FAILED
