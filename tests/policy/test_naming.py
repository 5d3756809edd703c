import pytest

from fireworks_async._policy.catalogue import is_known
from fireworks_async._policy.naming import (
    audio_base_of,
    is_audio_host,
    resolve_audio_model,
    resolve_base_url,
    resolve_chat_model,
    resolve_embedding_model,
)
from fireworks_async.errors import ConfigurationError

MODELS = "accounts/fireworks/models/"
ROUTERS = "accounts/fireworks/routers/"
DEPLOYMENT = "#accounts/gitlab/deployments/2fb7764c"

NAMES = [
    # As typed.
    ("accounts/fireworks/models/kimi-k2p6", "accounts/fireworks/models/kimi-k2p6"),
    ("accounts/me/models/mine", "accounts/me/models/mine"),
    ("accounts/me/deployments/d1", "accounts/me/deployments/d1"),
    ("accounts/fireworks/models/a.b-fast", "accounts/fireworks/models/a.b-fast"),
    ("FW-Kimi-K3", "FW-Kimi-K3"),
    ("me/mymodel", "me/mymodel"),
    ("me/mymodel-fast", "me/mymodel-fast"),
    # With the account left out.
    ("models/glm-4p6", MODELS + "glm-4p6"),
    ("models/glm-4.6", MODELS + "glm-4.6"),
    ("routers/glm-latest", ROUTERS + "glm-latest"),
    # Routers.
    ("kimi-k2p6-fast", ROUTERS + "kimi-k2p6-fast"),
    ("glm-5p3-us", ROUTERS + "glm-5p3-us"),
    ("kimi-k3-spot", ROUTERS + "kimi-k3-spot"),
    ("qwen-max-latest", ROUTERS + "qwen-max-latest"),
    ("auto", ROUTERS + "auto"),
    ("auto-instant", ROUTERS + "auto-instant"),
    ("firerouter", ROUTERS + "firerouter"),
    ("firerouter/quality", ROUTERS + "firerouter/quality"),
    # Bare.
    ("glm-4p6", MODELS + "glm-4p6"),
    ("auto-pilot", MODELS + "auto-pilot"),
    ("fastest", MODELS + "fastest"),
    ("modèle", MODELS + "modèle"),
    # Dots, of which the catalogue decides.
    ("kimi-k2.6", MODELS + "kimi-k2p6"),
    ("kimi-k2.6-fast", ROUTERS + "kimi-k2p6-fast"),
    ("unheard-of-1.5", MODELS + "unheard-of-1.5"),
]


@pytest.mark.parametrize("deployment", ["", DEPLOYMENT, "#me/d1", "#"])
@pytest.mark.parametrize(
    "prefix", ["", "fireworks_ai/", "fireworks_ai:", "text-completion-openai/"]
)
@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_names_are_expanded(name, expected, prefix, deployment):
    resolved = resolve_chat_model(prefix + name + deployment, is_known)
    assert resolved == expected + deployment


def test_only_one_prefix_is_dropped():
    name = "fireworks_ai/fireworks_ai/x"
    assert resolve_chat_model(name, is_known) == "fireworks_ai/x"


def test_an_expanded_name_stays():
    for name, _ in NAMES:
        once = resolve_chat_model(name, is_known)
        assert resolve_chat_model(once, is_known) == once


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (set(), "m-1.5"),
        ({"m-1.5"}, "m-1.5"),
        ({"m-1p5"}, "m-1p5"),
        ({"m-1.5", "m-1p5"}, "m-1.5"),
    ],
)
def test_a_dot_becomes_p_only_when_just_that_name_is_known(known, expected):
    names = {MODELS + name for name in known}
    assert resolve_chat_model("m-1.5", names.__contains__) == MODELS + expected


@pytest.mark.parametrize("name", ["", "#d", "fireworks_ai/", "fireworks_ai:#d"])
def test_a_name_that_is_empty_is_refused(name):
    with pytest.raises(ValueError, match="model: the name is empty"):
        resolve_chat_model(name, is_known)


@pytest.mark.parametrize(
    "name",
    ["kimi k2", " kimi", "kimi\n", "k\r\nX-Evil: 1", "k\0", "k\t", "k\u200b", "k\xa0"],
)
def test_a_name_with_blanks_or_control_characters_is_refused(name):
    with pytest.raises(ValueError, match=r"model: .* holds a blank or"):
        resolve_chat_model(name, is_known)


def test_an_error_shows_only_the_beginning_of_a_long_name():
    with pytest.raises(ValueError, match="model: ") as caught:
        resolve_chat_model("a b" * 1000, is_known)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", [None, 3, b"kimi"])
