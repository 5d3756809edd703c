import pytest

from fireworks_async.proxy._deployments import Deployment
from fireworks_async.proxy._settings import DeploymentSettings, RouterSettings


def deployment(**params):
    settings = {"id": "d", "model_name": "a", "model": "fireworks_ai/kimi-k2p6"}
    return Deployment(
        DeploymentSettings(**{**settings, **params}), RouterSettings(), None
    )


@pytest.mark.parametrize(
    ("kind", "model", "sent"),
    [
        ("chat", "fireworks_ai/kimi-k2p6", "accounts/fireworks/models/kimi-k2p6"),
        ("chat", "accounts/x/models/y#z", "accounts/x/models/y#z"),
        (
            "embedding",
            "nomic-ai/nomic-embed-text-v1.5",
            "nomic-ai/nomic-embed-text-v1.5",
        ),
        ("embedding", "qwen3-reranker-8b", "fireworks/qwen3-reranker-8b"),
        ("audio", "fireworks_ai/whisper-v3", "whisper-v3"),
    ],
)
def test_names_are_completed_by_kind(kind, model, sent):
    assert deployment(model=model).name_of(kind, "a") == sent


def test_where_any_name_is_taken_the_callers_counts():
    any_model = deployment(model="fireworks_ai/*", model_name="*")
    assert any_model.name_of("chat", "glm-5").endswith("models/glm-5")
    with pytest.raises(ValueError, match="blank"):
        any_model.name_of("chat", "a b\r\nc")


@pytest.mark.parametrize(
    ("pattern", "model", "asked", "sent"),
    [
        ("fireworks_ai/*", "fireworks_ai/*", "fireworks_ai/glm-5", "glm-5"),
        ("*", "fireworks_ai/*", "fireworks_ai/glm-5", "glm-5"),
        ("fw/*", "fireworks_ai/*", "fw/glm-5", "glm-5"),
        ("fw/*", "kimi-*-instruct", "fw/k2", "kimi-k2-instruct"),
        ("*-here", "glm-*", "5-here", "glm-5"),
        ("*", "glm-5", "whatever", "glm-5"),
        ("a", "fireworks_ai/*", "a", "a"),
    ],
)
def test_a_star_stands_for_what_the_caller_wrote_there(pattern, model, asked, sent):
    d = deployment(model=model, model_name=pattern)
    assert d.name_of("chat", asked) == f"accounts/fireworks/models/{sent}"


def test_latency_is_averaged():
    d = deployment()
    d.answered({}, 1.0, now=0.0)
    assert d.latency == 1.0
    d.answered({}, 2.0, now=0.0)
    assert 1.0 < d.latency < 2.0


def test_limits_are_learned_from_headers_and_a_used_up_one_rests():
    d = deployment()
    d.answered({"x-ratelimit-remaining-requests": "5"}, 0.1, now=10.0)
    assert (d.remaining, d.cooldown.until) == (5, 0.0)
    d.answered({"x-ratelimit-remaining-requests": "0"}, 0.1, now=10.0)
    assert d.cooldown.until > 10.0


def test_a_new_one_goes_on_with_what_the_old_one_learned():
    old, new = deployment(rpm=1), deployment(rpm=1)
    old.began(now=10.0)
    old.cooldown.rest(9, now=10.0)
    new.adopt(old)
    assert new.room(now=10.0) > 0
    assert new.cooldown.until == 19.0
    assert new.in_flight == 0
