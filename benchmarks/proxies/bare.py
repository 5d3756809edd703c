"""The least that a gateway can be: aiohttp.web in front, aiohttp behind, nothing between.

python benchmarks/proxies/bare.py UPSTREAM       prints its URL, then serves

In the event loop that the gateway's command takes: uvloop's where it is installed.
"""

import asyncio
import sys
from importlib.util import find_spec

import aiohttp
import anyio
from aiohttp import web

UPSTREAM_KEY = "fw_benchmark"


async def main(upstream):
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    headers = {
        "Authorization": f"Bearer {UPSTREAM_KEY}",
        "Content-Type": "application/json",
    }

    async def carry(request):
        body = await request.read()
        async with session.post(
            upstream + "/chat/completions", data=body, headers=headers
        ) as answer:
            kind = answer.headers["Content-Type"]
            if not kind.startswith("text/event-stream"):
                return web.Response(
                    body=await answer.read(), content_type="application/json"
                )
            response = web.StreamResponse(headers={"Content-Type": kind})
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", carry)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop = find_spec("uvloop") is not None
    anyio.run(main, sys.argv[1], backend_options={"use_uvloop": uvloop})
