"""``batch --engine ray``: which words go together; the run itself is another's."""

import json
import os
import sys

import pytest

from fireworks_async.batch import BatchSummary, _ray_run

SUMMARY = {
    "results": "out.jsonl",
    "errors": "out.errors.jsonl",
    "rows": 3,
    "succeeded": 2,
    "failures": {"refused": 1},
    "recorded": 2,
    "recorded_failed": 1,
}


@pytest.fixture
def asked_for(monkeypatch):
    """What ``run_ray_batch`` is called with, and the key in its environment."""
    seen = {}
    monkeypatch.delenv("FIREWORKS_API_KEY", raising=False)

    def run(source, output, **options):
        seen.update(options, source=source, output=output)
        seen["key"] = os.environ.get("FIREWORKS_API_KEY")
        if options.get("ordered"):
            raise ValueError("ordered: not on Ray")
        values = dict.fromkeys(BatchSummary.__struct_fields__, 0)
        lists = {
            "examples": {},
            "notes": [],
            "limits": [],
            "causes": {},
            "stopped": None,
            "stopped_by": "",
        }
        return BatchSummary(**values | lists | SUMMARY)

    monkeypatch.setattr(_ray_run, "run_ray_batch", run)
    yield seen
    os.environ.pop("FIREWORKS_API_KEY", None)


def ray(run, *words):
    return run("batch", "in.jsonl", "out.jsonl", "--engine", "ray", *words)


def test_the_words_reach_ray(run, asked_for):
    words = ("--ray-address", "auto", "--ray-actors", "4", "--ledger", "/shared/l")
    pace = ("--model", "m", "--concurrency", "64", "--param", "max_tokens=5")
    ran = ray(run, *words, *pace, "--base-url", "http://h/v1", "--json")
    assert (ran.code, ran.err) == (1, "")
    assert json.loads(ran.out)["failures"] == {"refused": 1}
    assert asked_for == {
        "source": "in.jsonl",
        "output": "out.jsonl",
        "errors": None,
        "address": "auto",
        "actors": 4,
        "ledger": "/shared/l",
        "base_url": "http://h/v1",
        "model": "m",
        "concurrency": 64,
        "params": {"max_tokens": 5},
        "id_column": "custom_id",
        "key": None,
    }


def test_standard_output_is_the_summary_alone(run, asked_for, monkeypatch):
    silent = _ray_run.run_ray_batch

    def talking(*places, **options):
        sys.stdout.write("(raylet) a worker died\n")
        return silent(*places, **options)

    monkeypatch.setattr(_ray_run, "run_ray_batch", talking)
    ran = ray(run, "--json")
    assert (len(ran.out.splitlines()), ran.err) == (1, "(raylet) a worker died\n")


def test_with_simulate_it_runs_against_a_simulator(run, asked_for):
    assert ray(run, "--simulate").code == 1
    assert asked_for["base_url"].startswith("http://127.0.0.1:")
    assert asked_for["key"] == "fw_simulated"


def test_a_key_goes_to_workers_by_the_environment_only(run, asked_for):
    assert ray(run, "--api-key", "fw_word").code == 1
    assert asked_for.pop("key") == "fw_word"
    assert "fw_word" not in repr(asked_for)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--ray-address", "auto", "--api-key", "k"), "in the environment of each"),
        (("--simulate", "--base-url", "http://h/v1"), "exclude each other"),
        (("--timeout", "5"), "--timeout"),
        (("--ordered",), "not on Ray"),
    ],
)
def test_words_that_do_not_go_with_it(run, asked_for, words, said):
    ran = ray(run, *words)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "spark"), "local or ray"),
        (("--ledger", "l"), "--engine ray"),
        (("--ray-address", "auto"), "--engine ray"),
        (("--ray-actors", "4"), "--engine ray"),
    ],
)
def test_words_that_go_with_it_only(run, words, said):
    ran = run("batch", "in.jsonl", "out.jsonl", "--simulate", *words)
    assert ran.code == 2
    assert said in ran.err
