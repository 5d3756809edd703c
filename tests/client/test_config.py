import warnings
from typing import ClassVar

import msgspec
import pytest

from fireworks_async._client.config import ClientConfig, check_api_key
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import ConfigurationError, MissingAPIKeyError

KEY = "fw_CANARY"
KEY_VARIABLES = [
    "FIREWORKS_API_KEY",
    "FIREWORKS_AI_API_KEY",
    "FIREWORKSAI_API_KEY",
    "FIREWORKS_AI_TOKEN",
]
BASE_VARIABLES = ["FIREWORKS_BASE_URL", "FIREWORKS_API_BASE", "FIREWORKS_AI_API_BASE"]


def resolve(environ=(), **arguments):
    arguments.setdefault("api_key", KEY)
    return ClientConfig.resolve(environ=dict(environ), **arguments)


def test_defaults():
    config = resolve()
    assert msgspec.structs.asdict(
        msgspec.structs.replace(config, default_headers=dict(config.default_headers))
    ) == {
        "api_key": KEY,
        "base_url": "https://api.fireworks.ai/inference/v1",
        "audio_base_url": None,
        "timeout": Timeout(),
        "max_retries": 2,
        "max_connections": 1000,
        "max_concurrency": None,
        "default_headers": {},
        "document_inlining": True,
        "has_own_audio_base": False,
    }


def test_arguments_are_brought_into_their_final_form():
    headers = {"X-A": "b"}
    config = resolve(
        base_url="http://127.0.0.1:8000",
        audio_base_url="http://localhost:8001/",
        timeout=5,
        max_retries=0,
        max_connections=1,
        max_concurrency=1,
        default_headers=headers,
        document_inlining=False,
    )
    headers["X-C"] = "d"
    assert config.base_url == "http://127.0.0.1:8000/v1"
    assert config.audio_base_url == "http://localhost:8001/v1"
    assert config.timeout == Timeout(receive=5)
    assert config.default_headers == {"X-A": "b"}
    assert (config.max_retries, config.max_connections, config.max_concurrency) == (
        (0, 1, 1)
    )
    assert config.document_inlining is False


def test_a_configuration_cannot_be_changed():
    config = resolve(default_headers={"X-A": "b"})
    with pytest.raises(AttributeError):
        config.max_retries = 3
    with pytest.raises(TypeError):
        config.default_headers["X-A"] = "c"


class TestKey:
    @pytest.mark.parametrize("position", range(len(KEY_VARIABLES)))
    def test_the_first_variable_that_is_set_wins(self, position):
        environ = {
            name: f"fw_{name}" if number >= position else ""
            for number, name in enumerate(KEY_VARIABLES)
        }
        config = ClientConfig.resolve(environ=environ)
        assert config.api_key == f"fw_{KEY_VARIABLES[position]}"

    def test_the_argument_wins(self):
        environ = dict.fromkeys(KEY_VARIABLES, "fw_other")
        assert resolve(environ).api_key == KEY

    def test_a_callable_is_taken_as_it_is(self):
        async def give() -> str:
            return KEY

        assert resolve(api_key=give).api_key is give

    def test_none_at_all_names_every_variable_and_the_simulator(self):
        with pytest.raises(MissingAPIKeyError) as caught:
            ClientConfig.resolve(environ={"FIREWORKS_API_KEY": ""})
        text = str(caught.value)
        for words in [*KEY_VARIABLES, "--simulate", "fireworks_async.simulator"]:
            assert words in text

    @pytest.mark.parametrize(
        "key",
        [
            "",
            " ",
            "fw_CANARY ",
            " fw_CANARY",
            "fw_CANARY\n",
            "fw_CANARY\r\nX-Evil: 1",
            "fw CANARY",
            "fw_CANARY\0",
            "fw_CANARY\x7f",
            "fw_CANARY\xe9",
            "fw_CANARY\u200b",
            "fw_CANARYключ",
            "fw_CANARY" * 10_000,
            b"fw_CANARY",
            3,
            ["fw_CANARY"],
        ],
    )
    def test_a_malformed_one_is_refused_and_not_shown(self, key):
        with pytest.raises(ConfigurationError, match=r"^api_key") as caught:
            resolve(api_key=key)
        assert not isinstance(caught.value, MissingAPIKeyError)
        assert "CANARY" not in repr(caught.value)
        assert caught.value.__cause__ is None

    def test_a_malformed_one_from_the_environment_names_the_variable(self):
        with pytest.raises(
            ConfigurationError, match=r"^FIREWORKSAI_API_KEY holds a bl"
        ):
            ClientConfig.resolve(environ={"FIREWORKSAI_API_KEY": "fw_x\n"})

    def test_one_that_a_callable_gave_is_checked_alike(self):
        assert check_api_key(KEY, "api_key()") == KEY
        with pytest.raises(ConfigurationError, match=r"^api_key\(\) is empty"):
            check_api_key("", "api_key()")

    def test_no_repr_shows_it_or_any_header(self):
        config = resolve(
            default_headers={"Authorization": "Bearer fw_CANARY", "X-Any": "CANARY"}
        )
        assert "CANARY" not in repr(config)
        assert "CANARY" not in repr(config.with_overrides(api_key="fw_CANARY2"))
        assert repr(config) == "<ClientConfig https://api.fireworks.ai/inference/v1>"


