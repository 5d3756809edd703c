import pytest

from fireworks_async.simulator._models import (
    DEFAULT_MODELS,
    exists,
    reasoning_complaint,
    reasons,
)

OSS = "accounts/fireworks/models/gpt-oss-20b"
KIMI = "accounts/fireworks/models/kimi-k2p6"
LLAMA = "accounts/fireworks/models/llama-v3p3-70b-instruct"
MINIMAX = "accounts/fireworks/models/minimax-m2"


@pytest.mark.parametrize(
    "name",
    [
        *DEFAULT_MODELS,
        "accounts/me/models/mine@snapshot",
        "accounts/fireworks/routers/firerouter/auto",
        "accounts/me/deployments/d1",
        "accounts/fireworks/models/m#accounts/me/deployments/d1",
        "accounts/fireworks/models/m#d1",
        "FW-GLM-5",
    ],
)
def test_names_in_full_exist(name):
    assert exists(name, None)


@pytest.mark.parametrize(
    "name",
    ["kimi-k2p6", "fireworks/qwen3-8b", "accounts/fireworks/kimi", "models/m", "", "m#d",
     "accounts//models/m", "fireworks_ai/accounts/fireworks/models/m"],
)  # fmt: skip
def test_short_names_do_not_exist(name):
    assert not exists(name, None)


def test_given_models_are_all_there_are():
    assert exists("mine", {"mine"})
    assert exists("mine#deployment", {"mine"})
    assert not exists(KIMI, {"mine"})


@pytest.mark.parametrize(
    ("model", "fields", "answer"),
    [
        (KIMI, {}, True),
        (LLAMA, {}, False),
        (KIMI, {"reasoning_effort": "none"}, False),
        (KIMI, {"reasoning_effort": False}, False),
        (LLAMA, {"reasoning_effort": 100}, True),
        (KIMI, {"thinking": {"type": "disabled"}}, False),
        (LLAMA, {"thinking": {"type": "enabled"}}, True),
    ],
)
def test_a_model_reasons_by_its_family_or_as_asked(model, fields, answer):
    assert reasons(model, fields) is answer


@pytest.mark.parametrize(
    ("model", "effort", "complaint"),
    [
        (OSS, "none", "Invalid reasoning effort: none"),
        (OSS, False, "Invalid reasoning effort: none"),
        (OSS, 100, "Invalid reasoning effort: 100"),
        (OSS, True, None),
        (OSS, "high", None),
        (MINIMAX, True, "Invalid reasoning effort: medium"),
        (MINIMAX, "low", None),
        (KIMI, "none", None),
        (OSS, None, None),
    ],
)
def test_some_families_refuse_some_efforts(model, effort, complaint):
    assert reasoning_complaint(model, {"reasoning_effort": effort}) == complaint
