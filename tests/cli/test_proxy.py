import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from fireworks_async.cli import _proxy
from tests.cli.conftest import Ran

Run = Callable[..., Ran]

CONFIG = """\
model_list:
  - model_name: a
    litellm_params: {model: kimi-k2p6, api_key: os.environ/FIREWORKS_TEST_KEY}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway gets its signal as soon as it is announced."""
    announce = _proxy._announce

    def announce_and_stop(url: str) -> None:
        announce(url)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(_proxy, "_announce", announce_and_stop)


@pytest.mark.usefixtures("stopped")
def test_its_one_line_is_the_url(run: Run):
    ran = run("proxy", "--port", "0", "--simulate")
    assert ran.code == 0
    assert ran.out.startswith("http://127.0.0.1:")
    assert ran.out.count("\n") == 1


def test_check_says_what_is_wrong_with_its_line(run: Run, config: Path):
    ran = run("proxy", "--check", "--config", str(config))
    assert ran.code == 2
    assert "config.yaml:3: " in ran.error
    assert "FIREWORKS_TEST_KEY is not set" in ran.error


def test_check_ends_well_when_all_is_well(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FIREWORKS_TEST_KEY", "fw_x")
    assert run("proxy", "--check", "--config", str(config)).code == 0
    assert not config.with_suffix(".db").exists()
    assert run("proxy", "--check", "--simulate", "--config", str(config)).code == 0


@pytest.mark.usefixtures("stopped")
def test_it_serves_another_base_with_a_key_of_the_command(run: Run):
    named = ("--base-url", "http://127.0.0.1:9/v1", "--api-key", "fw_CANARY")
    ran = run("proxy", "--port", "0", *named)
    assert ran.code == 0
    assert "CANARY" not in ran.out + ran.err


def test_a_base_that_is_none_is_a_usage_error(run: Run):
    ran = run("proxy", "--port", "0", "--api-key", "fw_x", "--base-url", "nonsense")
    assert ran.code == 2
    assert "base_url must begin with http" in ran.error


def test_s7_an_open_address_needs_a_key(run: Run):
    ran = run("proxy", "--host", "0.0.0.0", "--simulate", "--check")
    assert ran.code == 2
    assert "master_key" in ran.error


def test_check_wants_a_key_as_serving_does(run: Run, monkeypatch: pytest.MonkeyPatch):
    for name in ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    ran = run("proxy", "--check")
    assert ran.code == 2
    assert "no API key" in ran.error


def test_a_key_that_is_soon_found_out_keeps_nobody_out(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_x")
    config = tmp_path / "config.yaml"
    config.write_text("general_settings: {master_key: sk-1234}")
    words = ("proxy", "--check", "--config", str(config))
    assert run(*words).code == 0
    ran = run(*words, "--host", "0.0.0.0")
    assert ran.code == 2
    assert "needs 12 characters" in ran.error
