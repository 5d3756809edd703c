from tests.support.gateways import ALIAS, config, deployment, running
from tests.support.raw_server import Fin, RawServer, Send
from tests.support.scripts import OK
from tests.support.wire import chunk, stream_body, stream_head

LOST = [Send(stream_head() + stream_body(chunk("lost"))), Fin()]


async def test_what_is_cut_in_the_middle_is_asked_for_again():
    async with (
        RawServer(LOST, OK) as upstream,
        running(config(deployment(upstream))) as gateway,
    ):
        told = await gateway.ask(max_tokens=5000)
        used = gateway.gateway.accounts.metrics.models[ALIAS]
    assert told.json["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "ab"},
            "finish_reason": "stop",
        }
    ]
    assert told.json["usage"]["total_tokens"] == 12
    assert (used.retries, used.completion_tokens) == (1, 3)


async def test_what_stays_cut_is_an_error():
    async with RawServer(default=LOST) as upstream:
        one = config(deployment(upstream, max_retries=0))
        async with running(one) as gateway:
            told = await gateway.ask(max_tokens=5000)
    assert told.status == 502
    assert "lost" in told.error["message"] or "ended" in told.error["message"]


async def test_an_error_inside_is_an_error():
    failed = {"error": {"message": "too busy", "code": "rate_limit_exceeded"}}
    script = [Send(stream_head() + stream_body(chunk("a"), failed))]
    async with RawServer(script) as upstream:
        one = config(deployment(upstream, max_retries=0))
        async with running(one) as gateway:
            told = await gateway.ask(max_tokens=5000)
    assert (told.status, told.error["message"]) == (429, "too busy")
