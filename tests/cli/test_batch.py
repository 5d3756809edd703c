import json
import os
import signal
import threading
import time

import pytest

from fireworks_async.simulator import Rejection, SlowHeaders
from tests.support.batches import MODEL, ids, line, write_lines

NAMES = [f"r{n}" for n in range(6)]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.jsonl"
    write_lines(path, [line(name, name) for name in NAMES])
    return str(path)


@pytest.fixture
def output(tmp_path):
    return str(tmp_path / "out.jsonl")


def test_every_row_is_answered(run, source, output):
    words = ("--simulate", "--progress", "none")
    ran = run("batch", source, output, *words)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(ids(output)) == NAMES
    assert "6 answered, 0 failed" in ran.out
    again = json.loads(run("batch", source, output, *words, "--json").out)
    assert again["done_before"] == 6
    assert again["limits"][0]["reason"] == "start"


def test_a_simulation_needs_no_model(run, tmp_path, output):
    source = tmp_path / "in.jsonl"
    write_lines(source, [{"prompt": "Once"}, {"prompt": "Then", "model": "mine"}])
    ran = run("batch", str(source), output, "--simulate")
    assert "2 answered, 0 failed" in ran.out


@pytest.mark.parametrize("words", [["-"], ["out.jsonl", "--errors", "-"]])
def test_standard_output_is_no_file_of_answers(words, run, source):
    ran = run("batch", source, *words, "--simulate")
    assert (ran.code, ran.out) == (2, "")
    assert ran.error == "error: OUTPUT and --errors are files, from which a run goes on"


def test_what_failed_is_told_by_the_exit_code(
    asked, source, output, fireworks_simulator
):
    fireworks_simulator.script(Rejection.invalid("no such thing"))
    ran = asked("batch", source, output)
    assert ran.code == 1
    assert "refused: 1" in ran.out
    assert "no such thing" in ran.out
    assert len(ids(output.replace("out", "out.errors"))) == 1
    assert asked("batch", source, output).code == 1
    assert asked("batch", source, output, "--only-failed").code == 0
    assert len(ids(output)) == 6


def test_retries_are_as_many_as_asked_for(asked, source, output, fireworks_simulator):
    fireworks_simulator.script(*[Rejection.server_error()] * 2)
    ran = asked("batch", source, output, "--concurrency", "1", "--max-retries", "0")
    assert (ran.code, len(fireworks_simulator.requests)) == (1, 6)
    assert "server: 2" in ran.out


def test_rate_limits_fail_rows_if_asked(asked, source, output, fireworks_simulator):
    fireworks_simulator.script(Rejection.rate_limited(retry_after=0.1))
    words = ("--concurrency", "1", "--no-retry-429")
    ran = asked("batch", source, output, *words)
    assert (ran.code, len(fireworks_simulator.requests)) == (1, 6)
    assert "rate_limit: 1" in ran.out
    assert asked("batch", source, output, *words, "--retry", "429").code == 0


def test_a_stop_by_the_account_is_a_code_of_its_own(
    asked, source, output, fireworks_simulator
):
    fireworks_simulator.script(Rejection.payment_required())
    ran = asked("batch", source, output, "--concurrency", "1")
    assert ran.code == 3
    assert "stopped (account)" in ran.out


def interrupted(simulator, times):
    """Press Ctrl-C once the first request is there."""

    def press():
        deadline = time.monotonic() + 10
        while not list(simulator.requests) and time.monotonic() < deadline:
            time.sleep(0.001)
        for _ in range(times):
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()


def test_one_interrupt_waits_and_the_run_goes_on_later(
    asked, source, output, fireworks_simulator
):
    fireworks_simulator.script(SlowHeaders(0.3))

    interrupted(fireworks_simulator, 1)
    ran = asked("batch", source, output, "--concurrency", "1")
    assert ran.code == 3
    assert "stopping: 1 rows in flight are waited for" in ran.err
    assert ids(output) == ["r0"]
    assert asked("batch", source, output).code == 0
    assert sorted(ids(output)) == NAMES


