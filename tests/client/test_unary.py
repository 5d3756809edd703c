"""One request and one whole answer: its limits, its retries, and what it leaves."""

import asyncio
import json

import pytest

from fireworks_async._client import attempts, unary
from fireworks_async._client.unary import fetch, fetch_all
from fireworks_async._protocol.requests import JSON_HEADERS, WireRequest
from fireworks_async.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    ServiceUnavailableError,
)
from tests.support.calls import KEY, failure
from tests.support.leaks import settle
from tests.support.scripted_transport import Answer, Hold, lost

HEADERS = {"content-type": "application/json", "x-request-id": "req-1"}
REQUEST = WireRequest("/embeddings", JSON_HEADERS, b"{}")


def answer(*pieces, status=200, **more):
    return Answer(list(pieces), status=status, headers=HEADERS, **more)


def ask(service, decode=json.loads, **options):
    return fetch(service, REQUEST, options, decode)


def is_left_clean(service):
    statistics = service.transport.statistics()
    return statistics.in_flight == statistics.waiting == service.transport.limits == 0


async def test_the_whole_answer_is_decoded(service_of):
    service = service_of(answer(b'{"a"', b": 1}"))
    assert await ask(service) == {"a": 1}
    assert is_left_clean(service)
    assert service.transport.responses[0].ended == "finished"


async def test_what_is_sent(service_of):
    service = service_of(answer(b"1"))
    request = WireRequest("/models", {"Accept": "a/b"}, method="GET")
    await fetch(service, request, {}, json.loads, base_url="http://127.0.0.1:1/v2")
    [call] = service.transport.calls
    assert (call.method, call.url, call.body) == (
        "GET",
        "http://127.0.0.1:1/v2/models",
        b"",
    )
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.headers["Accept"] == "a/b"


async def test_options_of_the_call(service_of):
    service = service_of(answer(status=503))
    await failure(
        ask(
            service,
            max_retries=0,
            extra_query={"a": "b"},
            extra_headers={"X-One": "1"},
        ),
        ServiceUnavailableError,
    )
    [call] = service.transport.calls
    assert call.url.endswith("/embeddings?a=b")
    assert call.headers["X-One"] == "1"


async def test_a_refusal_that_may_pass_is_repeated(service_of):
    service = service_of(answer(status=503), answer(status=429), answer(b"1"))
    assert await ask(service) == 1
    first = service.transport.times[0]
    assert [at - first for at in service.transport.times] == [0, 0.5, 1.5]
    assert is_left_clean(service)


async def test_an_answer_cut_in_the_middle_is_repeated(service_of):
    service = service_of(answer(b"[1", lost()), answer(b"[1, 2]"))
    assert await ask(service) == [1, 2]
    assert [r.ended for r in service.transport.responses] == ["closed", "finished"]
    assert is_left_clean(service)


async def test_cut_once_too_often(service_of):
    service = service_of(*(answer(b"[1", lost()) for _ in range(3)))
    await failure(ask(service), APIConnectionError)
    assert is_left_clean(service)


async def test_a_refusal_on_its_merits_is_not_repeated(service_of):
    said = json.dumps({"error": {"message": f"no {KEY}"}}).encode()
    service = service_of(answer(said, status=400))
    error = await failure(ask(service), BadRequestError)
    assert error.message == "no ***"
    assert len(service.transport.calls) == 1
    assert is_left_clean(service)


@pytest.mark.parametrize("body", [b"", b"<html>sorry</html>", b"[1", b"\xff"])
async def test_what_cannot_be_decoded_is_not_repeated(service_of, body):
    service = service_of(answer(body))
    error = await failure(ask(service), APIError)
    assert error.message.startswith("the answer (status 200) is not what")
    assert error.request_id == "req-1"
    assert error.body == (body.decode(errors="replace") or None)
    assert is_left_clean(service)


def pick(body):
    try:
        return json.loads(body)["data"]
    except KeyError:
        raise ValueError("no data") from None


@pytest.mark.parametrize(
    ("code", "kind"), [(404, NotFoundError), ("x", APIError), (None, APIError)]
)
async def test_an_error_with_the_status_of_a_success(service_of, code, kind):
    said = {"error": {"message": "no " + KEY, "code": code}}
    service = service_of(answer(json.dumps(said).encode()))
    error = await failure(ask(service, pick), kind)
    assert type(error) is kind
    assert (error.message, error.code) == ("no ***", code)
    assert error.request_id == "req-1"
    assert is_left_clean(service)


async def test_such_an_error_that_may_pass_is_repeated(service_of):
    busy = answer(b'{"error": {"message": "busy", "code": 503}}')
    service = service_of(busy, answer(b'{"data": 1}'))
    assert await ask(service, pick) == 1
    assert is_left_clean(service)


async def test_an_answer_without_end_is_left(service_of, monkeypatch):
    monkeypatch.setattr(attempts, "_LARGEST_ANSWER", 5)
    service = service_of(answer(b"[1,", b"2,", b"3,", Hold()))
    error = await failure(ask(service), APIError)
    assert error.message == "the answer is larger than 5 bytes"
    assert service.transport.responses[0].ended == "closed"
    assert is_left_clean(service)


async def test_a_silent_answer_times_out(service_of, clock):
    service = service_of(answer(b"[", Hold()), timeout=3)
    call = asyncio.ensure_future(ask(service))
    await settle()
    clock.advance(10)
    error = await failure(call, APITimeoutError)
    assert error.phase == "receive"
    assert is_left_clean(service)


@pytest.mark.parametrize("at", ["head", "body"])
async def test_a_cancelled_call_leaves_nothing(service_of, at):
    waits = answer(before=Hold()) if at == "head" else answer(b"[", Hold())
    service = service_of(waits)
    call = asyncio.ensure_future(ask(service))
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert is_left_clean(service)


class TestSeveral:
    def pairs(self, count):
        return [
            (REQUEST, lambda body, n=n: (n, json.loads(body))) for n in range(count)
        ]

    async def test_results_are_in_the_order_of_the_requests(self, service_of):
        first = Hold()
        service = service_of(answer(first, b"1"), *(answer(b"1") for _ in range(39)))
        call = asyncio.ensure_future(fetch_all(service, self.pairs(40), {}))
        await settle()
        first.release()
        assert await call == [(number, 1) for number in range(40)]
        assert is_left_clean(service)

    async def test_no_more_than_a_few_are_in_flight(self, service_of):
        held = [Hold() for _ in range(40)]
        service = service_of(*(answer(hold, b"1") for hold in held))
        call = asyncio.ensure_future(fetch_all(service, self.pairs(40), {}))
        await settle()
        assert service.transport.statistics().in_flight == unary._AT_ONCE
        for hold in held:
            hold.release()
        assert len(await call) == 40

    async def test_the_first_failure_ends_the_others(self, service_of):
        service = service_of(
            answer(Hold()), answer(status=401), *(answer(Hold()) for _ in range(14))
        )
        await failure(fetch_all(service, self.pairs(40), {}), AuthenticationError)
        assert is_left_clean(service)
        assert len(service.transport.calls) == 16

    async def test_a_cancelled_call_leaves_nothing(self, service_of):
        service = service_of(*(answer(Hold()) for _ in range(3)))
        call = asyncio.ensure_future(fetch_all(service, self.pairs(3), {}))
        await settle()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert is_left_clean(service)
