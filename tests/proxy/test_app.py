import aiohttp
import pytest
from aiohttp import web

from fireworks_async.errors import MissingAPIKeyError, ProxyConfigError
from fireworks_async.proxy import create_app
from tests.support.gateways import config, deployment


async def test_it_is_an_application_for_anybodys_server(upstream):
    runner = web.AppRunner(create_app(config(deployment(upstream))))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/health/liveliness") as answer,
    ):
        assert await answer.text() == "I'm alive!"
    await runner.cleanup()


def test_a_path_is_read_and_what_is_wrong_is_an_error(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("model_list: 7\n")
    for given in (path, str(path)):
        with pytest.raises(ProxyConfigError, match=r"c\.yaml:1: "):
            create_app(given)


def test_without_a_key_for_the_api_there_is_none(monkeypatch):
    for name in ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingAPIKeyError):
        create_app()
