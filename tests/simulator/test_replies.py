import pytest

from fireworks_async.simulator import ErrorReply, Raw, RawHTTP, Reply
from tests.support.simulated import ask, exchange, exchange_until


@pytest.mark.parametrize(
    ("body", "kind", "data"),
    [
        (b"<p>", "text/html", b"<p>"),
        ("no", "text/plain", b"no"),
        ({"detail": "no"}, "application/json", b'{"detail":"no"}'),
        (["no"], "application/json", b'["no"]'),
        (b"", "text/html", b""),
    ],
)
async def test_an_error_has_any_body(sim, body, kind, data):
    sim.script(ErrorReply(418, body, {"x-should-retry": "false"}))
    answer = await ask(sim)
    assert (answer.status, answer.data) == (418, data)
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["x-request-id"]


async def test_the_content_type_of_an_error_can_be_given(sim):
    sim.script(ErrorReply(500, b"{}", {"Content-Type": "Application/JSON"}))
    assert (await ask(sim)).headers["content-type"] == "Application/JSON"


async def test_a_raw_body_is_sent_piece_by_piece(sim):
    sim.script(Raw((b"ab", b"c"), "text/plain", status=203))
    received = await exchange_until(sim, b"0\r\n\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 203 ")
    assert b"Content-Type: text/plain" in head
    assert body == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


async def test_a_raw_body_can_end_in_the_middle(sim):
    sim.script(Raw((b"ab",), ending="close"))
    assert (await exchange(sim)).endswith(b"\r\n\r\n2\r\nab\r\n")


async def test_raw_http_is_sent_as_it_is(sim):
    sim.script(RawHTTP((b"HTP/1.1 ", b"what?")))
    assert await exchange(sim) == b"HTP/1.1 what?"
    assert sim.requests[0].status is None


@pytest.mark.parametrize("ending", ["eof", "leave", "close"])
async def test_raw_http_ends_with_its_connection(sim, ending):
    sim.script(RawHTTP((b"x",), ending=ending))
    assert await exchange(sim) == b"x"


async def test_raw_http_can_be_nothing_and_a_reset(sim):
    sim.script(RawHTTP(), RawHTTP(ending="reset"))
    assert await exchange(sim) == b""
    with pytest.raises(ConnectionResetError):
        await exchange(sim)


async def test_a_reply_decides_whether_it_is_streamed(sim):
    sim.script(Reply(stream=False), Reply(stream=True))
    assert (await ask(sim, stream=True)).json["object"] == "chat.completion"
    assert (await ask(sim)).chunks


async def test_the_words_of_a_reply_come_first(sim):
    sim.script(Reply("What to say.", reasoning="Hm."))
    message = (await ask(sim)).json["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("What to say.", "Hm.")
