import json
import os
import signal
import subprocess
import sys

import pytest

FEW = ("--requests", "6", "--concurrency", "2", "--no-calibration")
SHORT = ("--input-tokens", "30", "--output-tokens", "4", *FEW)


@pytest.fixture
def measure(run, fireworks_simulator):
    server = ("--base-url", fireworks_simulator.base_url, "--api-key", "fw_test")

    def measure(*words, model="deepseek-v3p1"):
        return run("loadtest", "--model", model, *server, *SHORT, *words)

    return measure


def test_a_summary_and_a_json_file(measure, tmp_path):
    path = tmp_path / "out.json"
    ran = measure("--json", str(path), "--concurrency", "1,2")
    assert ran.code == 0
    assert "concurrency 2: closed loop, 2 at once" in ran.out
    assert "verdict" in ran.out
    runs = json.loads(path.read_text())["runs"]
    assert [run["summary"]["requests"] for run in runs] == [6, 6]
    assert [run["summary"]["errors"] for run in runs] == [0, 0]


def test_json_alone_on_standard_output(measure):
    ran = measure("--json", "-")
    assert json.loads(ran.out)["runs"][0]["concurrency"] == 2


def test_an_open_loop(measure):
    ran = measure("--rate", "200", "--arrival", "constant", "--goodput", "e2e<60s")
    assert ran.code == 0
    assert "constant arrivals, 200/s, 2 at once at most" in ran.out
    assert "100.0% met e2e<60s" in ran.out


@pytest.mark.slow
def test_demands(measure):
    kept = measure("--assert", "error_share<1%", "--assert", "e2e.p50<60s")
    assert kept.code == 0
    broken = measure("--assert", "e2e.p50<1us,errors=0")
    assert broken.code == 1
    assert "error: concurrency 2: not e2e.p50<1us, but " in broken.err
    assert measure("--assert", "fast").code == 2


def test_errors_are_a_failure_unless_demands_say_otherwise(
    measure, fireworks_simulator
):
    from fireworks_async.simulator import Rejection

    fireworks_simulator.always(
        Rejection.overloaded(), when=lambda r: r.body["max_tokens"] != 1
    )
    ran = measure()
    assert ran.code == 1
    assert "error 503 (6)" in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--concurrency", "many"], "numbers are wanted"),
        (["--arrival", "never"], "constant, poisson, gamma, burst"),
        (["--endpoint", "none"], "chat, completions"),
        (["--params", "[1]"], "a JSON object is wanted"),
        (["--prices", "1"], "two numbers"),
        (["--params", '{"temprature": 1}'], "did you mean 'temperature'"),
        (["--input-tokens", "x"], "no number of tokens"),
        (["--rate", "1", "--stages", "1:1"], "give one"),
        (["--export", "x=y"], "or vllm=FILE"),
        (["--assert", "ttf.p95<1s"], "did you mean"),
        (["--find-max", "ttft<1s"], "write ttft.p95"),
        (["--report", "/nowhere/x.html"], "there is no folder /nowhere"),
        (["--export", "vllm=/nowhere/x"], "there is no folder /nowhere"),
        (["--json", "/"], "/ cannot be written"),
        (["--rate", "0"], "rate is more than 0"),
    ],
)
def test_usage(measure, words, said):
    ran = measure(*words)
    assert ran.code == 2
    assert said in ran.err


def test_what_is_wrong_is_said_before_anything_is_sent(
    measure, fireworks_simulator, tmp_path
):
    other = tmp_path / "rows.csv"
    other.write_text("a,b\n1,2\n")
    assert "other columns" in measure("--csv", str(other)).err
    assert measure("--assert", "speed>1").code == 2
    assert fireworks_simulator.requests == []


def test_a_demand_on_too_few_requests_is_pointed_out(measure):
    ran = measure("--assert", "ttft.p99<60s")
    assert ran.code == 0
    assert "note: concurrency 2: ttft.p99 is of " in ran.err


def test_a_model_is_needed_elsewhere(run):
    ran = run("loadtest", "--api-key", "fw_test")
    assert (ran.code, ran.out) == (2, "")
    assert "no model" in ran.error


def test_another_machine_is_asked_about(run):
    ran = run("loadtest", "--model", "deepseek-v3p1", "--api-key", "fw_test")
    assert (ran.code, ran.out) == (2, "")
    assert "100 requests to api.fireworks.ai, about $" in ran.err
    assert "add --yes" in ran.err


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform == "win32", reason="it has other signals")
@pytest.mark.parametrize(
    ("processes", "number"),
    [("1", "SIGTERM"), ("2", "SIGINT")],
)
def test_a_signal_gives_a_report_of_what_came(processes, number):
    """It reaches the whole group of a terminal; the simulator has to outlive it."""
    command = [
        *(sys.executable, "-m", "fireworks_async", "loadtest", "--simulate"),
        *("--duration", "60", "--concurrency", "2", "--output-tokens", "8"),
        *("--no-calibration", "--processes", processes),
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        seen = ""
        while "tokens/s" not in seen:
            line = running.stderr.readline()
            assert line, seen
            seen += line
        os.killpg(running.pid, getattr(signal, number))
        out, err = running.communicate()
    assert running.returncode == 3
    assert "ended early: it was stopped" in out
    assert " failed" not in out
    assert "Traceback" not in err


@pytest.mark.slow
def test_against_a_simulator_of_its_own(run, tmp_path):
    path = tmp_path / "out.json"
    words = [word for word in SHORT if word != "--no-calibration"]
    ran = run("loadtest", "--simulate", *words, "--json", str(path))
    assert ran.code == 0
    document = json.loads(path.read_text())
    [measured] = document["runs"]
    assert measured["summary"]["ttft"]["p50"] >= 0.05
    assert measured["summary"]["server"]["server_processing_time"]["n"] > 0
    # How much it is depends on the machine's other users; that it is seen does not.
    assert document["calibration"]["added_ttft"] > -0.002
    assert document["calibration"]["ceiling"] > 500
    assert "can take" in ran.out


@pytest.mark.slow
def test_comparing_two_reports(measure, run, tmp_path):
    paths = [str(tmp_path / name) for name in ("a.json", "b.json")]
    for path in paths:
        assert measure("--json", path).code == 0
    compared = run("loadtest", "compare", *paths)
    assert compared.code == 0
    assert "concurrency 2" in compared.out
    assert "e2e p50" in compared.out


@pytest.mark.parametrize("words", [["compare", "a.json"], ["compere", "a", "b"]])
def test_other_words(run, words):
    ran = run("loadtest", *words)
    assert ran.code == 2
    assert "loadtest compare BEFORE.json AFTER.json" in ran.error


def test_a_report_that_there_is_not(run, tmp_path):
    ran = run("loadtest", "compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert ran.code == 1
    assert "No such file" in ran.error
