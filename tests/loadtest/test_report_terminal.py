import msgspec
import pytest

from fireworks_async.loadtest._arrivals import Load, Segment, parse_stages
from fireworks_async.loadtest._measures import milliseconds
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._report_terminal import terminal_lines
from fireworks_async.loadtest._summary import Sentinels
from fireworks_async.loadtest._sweep import Search
from tests.loadtest.test_verdict import calibrated
from tests.support.loads import closed_loop, dropped, health, record, report, run

OPEN = Load(segments=(Segment(10, 10),))


def text_of(*runs, **more):
    return "\n".join(terminal_lines(report(*runs, **more)))


def test_a_closed_loop():
    text = text_of(run())
    assert "40 requests · 40 completed · 400 prompt and 80 output tokens" in text
    assert "from the first end" in text
    assert "100 ms" in text
    assert "intended start" not in text
    assert "none can be late" in text
    assert text.endswith("verdict    clean: the numbers are the server's")


def test_a_percentile_of_too_few_is_not_printed():
    line = next(x for x in text_of(run()).splitlines() if "to first token" in x)
    assert line.endswith("too few")
    assert "[100.0-100.0]" in line


def test_an_open_loop_shows_both_latencies():
    records = [record(n, start=n / 10 + 0.05, intended=n / 10) for n in range(50)]
    text = text_of(run(records, OPEN, targets="ttft<1s"))
    assert text.count("from intended start") == 2
    assert "start too late by" in text
    assert "100.0% met ttft<1s" in text


def test_where_there_is_little_room_intervals_are_left_out():
    records = [record(n, start=n / 10 + 0.05, intended=n / 10) for n in range(50)]
    lines = list(terminal_lines(report(run(records, OPEN)), width=80))
    table = [line for line in lines if " ms" in line and "[" not in line]
    assert len(table) >= 5
    assert max(map(len, table)) <= 80
    wide = "\n".join(terminal_lines(report(run(records, OPEN)), width=200))
    assert "[" in wide


def test_notes():
    assert "note       so it is\nverdict" in text_of(run(), notes=["so it is"])


def test_what_the_load_did_to_others():
    records = [record(n, start=n / 10, gaps=(), ttft=0.2) for n in range(30)]
    others = Sentinels.of([*records, record(31, error="429"), dropped(32)])
    text = text_of(run(sentinels=others))
    assert (
        "beside it, 32 asked for one token: p50 200 ms, p95 too few, at most 200 ms · 2 "
        "failed"
    ) in text


def test_what_has_no_tokens_shows_none():
    bare = [
        Record(index=n, intended_at=n, started_at=n, ended_at=n + 0.5, prompt_tokens=10)
        for n in range(8)
    ]
    text = text_of(run(bare))
    assert "output" not in text
    assert "80 prompt tokens" in text


def test_what_the_server_did_not_count_is_not_told_as_none():
    uncounted = [record(n, start=n / 10) for n in range(50)]
    for each in uncounted:
        each.prompt_tokens = each.completion_tokens = None
    text = text_of(run(uncounted))
    assert "0 prompt" not in text
    assert "50 completed\n" in text
    # Chunks were taken for tokens.
    assert "  output " in text


def test_stages_show_both_latencies_too():
    ramp = Load(segments=parse_stages("5-50:10"), concurrency=100)
    text = text_of(run([record(n, start=n / 10) for n in range(50)], ramp))
    assert text.count("from intended start") == 2
    assert "closed loop" not in text


def test_what_the_server_says_of_itself():
    told = record(server={"server_time_to_first_token": 0.06}, speculation="0:3/4")
    text = text_of(run([told]))
    assert "own medians: time to first token 60.0 ms · outside of it 40.0 ms" in text
    assert "draft model taken, by position: 0 75%" in text


def test_nothing_was_answered():
    text = text_of(run([record(n, error="connect") for n in range(3)]))
    assert "error connect (3): it was connect" in text
    assert text.endswith("verdict    none: nothing was answered")
    assert "p50" not in text
    assert "tokens/s" not in text


def test_what_went_wrong():
    records = [*closed_loop(), record(40, start=1.0, error="429"), dropped(41)]
    text = text_of(run(records, stopped="it was stopped"))
    assert "1 failed · 1 never started" in text
    assert "error 429 (1): it was 429" in text
    assert "ended early: it was stopped" in text


def test_how_tokens_were_counted():
    assert "taken for one (in 36" in text_of(run(closed_loop(counted_by="chunks")))
    assert "share of the text" in text_of(run(closed_loop(counted_by="text")))


def test_the_servers_own_numbers():
    records = closed_loop(server={"prefill_duration": 0.05}, cached_tokens=5)
    text = text_of(run(records))
    assert "the server's own medians: prefill duration 50.0 ms" in text
    assert "50.0% of prompt tokens came from the cache" in text


def test_several_runs_and_a_search_and_a_calibration():
    search = Search(
        targets="ttft.p95<1s", by="rate", greatest=10.0, least_failed=11.0, steps=[]
    )
    text = text_of(run(), run(), search=search, calibration=calibrated(), cost=0.5)
    assert text.count("concurrency 4 ") >= 2
    assert "greatest   10/s met ttft.p95<1s; 11/s did not" in text
    assert "can take 20,000 chunks/s" in text
    assert "about $0.5 by list prices" in text
    none = msgspec.structs.replace(search, greatest=None)
    assert "no rate met ttft.p95<1s" in text_of(run(), search=none)


def test_the_overview_of_several_runs_is_aligned_in_80_columns():
    other = msgspec.structs.replace(run(), name="concurrency 1024")
    lines = text_of(run(), other).splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("load "))
    heading, first, second = lines[start : start + 3]
    assert heading.split() == [
        *("load", "tokens/s", "req/s", "ttft", "p50", "ttft", "p95", "itl", "p50"),
        *("errors", "verdict"),
    ]
    assert first.startswith("concurrency 4     ")
    assert second.startswith("concurrency 1024  ")
    assert {line.index("clean") for line in (first, second)} == {
        heading.index("verdict")
    }
    assert len(second) <= 80


def test_a_client_that_was_the_bottleneck():
    text = text_of(run(clients=[health(cpu=1.0)]))
    assert "client-limited: the client was the bottleneck" in text
    assert "- the client used 100% of a processor" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.0005, "0.5 ms"), (0.25, "250 ms"), (12.5, "12.50 s")],
)
def test_times(seconds, text):
    assert milliseconds(seconds) == text
