"""Does the gateway stay as it is, and its ledger true, through faults, leavers and reloads?

Run ``python benchmarks/soak_proxy.py [--requests N] [--seed S]``; 200,000 requests are
the measure, and a small run of it is among the slow tests. The upstream draws a fate for
each request (a whole answer, a refusal, a cut, silence) and counts the tokens that it
has reported. Some callers leave in the middle; those ask for another model, whose count
cannot be known to the token on both sides.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import sys
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiohttp
from aiohttp import web

from fireworks_async._web.server import WebServer
from fireworks_async.proxy import create_app
from fireworks_async.proxy._app import GATEWAY
from fireworks_async.proxy._config import settings_of
from fireworks_async.proxy._database import open_database
from fireworks_async.proxy._ledger import read_totals

KEY = "sk-soak-0123456789"
AT_ONCE = 50
KEPT, LEFT = "kept", "left"


@dataclass
class Upstream:
    """An API with a fate for every request."""

    dice: random.Random
    reported: dict[str, int] = field(default_factory=lambda: {KEPT: 0, LEFT: 0})

    async def answer(self, request):
        body = await request.json()
        fate = self.dice.random()
        if fate < 0.05:
            status = self.dice.choice((429, 500, 503))
            wait = {"retry-after-ms": "1"}
            return web.json_response({"error": "no"}, status=status, headers=wait)
        if fate < 0.08:
            request.transport.close()
            return web.Response()
        tokens = self.dice.randrange(1, 30)
        usage = {
            "prompt_tokens": 7,
            "completion_tokens": tokens,
            "total_tokens": 7 + tokens,
        }
        if not body.get("stream"):
            self.reported[body["model"].rpartition("/")[2]] += 7 + tokens
            choice = {"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}
            return web.json_response(
                {"model": body["model"], "choices": [choice], "usage": usage}
            )
        try:
            return await self._stream(
                request, body["model"], tokens, usage, cut=fate < 0.14
            )
        except ConnectionError:
            # The gateway left, because its caller did.
            return web.Response()

    async def _stream(self, request, model, tokens, usage, *, cut):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(tokens):
            await response.write(_event(model, {"content": f"{number} "}))
            if cut and number >= tokens // 2:
                request.transport.close()
                return response
            if number % 8 == 0:
                await asyncio.sleep(0)
        last = json.dumps({"model": model, "choices": [], "usage": usage})
        await response.write(
            _event(model, {}, "stop") + f"data: {last}\n\ndata: [DONE]\n\n".encode()
        )
        self.reported[model.rpartition("/")[2]] += usage["total_tokens"]
        await response.write_eof()
        return response


def _event(model, delta, finish_reason=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return f"data: {json.dumps({'model': model, 'choices': [choice]})}\n\n".encode()


def _config(base_url, database):
    def entry(name):
        model = f"accounts/soak/models/{name}"
        return {
            "model_name": name,
            "litellm_params": {"model": model, "api_key": "fw_x", "api_base": base_url},
        }

    return {
        "model_list": [entry(KEPT), entry(LEFT)],
        "general_settings": {
            "master_key": KEY,
            "database_url": f"sqlite:///{database}",
        },
        "router_settings": {"num_retries": 3},
    }


async def _call(session, url, dice, seen):
    leaves = dice.random() < 0.1
    body = {
        "model": LEFT if leaves else KEPT,
        "stream": dice.random() < 0.7,
        "messages": [{"role": "user", "content": "soak"}],
    }
    headers = {"Authorization": f"Bearer {KEY}"}
    asking = session.post(f"{url}/v1/chat/completions", json=body, headers=headers)
    try:
        async with asyncio.timeout(dice.random() * 0.02 if leaves else 60):
            async with asking as answer:
                seen[answer.status] = seen.get(answer.status, 0) + 1
                await answer.read()
    except aiohttp.ClientError:
        seen["cut"] = seen.get("cut", 0) + 1
    except TimeoutError:
        if not leaves:
            raise
        seen["left"] = seen.get("left", 0) + 1


def _memory():
    gc.collect()
    statm = Path("/proc/self/statm").read_text().split()
    return int(statm[1]) * os.sysconf("SC_PAGE_SIZE")


def _descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def soak(requests, seed, directory):
    """Run it; what was found."""
    dice = random.Random(seed)
    upstream = Upstream(random.Random(seed + 1))
    api = web.Application()
    api.router.add_post("/v1/chat/completions", upstream.answer)
    served = WebServer(api)
    await served.start()
    database = Path(directory) / "soak.db"
    config = _config(f"{served.url}/v1", database)
    app = create_app(config)
    server = WebServer(app)
    await server.start()
    gateway = app[GATEWAY]
    seen, memory, turns = {}, 0, []
    descriptors = tasks = 0
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=AT_ONCE)
    ) as session:
        left = requests
        while left > 0:
            calls = min(left, 20 * AT_ONCE)
            await _many(session, server.url, dice, seen, calls)
            left -= calls
            gateway.reload(settings_of(config))
            if not memory:
                # After the first turn everything has been loaded and made once.
                memory, descriptors = _memory(), _descriptors()
            turns.append(_memory() / 1e6)
        await _quiet(gateway)
        tasks = len(gateway.sweeper.relays)
        grown = _memory() - memory
        more = _descriptors() - descriptors
        pool = gateway.gauges().pool
    await server.stop()
    await served.stop()
    ledger = await asyncio.to_thread(_spent, database)
    return {
        "requests": requests,
        "seen": {str(name): count for name, count in sorted(seen.items(), key=str)},
        "grown_mb": grown / 1e6,
        "memory_mb": [round(each, 1) for each in turns[:: max(1, len(turns) // 10)]],
        "more_descriptors": more,
        "relays_left": tasks,
        "in_flight": pool["in_flight"],
        "reported": upstream.reported,
        "ledger": ledger,
    }


async def _many(session, url, dice, seen, calls):
    waiting = iter(range(calls))

    async def work():
        for _ in waiting:
            await _call(session, url, dice, seen)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def _quiet(gateway):
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            while gateway.gauges().pool["in_flight"]:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)


def _spent(database):
    with closing(open_database(database)) as connection:
        return {
            each.model: each.prompt_tokens + each.completion_tokens
            for each in read_totals(connection)
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = asyncio.run(soak(arguments.requests, arguments.seed, directory))
    print(json.dumps(found, indent=1))
    is_true = found["ledger"].get(KEPT) == found["reported"][KEPT]
    return 0 if is_true and not found["in_flight"] and not found["relays_left"] else 1


if __name__ == "__main__":
    sys.exit(main())