class TestBase:
    @pytest.mark.parametrize("position", range(len(BASE_VARIABLES)))
    def test_the_first_variable_that_is_set_wins(self, position):
        environ = {
            name: f"https://h{number}.example" if number >= position else ""
            for number, name in enumerate(BASE_VARIABLES)
        }
        assert resolve(environ).base_url == f"https://h{position}.example/v1"

    def test_the_argument_wins(self):
        environ = dict.fromkeys(BASE_VARIABLES, "https://other.example")
        config = resolve(environ, base_url="https://api.fireworks.ai")
        assert config.base_url == "https://api.fireworks.ai/inference/v1"

    def test_an_error_names_the_variable(self):
        with pytest.raises(ConfigurationError, match=r"^FIREWORKS_API_BASE must begin"):
            resolve({"FIREWORKS_API_BASE": "h.example"})

    @pytest.mark.parametrize("url", ["", "h.example", 3, b"https://h"])
    @pytest.mark.parametrize("name", ["base_url", "audio_base_url"])
    def test_an_error_names_the_argument(self, name, url):
        with pytest.raises(ConfigurationError, match=f"^{name}"):
            resolve(**{name: url})

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:8000",
            "http://127.9.9.9",
            "http://[::1]:8000",
            "http://localhost:8000",
            "http://sim.localhost",
            "https://h.example",
        ],
    )
    def test_no_warning_for_loopback_or_https(self, url):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            resolve(base_url=url)

    @pytest.mark.parametrize("url", ["http://h.example/secret", "http://10.0.0.7:8000"])
    def test_a_warning_for_clear_text_to_another_machine(self, url):
        with pytest.warns(UserWarning, match="is another machine") as caught:
            resolve(base_url=url)
        assert len(caught) == 1
        assert "secret" not in str(caught[0].message)

    def test_a_warning_for_each_host(self):
        with pytest.warns(UserWarning, match=r"http://.\.example is") as caught:
            resolve(base_url="http://b.example", audio_base_url="http://a.example")
        assert len(caught) == 2


class TestAudioBase:
    AUDIO = "https://audio.example/v1"
    ENVIRON: ClassVar = {"FIREWORKS_AUDIO_BASE_URL": "https://env.example"}

    def test_the_argument_wins(self):
        config = resolve(
            self.ENVIRON, base_url="https://h.example", audio_base_url=self.AUDIO
        )
        assert config.audio_base_url == self.AUDIO

    def test_then_an_explicit_base(self):
        config = resolve(self.ENVIRON, base_url="https://h.example")
        assert config.audio_base_url == "https://h.example/v1"

    def test_then_the_variable(self):
        environ = {**self.ENVIRON, "FIREWORKS_BASE_URL": "https://h.example"}
        assert resolve(environ).audio_base_url == "https://env.example/v1"

    def test_then_the_model(self):
        environ = {"FIREWORKS_BASE_URL": "https://h.example"}
        assert resolve(environ).audio_base_url is None

    @pytest.mark.parametrize(
        "variable", ["FIREWORKS_API_BASE", "FIREWORKS_AI_API_BASE"]
    )
    def test_an_audio_host_in_the_environment_serves_audio_alone(self, variable):
        environ = {variable: "https://audio-prod.api.fireworks.ai/v1"}
        config = resolve(environ)
        assert config.base_url == "https://api.fireworks.ai/inference/v1"
        assert config.audio_base_url == environ[variable]
        config = resolve({**environ, **self.ENVIRON})
        assert config.audio_base_url == "https://env.example/v1"
        config = resolve(environ, base_url="https://h.example")
        assert config.base_url == config.audio_base_url == "https://h.example/v1"

    def test_an_audio_host_as_argument_is_what_was_asked_for(self):
        host = "https://audio-turbo.api.fireworks.ai/v1"
        assert resolve(base_url=host).base_url == host

    def test_it_follows_a_new_base_unless_it_has_its_own(self):
        new = {"base_url": "https://new.example"}
        assert (
            resolve(self.ENVIRON).with_overrides(**new).audio_base_url
            == "https://new.example/v1"
        )
        own = resolve(audio_base_url=self.AUDIO)
        assert own.with_overrides(**new).audio_base_url == self.AUDIO

    def test_its_own_may_be_given_and_taken_back(self):
        config = resolve().with_overrides(audio_base_url=self.AUDIO)
        assert config.with_overrides(base_url="https://b.example").audio_base_url == (
            self.AUDIO
        )
        config = config.with_overrides(audio_base_url=None)
        assert config.audio_base_url is None
        assert config.with_overrides(base_url="https://b.example").audio_base_url == (
            "https://b.example/v1"
        )


