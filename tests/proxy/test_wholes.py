import pytest

from tests.support.gateways import config, deployment, running
from tests.support.raw_server import RawServer, Send
from tests.support.wire import head, json_response


async def told_of(answer):
    async with (
        RawServer([Send(answer)]) as upstream,
        running(config(deployment(upstream))) as gateway,
    ):
        told = await gateway.ask()
        numbers = gateway.gateway.accounts.metrics
    return told, numbers


async def test_f63_all_but_the_name_of_the_model_keeps_its_bytes():
    sent = b'{"z":1e0, "model":"m","x":"\\u00e9","usage":null}'
    told, _ = await told_of(json_response(200, sent))
    assert (
        told.data == b'{"z":1e0,"model":"fireworks-llama","x":"\\u00e9","usage":null}'
    )


@pytest.mark.parametrize("sent", [b'{"choices":[', b"", b"[1]", b"\xff"])
async def test_what_cannot_be_read_passes_as_it_came(sent):
    told, numbers = await told_of(json_response(200, sent))
    assert (told.status, told.data) == (200, sent)
    assert numbers.models["fireworks-llama"].unreported == 1


async def test_what_is_no_json_keeps_its_kind():
    headers = {"content-type": "text/vtt", "content-length": "6"}
    told, _ = await told_of(head(200, headers) + b"WEBVTT")
    assert told.headers["Content-Type"] == "text/vtt"
    assert told.data == b"WEBVTT"