def test_a_name_that_is_no_text_is_refused(name):
    with pytest.raises(TypeError, match="model: expected text"):
        resolve_chat_model(name, is_known)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.fireworks.ai", "https://api.fireworks.ai/inference/v1"),
        ("https://api.fireworks.ai/", "https://api.fireworks.ai/inference/v1"),
        ("https://host/embeddings", "https://host/embeddings/v1"),
        ("HTTPS://API.fireworks.ai", "https://API.fireworks.ai/inference/v1"),
        ("https://api.fireworks.ai:443", "https://api.fireworks.ai:443/inference/v1"),
        ("https://us.api.fireworks.ai", "https://us.api.fireworks.ai/inference/v1"),
        ("https://api.fireworks.ai/inference", "https://api.fireworks.ai/inference/v1"),
        (
            "https://us.api.fireworks.ai/inference/",
            "https://us.api.fireworks.ai/inference/v1",
        ),
        (
            "https://api.fireworks.ai/inference/v1",
            "https://api.fireworks.ai/inference/v1",
        ),
        (
            "https://api.fireworks.ai/inference/v1//",
            "https://api.fireworks.ai/inference/v1",
        ),
        (
            "https://api.fireworks.ai/inference/v1/v1/",
            "https://api.fireworks.ai/inference/v1",
        ),
        (
            "https://gitlab-2fb7764c.direct.fireworks.ai/v1",
            "https://gitlab-2fb7764c.direct.fireworks.ai/v1",
        ),
        (
            "https://gitlab-2fb7764c.direct.fireworks.ai",
            "https://gitlab-2fb7764c.direct.fireworks.ai/v1",
        ),
        (
            "https://me-d1.us-iowa-1.direct.fireworks.ai/v1/",
            "https://me-d1.us-iowa-1.direct.fireworks.ai/v1",
        ),
        (
            "https://audio-prod.api.fireworks.ai",
            "https://audio-prod.api.fireworks.ai/v1",
        ),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://[::1]:8000/", "http://[::1]:8000/v1"),
        ("https://gateway.example/fireworks", "https://gateway.example/fireworks/v1"),
        ("https://gateway.example/xv1", "https://gateway.example/xv1/v1"),
    ],
)
def test_a_base_url_ends_in_v1(url, base):
    assert resolve_base_url(url) == base
    assert resolve_base_url(base) == base


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "must begin with http"),
        ("api.fireworks.ai/inference/v1", "must begin with http"),
        ("fw_CANARY", "must begin with http"),
        ("ftp://fw_CANARY.example", "must begin with http"),
        ("file:///fw_CANARY", "must begin with http"),
        ("https://", "names no host"),
        ("https:///v1", "names no host"),
        ("https://:8000/v1", "names no host"),
        ("https://user:fw_CANARY@h/v1", "must not hold a user or password"),
        ("https://fw_CANARY@h/v1", "must not hold a user or password"),
        ("https://@h/v1", "must not hold a user or password"),
        ("https://h/v1?key=fw_CANARY", "must not have a query or a fragment"),
        ("https://h/v1?", "must not have a query or a fragment"),
        ("https://h/v1#fw_CANARY", "must not have a query or a fragment"),
        ("https://h:port/fw_CANARY", "has no valid host and port"),
        ("https://h:99999/fw_CANARY", "has no valid host and port"),
        ("https://[::1/fw_CANARY", "has no valid host and port"),
        ("https://h/v1/chat/completions", "must end in /v1, without the endpoint"),
        ("https://h/fw_CANARY/v1/embeddings/", "must end in /v1, without the endpoint"),
        ("https://h/v1\n", "holds a blank or a character"),
        (" https://h/v1", "holds a blank or a character"),
        ("https://h/\r\nX-Evil: fw_CANARY", "holds a blank or a character"),
    ],
)
def test_what_is_no_base_url_is_refused_and_not_shown(url, reason):
    with pytest.raises(ConfigurationError, match=f"^base_url {reason}") as caught:
        resolve_base_url(url)
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_error_names_where_the_url_is_from():
    with pytest.raises(ConfigurationError, match=r"^FIREWORKS_API_BASE names no host"):
        resolve_base_url("https://", source="FIREWORKS_API_BASE")


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("nomic-ai/nomic-embed-text-v1.5", "nomic-ai/nomic-embed-text-v1.5"),
        ("fireworks_ai/WhereIsAI/UAE-Large-V1", "WhereIsAI/UAE-Large-V1"),
        ("fireworks/qwen3-reranker-8b", "fireworks/qwen3-reranker-8b"),
        ("fireworks_ai/fireworks/qwen3-reranker-8b", "fireworks/qwen3-reranker-8b"),
        ("qwen3-reranker-8b", "fireworks/qwen3-reranker-8b"),
        ("fireworks_ai:qwen3-embedding-8b", "fireworks/qwen3-embedding-8b"),
        ("accounts/fireworks/models/m", "accounts/fireworks/models/m"),
        ("m#accounts/a/deployments/d", "fireworks/m#accounts/a/deployments/d"),
    ],
)
def test_names_for_embeddings_and_rerank(name, full):
    assert resolve_embedding_model(name) == full


@pytest.mark.parametrize(
    ("name", "sent", "host"),
    [
        ("whisper-v3", "whisper-v3", "audio-prod"),
        ("fireworks_ai/whisper-v3-turbo", "whisper-v3-turbo", "audio-turbo"),
        (
            "accounts/fireworks/models/whisper-v3-turbo",
            "accounts/fireworks/models/whisper-v3-turbo",
            "audio-turbo",
        ),
        ("whisper-v4", "whisper-v4", "audio-prod"),
    ],
)
def test_names_and_hosts_for_audio(name, sent, host):
    assert resolve_audio_model(name) == sent
    assert audio_base_of(sent) == f"https://{host}.api.fireworks.ai/v1"


@pytest.mark.parametrize("resolve", [resolve_embedding_model, resolve_audio_model])
def test_what_is_no_name_for_those_either(resolve):
    for name in ("", "a b", "a\n", "#d", "fireworks_ai/"):
        with pytest.raises(ValueError, match="model: "):
            resolve(name)
    with pytest.raises(TypeError, match="model: "):
        resolve(None)


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://audio-prod.api.fireworks.ai/v1", True),
        ("https://audio-turbo.us-virginia-1.direct.fireworks.ai/v1", True),
        ("https://api.fireworks.ai/inference/v1", False),
        ("https://audio-prod.example/v1", False),
        ("https://audio-x.fireworks.ai.example/v1", False),
    ],
)
def test_hosts_for_audio_alone(url, is_one):
    assert is_audio_host(url) is is_one