BAD = [
    ("timeout", 0, r"Timeout\.receive"),
    ("timeout", "5", "timeout must be a"),
    ("max_retries", -1, "max_retries: expected at least 0"),
    ("max_retries", 2.0, "max_retries: expected an int"),
    ("max_retries", True, "max_retries: expected an int"),
    ("max_retries", None, "max_retries: expected an int"),
    ("max_connections", 0, "max_connections: expected at least 1"),
    ("max_connections", "9", "max_connections: expected an int"),
    ("max_concurrency", 0, "max_concurrency: expected at least 1"),
    ("max_concurrency", 1.5, "max_concurrency: expected an int"),
    ("default_headers", {"X": "a\n"}, "default_headers: the value of X holds"),
    ("default_headers", ["X"], "default_headers: expected a mapping"),
    ("document_inlining", None, "document_inlining: expected True or False"),
]


@pytest.mark.parametrize(("name", "value", "text"), BAD)
def test_a_value_that_cannot_be_is_named(name, value, text):
    with pytest.raises(ConfigurationError, match=f"^{text}"):
        resolve(**{name: value})


class TestOverrides:
    def test_what_is_not_named_stays(self):
        config = resolve(max_retries=5, timeout=7, default_headers={"X-A": "b"})
        assert config.with_overrides() == config
        changed = config.with_overrides(max_retries=0)
        assert changed == msgspec.structs.replace(config, max_retries=0)

    def test_each_argument_can_be_overridden(self):
        changed = resolve().with_overrides(
            api_key="fw_other",
            base_url="https://h.example",
            audio_base_url="https://a.example",
            timeout=None,
            max_retries=1,
            max_connections=2,
            max_concurrency=3,
            default_headers={"X-A": "b"},
            document_inlining=False,
        )
        assert changed == resolve(
            api_key="fw_other",
            base_url="https://h.example",
            audio_base_url="https://a.example",
            timeout=None,
            max_retries=1,
            max_connections=2,
            max_concurrency=3,
            default_headers={"X-A": "b"},
            document_inlining=False,
        )

    def test_headers_are_added_and_replace_their_like(self):
        config = resolve(default_headers={"X-A": "1", "X-B": "2"})
        changed = config.with_overrides(default_headers={"x-a": "3", "X-C": "4"})
        assert changed.default_headers == {"X-B": "2", "x-a": "3", "X-C": "4"}
        assert config.default_headers == {"X-A": "1", "X-B": "2"}

    def test_no_headers_change_nothing(self):
        config = resolve(default_headers={"X-A": "1"})
        assert config.with_overrides(default_headers=None) == config

    @pytest.mark.parametrize(("name", "value", "text"), BAD)
    def test_a_value_that_cannot_be_is_named(self, name, value, text):
        with pytest.raises(ConfigurationError, match=f"^{text}"):
            resolve().with_overrides(**{name: value})

    @pytest.mark.parametrize("name", ["api_key", "base_url"])
    def test_what_must_be_there_cannot_be_taken_away(self, name):
        with pytest.raises(ConfigurationError, match=f"^{name}: expected"):
            resolve().with_overrides(**{name: None})

    @pytest.mark.parametrize(
        ("typo", "rest"),
        [
            ("timout", "; did you mean 'timeout'?"),
            ("max_retry", "; did you mean 'max_retries'?"),
            ("session", ""),
            ("ssl", ""),
            ("has_own_audio_base", "; did you mean 'audio_base_url'?"),
        ],
    )
    def test_an_unknown_keyword_names_the_nearest(self, typo, rest):
        with pytest.raises(TypeError) as caught:
            resolve().with_overrides(**{typo: 1})
        assert str(caught.value) == (
            f"with_options() got an unexpected keyword argument {typo!r}{rest}"
        )

    def test_an_unchanged_base_is_not_warned_of_again(self):
        with pytest.warns(UserWarning, match="is another machine"):
            config = resolve(base_url="http://h.example")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config.with_overrides(max_retries=0)
        with pytest.warns(UserWarning, match="is another machine"):
            config.with_overrides(base_url="http://g.example")