def test_a_second_interrupt_gives_up(asked, source, output, fireworks_simulator):
    fireworks_simulator.script(SlowHeaders(30))
    interrupted(fireworks_simulator, 2)
    ran = asked("batch", source, output, "--concurrency", "1")
    assert ran.code == 3
    assert "giving up what is in flight" in ran.err
    assert "1 request ended without an answer, and may have been billed" in ran.out


def test_check_sends_nothing(run, source, tmp_path):
    ran = run("batch", source, "--check")
    assert (ran.code, ran.out.splitlines()[0]) == (
        0,
        "6 rows, 0 of them bad, 0 repeated",
    )
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{\n")
    assert run("batch", str(bad), "--check").code == 1
    assert json.loads(run("batch", str(bad), "--check", "--json").out)["bad"] == 1


def test_estimate_tells_a_cost(asked, source):
    ran = asked("batch", source, "--estimate")
    assert ran.code == 0
    assert "6 rows, 0 bad; 6 were asked about" in ran.out
    assert json.loads(asked("batch", source, "--estimate", "--json").out)["rows"] == 6


def test_an_estimate_of_bad_rows_only_has_failed(asked, tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{\n")
    assert asked("batch", bad, "--estimate").code == 1


def test_a_ceiling_stops_the_run(asked, source, output):
    ran = asked("batch", source, output, "--max-cost", "0.00001", "--price", "1,10")
    assert (ran.code, ids(output)) == (3, [])
    assert "stopped (cost): $0.0000 of $0.000010 are spent, and the next" in ran.out


def test_columns_make_requests(asked, tmp_path, output, fireworks_simulator):
    table = tmp_path / "in.csv"
    table.write_text("id,topic\n1,tea\n")
    words = ("--prompt", "About {topic}", "--id-column", "id", "--param", "top_p=0.5")
    assert asked("batch", table, output, *words).code == 0
    (request,) = fireworks_simulator.requests
    assert request.body["messages"] == [{"role": "user", "content": "About tea"}]
    assert (request.body["top_p"], ids(output)) == (0.5, ["1"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no OUTPUT"),
        (("in.jsonl",), "expected different files"),
        (("out.jsonl", "--shard", "3/2"), "expected K/N with"),
        (("out.jsonl", "--shard", "x"), "--shard: expected K/N"),
        (("out.jsonl", "--retry", "stal"), "'stal' is no status"),
        (("out.jsonl", "--progress", "x"), "none of its forms"),
    ],
)
def test_words_that_make_no_run_are_usage(run, source, words, said, monkeypatch):
    monkeypatch.chdir(source.removesuffix("/in.jsonl"))
    ran = run("batch", "in.jsonl", *words, "--simulate")
    assert ran.code == 2
    assert said in ran.error


def test_what_cannot_be_read_is_one_line(run, output):
    ran = run("batch", "none.jsonl", output, "--simulate")
    assert ran.code == 1
    assert "none.jsonl: cannot be read" in ran.error


def test_shards_are_merged(run, source, tmp_path):
    parts = [str(tmp_path / f"part{n}.jsonl") for n in (1, 2)]
    for number, part in enumerate(parts, start=1):
        words = ("--shard", f"{number}/2", "--model", MODEL)
        assert run("batch", source, part, *words, "--simulate").code == 0
    merged = run("merge", str(tmp_path / "all.jsonl"), *parts, "--ordered")
    assert merged.code == 0
    assert merged.out.startswith("6 answers and 0 failures, 0 repeated; $")
    assert ids(tmp_path / "all.jsonl") == NAMES


def test_a_loop_that_takes_no_signals_is_enough(run, source, output, monkeypatch):
    def refuse(*_):
        raise NotImplementedError

    monkeypatch.setattr("fireworks_async.cli._loop.find_spec", lambda _: None)
    monkeypatch.setattr("fireworks_async.cli._batch.STOP_SIGNALS", ())
    monkeypatch.setattr("asyncio.SelectorEventLoop.add_signal_handler", refuse)
    assert run("batch", source, output, "--simulate").code == 0
