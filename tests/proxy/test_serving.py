import asyncio
import gc
import os
import signal

import aiohttp
import pytest

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._serving import Serving, is_loopback, serve
from tests.support.gateways import MASTER_KEY
from tests.support.raw_server import RawServer, Send, WaitFor
from tests.support.wire import answer, stream_response

CONFIG = """\
model_list:
  - model_name: {name}
    litellm_params: {{model: kimi-k2p6, api_key: os.environ/NOT_SET_ANYWHERE}}
general_settings: {{master_key: {key}, database_url: "sqlite:///{database}"}}
"""


def write(path, name="a", key=MASTER_KEY):
    path.write_text(CONFIG.format(name=name, key=key, database=path.with_suffix(".db")))
    return path


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "example.org"])
def test_s7_without_a_key_it_opens_to_this_machine_only(host):
    assert not is_loopback(host)
    with pytest.raises(ProxyConfigError, match="master_key"):
        Serving(host=host).settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_this_machine_is_known(host):
    assert is_loopback(host)


def test_a_simulator_stands_in_for_every_deployment(tmp_path):
    serving = Serving(
        config=write(tmp_path / "c.yaml"), upstream="http://127.0.0.1:9/v1"
    )
    [only] = serving.settings().deployments
    assert only.api_base == "http://127.0.0.1:9/v1"


def test_a_base_and_a_key_are_for_deployments_without_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("NOT_SET_ANYWHERE", "fw_own")
    named = {"base_url": "http://127.0.0.1:9/v1", "api_key": "fw_CANARY"}
    [only] = Serving(config=write(tmp_path / "c.yaml"), **named).settings().deployments
    assert (only.api_base, only.api_key) == ("http://127.0.0.1:9/v1", "fw_own")
    [only] = Serving(**named).settings().deployments
    assert (only.api_base, only.api_key) == ("http://127.0.0.1:9/v1", "fw_CANARY")
    assert "CANARY" not in repr(Serving(**named))


def test_a_check_finds_out_where_books_cannot_be_kept(tmp_path):
    path = tmp_path / "c.yaml"
    books = "database_url: 'sqlite:////no/such/folder/g.db'"
    path.write_text(f"general_settings: {{master_key: sk-1, {books}}}\n")
    with pytest.raises(ProxyConfigError, match=r"/no/such/folder/g\.db: No such file"):
        Serving(config=path, api_key="fw_x").check()
    path.write_text("general_settings: {master_key: sk-1}\n")
    assert Serving(config=path, api_key="fw_x").check() == 1


@pytest.fixture
async def served(upstream, tmp_path):
    """A served gateway: its URL and its configuration."""
    path = write(tmp_path / "c.yaml")
    serving = Serving(config=path, port=0, upstream=upstream.base_url)
    url = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(serve(serving, url.set_result))
    yield await asyncio.wait_for(url, 5), path, task
    if not task.done():
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 5)


async def names(url, key=MASTER_KEY):
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{url}/v1/models") as answer,
    ):
        return answer.status, [
            row["id"] for row in (await answer.json()).get("data", [])
        ]


async def test_sighup_reads_the_configuration_again(served):
    url, path, _ = served
    assert await names(url) == (200, ["a"])
    write(path, "b")
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(5):
        while await names(url) != (200, ["b"]):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_a_configuration_that_is_wrong_changes_nothing(served, caplog):
    url, path, _ = served
    path.write_text("model_list: 7\n")
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(5):
        while "not reloaded" not in caplog.text:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    assert await names(url) == (200, ["a"])


async def test_f66_sigterm_lets_streams_end_first(tmp_path):
    gate = asyncio.Event()
    script = [WaitFor(gate), Send(stream_response(*answer("a", "b")))]
    url = asyncio.get_running_loop().create_future()
    async with RawServer(script) as slow:
        serving = Serving(
            config=write(tmp_path / "c.yaml"), port=0, upstream=slow.base_url
        )
        task = asyncio.ensure_future(serve(serving, url.set_result))
        endpoint = f"{await asyncio.wait_for(url, 5)}/v1/chat/completions"
        headers = {"Authorization": f"Bearer {MASTER_KEY}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            asking = asyncio.ensure_future(
                session.post(endpoint, json={"model": "a", "stream": True})
            )
            await slow.request()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.05)
            gate.set()
            answered = await asking
            assert (await answered.read()).endswith(b"data: [DONE]\n\n")
        await asyncio.wait_for(task, 5)


async def test_cycles_are_looked_for_seldom_while_it_serves_and_not_at_the_start(
    upstream, tmp_path
):
    before = (gc.get_threshold(), gc.get_freeze_count())
    serving = Serving(
        config=write(tmp_path / "c.yaml"), port=0, upstream=upstream.base_url
    )
    url = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(serve(serving, url.set_result))
    await asyncio.wait_for(url, 5)
    assert gc.get_threshold()[0] == 10_000
    assert gc.get_freeze_count() > 10_000
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(task, 5)
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
