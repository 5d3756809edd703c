import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.cli._connection import ServerOptions, open_client
from fireworks_async.cli._exits import UsageError
from fireworks_async.errors import ConfigurationError
from tests.support.calls import KEY, MESSAGES


def test_the_environment_gives_the_key_and_the_base(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIREWORKS_API_KEY", KEY)
    monkeypatch.setenv("FIREWORKS_BASE_URL", "https://from.env/v1")
    assert "https://from.env/v1" in repr(open_client(ServerOptions()))


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIREWORKS_BASE_URL", "https://from.env/v1")
    server = ServerOptions(api_key=KEY, base_url="https://given/v1")
    assert "https://given/v1" in repr(open_client(server))


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0.0}, {"max_retries": -1}, {"base_url": "ftp://x"}]
)
def test_what_cannot_be_used_is_found_before_anything_is_opened(wrong: dict):
    with pytest.raises(ConfigurationError):
        open_client(ServerOptions(api_key=KEY, **wrong))


def test_there_are_connections_for_as_many_rows_as_are_wanted():
    server = ServerOptions(api_key=KEY)
    assert open_client(server, connections=3000)._service.config.max_connections == 3000
    assert open_client(server)._service.config.max_connections == 1000


def test_the_options_do_not_show_the_key():
    assert KEY not in repr(ServerOptions(api_key=KEY))


def test_a_simulator_and_a_base_url_exclude_each_other():
    with pytest.raises(UsageError, match="--simulate and --base-url"):
        open_client(ServerOptions(simulate=True, base_url="https://given/v1"))


async def test_a_simulated_server_needs_no_key_and_ignores_where_the_real_one_is(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("FIREWORKS_BASE_URL", "http://127.0.0.1:1/v1")
    async with open_client(ServerOptions(simulate=True)) as client:
        assert isinstance(client, AsyncFireworks)
        completion = await client.chat.completions.create(
            model="m", messages=MESSAGES, max_tokens=1
        )
    assert completion.choices[0].message.content
