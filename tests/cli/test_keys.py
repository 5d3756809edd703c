import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran

Run = Callable[..., Ran]


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    path.write_text("general_settings: {master_key: sk-1}\n")
    return str(path)


def test_a_key_is_made_listed_and_revoked(run: Run, config: str):
    limits = ("--rpm", "5", "--budget", "1.5", "--models", "a,b")
    made = run("keys", "create", "team", "--config", config, *limits)
    assert made.code == 0
    key = made.out.strip()
    assert key.startswith("sk-")
    listed = run("keys", "list", "--config", config)
    assert "team for a, b  rpm 5, budget 1.500000 USD" in listed.out
    assert key not in listed.out
    row = json.loads(run("keys", "list", "--config", config, "--json").out)
    assert (row["name"], row["models"], row["rpm"]) == ("team", ["a", "b"], 5)
    assert row["id"] in run("keys", "revoke", "team", "--config", config).out
    assert "revoked 2" in run("keys", "list", "--config", config).out


def test_what_is_not_there_cannot_be_revoked(run: Run, config: str):
    ran = run("keys", "revoke", "nobody", "--config", config)
    assert (ran.code, "no such key" in ran.error) == (2, True)


def test_a_name_is_needed(run: Run, config: str):
    assert run("keys", "create", "--config", config).code == 2


def test_a_key_that_is_made_can_be_json(run: Run, config: str):
    made = json.loads(run("keys", "create", "team", "--config", config, "--json").out)
    listed = json.loads(run("keys", "list", "--config", config, "--json").out)
    assert made == {"id": listed["id"], "name": "team", "key": made["key"]}
    assert made["key"].startswith("sk-")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--rpm", "5"), "keys list takes no limits; keys create does"),
        (("revoke", "team", "--budget", "0"), "keys revoke takes no limits"),
        (("list", "team"), "keys list takes no name"),
    ],
)
def test_what_would_go_unused_is_refused(
    words: tuple[str, ...], said: str, run: Run, config: str
):
    ran = run("keys", *words, "--config", config)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.error


def test_without_a_database_there_are_no_keys(run: Run, tmp_path: Path):
    path = tmp_path / "bare.yaml"
    path.write_text("{}\n")
    ran = run("keys", "list", "--config", str(path))
    assert (ran.code, "database_url" in ran.error) == (2, True)
