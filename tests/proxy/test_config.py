from pathlib import Path

import pytest

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._config import load_config, read_config, settings_of

SEED = """\
model_list:
  - model_name: fireworks-llama-v3-70b-instruct
    litellm_params:
      model: fireworks_ai/accounts/fireworks/models/llama-v3-70b-instruct
      api_key: "os.environ/FIREWORKS_AI_API_KEY"
"""

FULL = """\
environment_variables:
  GATEWAY_TEST_KEY: fw_one
model_list:
  - model_name: a
    litellm_params:
      model: fireworks_ai/kimi-k2p6
      api_key: os.environ/GATEWAY_TEST_KEY
      api_base: https://x-1.direct.fireworks.ai
      timeout: 20
      max_retries: 1
      rpm: 60
      tpm: 1000
      weight: 3
      order: 1
      max_parallel_requests: 4
      temperature: 0.5
      extra_headers: {x-team: red}
    model_info:
      id: first
      input_cost_per_token: 0.000001
      output_cost_per_token: 0.000002
  - model_name: b
    litellm_params: {model: deepseek-v3p1, api_key: fw_two}
router_settings:
  routing_strategy: least-busy
  num_retries: 4
  cooldown_time: 7
  allowed_fails: 1
  fallbacks: [{a: [b]}]
  context_window_fallbacks: [{a: [b]}]
  model_group_alias: {c: a}
general_settings:
  master_key: sk-1
  database_url: sqlite:///keys.db
  global_max_parallel_requests: 9
  max_request_size_mb: 1
litellm_settings:
  num_retries: 1
  request_timeout: 99
  drop_params: true
  disable_add_transform_inline_image_block: true
"""


def read(text, **environ):
    return read_config(text, source="config.yaml", environ=environ)


def test_the_seeds_file_works_as_written():
    [only] = read(SEED, FIREWORKS_AI_API_KEY="fw_seed").deployments
    assert only.model_name == "fireworks-llama-v3-70b-instruct"
    assert only.api_key == "fw_seed"
    assert "fw_seed" not in repr(only)


def test_every_block_is_read(monkeypatch):
    monkeypatch.setenv("GATEWAY_TEST_KEY", "")
    settings = read(FULL)
    first, second = settings.deployments
    assert first.id == "first"
    assert first.api_key == "fw_one"
    assert first.api_base == "https://x-1.direct.fireworks.ai/v1"
    assert (first.timeout.total, second.timeout.total) == (20, 99)
    assert (first.max_retries, first.rpm, first.tpm, first.weight) == (1, 60, 1000, 3)
    assert (first.order, first.max_parallel_requests) == (1, 4)
    assert first.defaults == {"temperature": 0.5}
    assert first.extra_headers == {"x-team": "red"}
    assert (first.prices.input, first.prices.output) == (1.0, 2.0)
    router = settings.router
    assert (router.strategy, router.num_retries) == ("least-busy", 4)
    assert (router.cooldown_time, router.allowed_fails) == (7, 1)
    assert router.fallbacks == {"a": ("b",)} == router.context_window_fallbacks
    assert router.aliases == {"c": "a"}
    assert settings.master_key == "sk-1"
    assert settings.database == Path("keys.db")
    assert settings.global_max_parallel_requests == 9
    assert settings.max_request_bytes == 1024 * 1024
    assert first.drop_params
    assert second.drop_params
    assert not settings.document_inlining


def test_without_a_file_any_model_is_taken():
    [any_model] = settings_of({}).deployments
    assert (any_model.model_name, any_model.model) == ("*", "*")


@pytest.mark.parametrize(
    ("change", "to", "line", "says"),
    [
        ("rpm: 60", "rpm: many", 11, "whole number"),
        ("weight: 3", "weight: -3", 13, "0 or more"),
        ("master_key: sk-1", "master_key: 123", 33, "expected text, in quotes"),
        ("api_base: https", "api_base: ftp", 8, "http://"),
        ("least-busy", "least-bussy", 25, "did you mean least-busy"),
        ("fallbacks: [{a: [b]}]", "fallbacks: [a]", 29, "a name and its fallbacks"),
        ("sqlite:///keys.db", "postgresql://x", 34, "sqlite:///FILE"),
        ("model: fireworks_ai/kimi-k2p6\n", "\n", 5, "model: is missing"),
        ("[{a: [b]}]", "[{a: [nobody]}]", 29, "is called nobody"),
        ("{c: a}", "{c: {hidden: true}}", 31, "expected a name"),
        ("model_name: a", "model_name: a/*/*", 4, "one * at most"),
        ("kimi-k2p6", "kimi k2", 6, "holds a blank"),
        ("litellm_params:", "litellm_parms:", 4, "did you mean litellm_parms?"),
    ],
)
def test_a_wrong_value_is_an_error_with_its_line(change, to, line, says):
    with pytest.raises(ProxyConfigError, match=rf"^config\.yaml:{line}: ") as raised:
        read(FULL.replace(change, to, 1))
    assert says in str(raised.value)


def test_aliases_may_say_that_they_are_hidden(monkeypatch):
    monkeypatch.setenv("GATEWAY_TEST_KEY", "")
    text = FULL.replace("{c: a}", "{c: a, d: {model: b, hidden: true}, e: {model: a}}")
    settings = read(text).router
    assert settings.aliases == {"c": "a", "d": "b", "e": "a"}
    assert settings.hidden == {"d"}


def test_a_name_with_a_star_may_be_referred_to(monkeypatch):
    monkeypatch.setenv("GATEWAY_TEST_KEY", "")
    text = FULL.replace("model_name: b", "model_name: b/*").replace("[b]", "[b/glm-5]")
    assert read(text).router.fallbacks == {"a": ("b/glm-5",)}
    for name in ("b/*", "*"):
        text = FULL.replace("model_name: b", "model_name: b/*")
        text = text.replace("fallbacks: [{a: [b]}]", f'fallbacks: [{{"{name}": [a]}}]')
        assert read(text).router.fallbacks == {name: ("a",)}


def test_an_unknown_key_is_a_warning_with_its_line():
    with pytest.warns(UserWarning, match=r"config\.yaml:6: .*temprature.*temperature"):
        read(SEED + "      temprature: 1\n", FIREWORKS_AI_API_KEY="k")


class TestAFile:
    def test_with_a_master_key_keeps_its_books_beside_it(self, tmp_path):
        path = tmp_path / "gateway.yaml"
        path.write_text("general_settings: {master_key: sk-1}\n")
        assert load_config(path).database == tmp_path / "gateway.db"

    def test_without_one_keeps_none(self, tmp_path):
        path = tmp_path / "gateway.yaml"
        path.write_text("{}\n")
        assert load_config(path).database is None

    def test_that_is_not_there_is_an_error(self, tmp_path):
        with pytest.raises(ProxyConfigError, match="cannot be read: No such file"):
            load_config(tmp_path / "none.yaml")
