import asyncio
import json
import re

from fireworks_async.proxy._page import present
from tests.support.gateways import ALIAS, MASTER_KEY


async def test_the_page_is_shown_to_anybody_and_asks_nobody_else(gateway):
    told = await gateway.ask("/", method="GET", key=None)
    page = told.data.decode()
    assert told.headers["Content-Type"].startswith("text/html")
    assert "connect-src 'self'" in told.headers["Content-Security-Policy"]
    assert not re.search(r"https?://|src=|innerHTML|<link", page)
    # All that is typed into has a name, and every form a button: it works by keyboard.
    assert page.count("<button>") == page.count("<form")


async def test_what_fills_it_needs_a_key(gateway):
    assert (await gateway.ask("/watch", method="GET", key=None)).status == 401


async def test_it_is_told_anew_as_events(gateway):
    await gateway.ask()
    headers = {"Authorization": f"Bearer {MASTER_KEY}"}
    async with gateway.session.get(f"{gateway.url}/watch", headers=headers) as answer:
        line = await asyncio.wait_for(answer.content.readline(), 5)
    told = json.loads(line.removeprefix(b"data: "))
    assert told["names"] == [ALIAS]
    [(name, calls, failed, *_)] = told["models"]
    assert (name, calls, failed) == (ALIAS, 1, 0)
    assert told["deployments"][0][0] == ALIAS


async def test_pace_is_what_came_since_it_was_last_asked(gateway):
    before = {}
    await gateway.ask()
    await present(gateway.gateway, before, seconds=1.0)
    await gateway.ask()
    state = await present(gateway.gateway, before, seconds=2.0)
    assert state["models"][0][3] == 3.0
