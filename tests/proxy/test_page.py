import asyncio
import json
import re

import pytest

from fireworks_async.proxy._page import present
from fireworks_async.simulator import Simulator
from tests.support.chromium import browsing, chromium
from tests.support.gateways import ALIAS, MASTER_KEY, config, deployment, running


async def test_the_page_is_shown_to_anybody_and_asks_nobody_else(gateway):
    told = await gateway.ask("/", method="GET", key=None)
    page = told.data.decode()
    assert told.headers["Content-Type"].startswith("text/html")
    assert "connect-src 'self'" in told.headers["Content-Security-Policy"]
    assert not re.search(r"https?://|src=|innerHTML|<link", page)


async def test_what_fills_it_needs_a_key(gateway):
    assert (await gateway.ask("/watch", method="GET", key=None)).status == 401


async def test_it_asks_for_no_key_where_none_is_needed(gateway, upstream):
    asks = b"data-asks-for-key>"
    assert asks in (await gateway.ask("/", method="GET", key=None)).data
    async with running({"model_list": [deployment(upstream)]}) as open_to_all:
        assert asks not in (await open_to_all.ask("/", method="GET", key=None)).data


async def test_it_is_told_anew_as_events(gateway):
    await gateway.ask()
    headers = {"Authorization": f"Bearer {MASTER_KEY}"}
    async with gateway.session.get(f"{gateway.url}/watch", headers=headers) as answer:
        line = await asyncio.wait_for(answer.content.readline(), 5)
    told = json.loads(line.removeprefix(b"data: "))
    assert told["names"] == [ALIAS]
    [model] = told["models"]
    assert (model["name"], model["calls"], model["failed"]) == (ALIAS, 1, 0)
    assert told["deployments"][0]["group"] == ALIAS


async def test_spend_is_there_by_key_and_model(upstream, tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    settings = config(deployment(upstream), general_settings={"database_url": url})
    async with running(settings) as gateway:
        await gateway.ask()
        async with asyncio.timeout(5):
            rows = []
            while not rows:
                await asyncio.sleep(0.01)
                rows = (await present(gateway.gateway))["spend"]
    assert [(row["key"], row["model"]) for row in rows] == [("master", ALIAS)]


async def test_tokens_count_while_their_stream_is_under_way():
    async with (
        Simulator(tokens=10_000, gap=0.001) as slow,
        running(config(deployment(slow))) as gateway,
    ):
        asking = asyncio.create_task(gateway.ask(stream=True))
        try:
            async with asyncio.timeout(10):
                made = 0
                while made < 3:
                    await asyncio.sleep(0.01)
                    state = await present(gateway.gateway)
                    made = state["models"][0]["made"] if state["models"] else 0
            assert state["deployments"][0]["in_flight"] == 1
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="there is no Chromium here")
class TestInABrowser:
    @pytest.fixture
    async def page(self, tmp_path):
        async with browsing(tmp_path / "browser") as page:
            yield page

    async def test_it_works_by_keyboard_alone_and_complains_of_nothing(
        self, page, gateway
    ):
        await page.look(gateway.url)
        focused = "document.activeElement.id"
        await page.press("Tab")
        assert await page.evaluate(focused) == "key"
        await page.type(MASTER_KEY)
        await page.press("Enter")
        await page.until("document.getElementById('state').textContent === 'live'")
        await page.until("document.getElementById('model').value !== ''")
        for _ in range(10):
            if await page.evaluate(focused) == "words":
                break
            await page.press("Tab")
        await page.type("Hello")
        await page.press("Enter")
        await page.until("document.getElementById('send').textContent === 'Send'")
        said = await page.evaluate("document.getElementById('said').textContent")
        assert len(said.split()) > 2
        await page.until("document.getElementById('calls').textContent === '1'")
        cells = "[...document.querySelectorAll('#models td')].map(c => c.textContent)"
        assert (await page.evaluate(cells))[:3] == [ALIAS, "1", "0"]
        assert not page.complaints
        assert {url.split("/")[2] for url in page.asked} == {gateway.url[7:]}

    async def test_an_answer_appears_while_it_comes_and_can_be_stopped(self, page):
        async with (
            Simulator(tokens=10_000, gap=0.01) as slow,
            running({"model_list": [deployment(slow)]}) as gateway,
        ):
            await page.look(gateway.url)
            # No key is needed here, so it has begun by itself.
            await page.until("document.getElementById('model').value !== ''")
            await page.evaluate("document.getElementById('words').focus()")
            await page.type("Hello")
            await page.press("Enter")
            length = "document.getElementById('said').textContent.length"
            await page.until(f"{length} > 10")
            await page.until("document.getElementById('flight').textContent === '1'")
            await page.evaluate("document.getElementById('send').click()")
            await page.until("document.getElementById('flight').textContent === '0'")
            # Before the gateway ends, with the stream that the page watches it by.
            assert not page.complaints

    async def test_a_wrong_key_is_said_to_be_wrong(self, page, gateway):
        await page.look(gateway.url)
        await page.evaluate("document.getElementById('key').focus()")
        await page.type("sk-wrong")
        await page.press("Enter")
        state = "document.getElementById('state').textContent"
        await page.until(f"{state}.includes('no valid API key')")

    async def test_it_fits_its_screen(self, page, gateway):
        for width in (360, 768, 1440):
            await page.look(gateway.url, width=width)
            await page.evaluate("document.getElementById('key').focus()")
            await page.type(MASTER_KEY)
            await page.press("Enter")
            await page.until("document.querySelectorAll('#deployments td').length > 1")
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width
