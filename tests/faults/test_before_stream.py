"""Refusals, and when they are tried again (F10 to F14)."""

import asyncio
import email.utils
import time

import pytest

from fireworks_async.errors import (
    AccountSuspendedError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    RequestTooLargeError,
    ServiceUnavailableError,
    TooEarlyError,
    UnprocessableEntityError,
)
from tests.support.calls import failure, text
from tests.support.raw_server import RawServer
from tests.support.scripts import OK, refused
from tests.support.wire import (
    USAGE,
)

NOW = {"retry-after-ms": "0"}


async def test_twin_an_answer_without_fault_needs_one_attempt(ask, client_to):
    async with RawServer(OK) as server:
        completion = await ask(client_to(server, max_retries=2))
        assert text(completion) == "ab"
        assert completion.usage.completion_tokens == USAGE["completion_tokens"]
        assert len(server.log) == 1
        assert server.log[0].json["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
@pytest.mark.usefixtures("no_jitter")
async def test_f10_a_passing_refusal_is_tried_again(ask, client_to, status):
    async with RawServer(refused(status), refused(status), OK) as server:
        assert text(await ask(client_to(server, max_retries=2))) == "ab"
        assert len({request.body for request in server.log}) == 1
        # The answers were read to their ends, so that one connection serves them all.
        assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (408, RequestTimeoutError),
        (409, ConflictError),
        (425, TooEarlyError),
        (429, RateLimitError),
        (500, InternalServerError),
        (502, InternalServerError),
        (503, ServiceUnavailableError),
        (504, InternalServerError),
    ],
)
@pytest.mark.usefixtures("no_jitter")
async def test_f10_a_refusal_that_stays_is_raised(ask, client_to, status, kind):
    async with RawServer(default=refused(status, {"x-request-id": "r1"})) as server:
        error = await failure(ask(client_to(server, max_retries=2)), kind)
        assert (error.status_code, error.code, error.request_id) == (status, "NO", "r1")
        assert len(server.log) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after-ms": "200"},
        {"retry-after": "0.2"},
        {"Retry-After": "0.2", "Retry-After-Ms": "nonsense"},
    ],
)
@pytest.mark.usefixtures("no_jitter")
async def test_f10_the_wait_that_is_asked_for_is_a_floor(ask, client_to, headers):
    async with RawServer(refused(429, headers), OK) as server:
        await ask(client_to(server, max_retries=1))
        first, second = server.log
        assert 0.2 <= second.arrived_at - first.arrived_at < 1.2


async def test_f10_jitter_comes_on_top_of_the_wait(ask, client_to, monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.4)
    async with RawServer(refused(429, {"retry-after-ms": "100"}), OK) as server:
        await ask(client_to(server, max_retries=1))
        first, second = server.log
        assert 0.3 <= second.arrived_at - first.arrived_at < 1.3


async def test_f10_waits_differ_from_call_to_call(ask, client_to):
    async with RawServer(*[refused(503)] * 8, default=OK) as server:
        client = client_to(server, max_retries=1)
        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(ask(client) for _ in range(8)))
        waits = [request.arrived_at - started for request in server.log[8:]]
        assert max(waits) < 1.5
        assert max(waits) - min(waits) > 0.01


@pytest.mark.parametrize(
    "wait",
    ["-5", "nan", "inf", "-inf", "soon", "", "1e999", "Fri, 01 Jan 2010 00:00:00 GMT"],
)
@pytest.mark.usefixtures("no_jitter")
async def test_f10_a_wait_that_is_none_is_ignored(ask, client_to, wait):
    async with RawServer(refused(503, {"retry-after": wait}), OK) as server:
        await ask(client_to(server, max_retries=1))
        first, second = server.log
        assert second.arrived_at - first.arrived_at < 1


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        ({"retry-after": "61"}, 61),
        ({"retry-after": "1e9"}, 1e9),
        ({"retry-after-ms": "1209600000"}, 1_209_600),
    ],
)
async def test_f11_a_long_wait_is_left_to_the_caller(ask, client_to, wait, seconds):
    async with RawServer(refused(429, wait)) as server:
        error = await failure(ask(client_to(server, max_retries=2)), RateLimitError)
        assert error.retry_after == seconds
        assert len(server.log) == 1


async def test_f11_a_date_far_off_is_left_to_the_caller(ask, client_to):
    date = email.utils.formatdate(time.time() + 3600, usegmt=True)
    async with RawServer(refused(503, {"retry-after": date})) as server:
        client = client_to(server, max_retries=2)
        error = await failure(ask(client), ServiceUnavailableError)
        assert 3590 < error.retry_after <= 3600
        assert len(server.log) == 1


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (429, {"code": "insufficient_quota"}, RateLimitError),
        (429, {"type": "insufficient_quota"}, RateLimitError),
        (402, {"code": "PAYMENT_REQUIRED"}, PaymentRequiredError),
        (412, {"message": "Account X is suspended"}, AccountSuspendedError),
    ],
)
async def test_f12_what_is_a_matter_of_money_is_not_tried_again(
    ask, client_to, status, error, kind
):
    async with RawServer(refused(status, NOW, {"error": error})) as server:
        await failure(ask(client_to(server, max_retries=2)), kind)
        assert len(server.log) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, APIStatusError),
        (413, RequestTooLargeError),
        (422, UnprocessableEntityError),
        (501, InternalServerError),
    ],
)
async def test_f13_a_final_refusal_is_not_tried_again(ask, client_to, status, kind):
    async with RawServer(refused(status, NOW)) as server:
        error = await failure(ask(client_to(server, max_retries=2)), kind)
        assert error.status_code == status
        assert len(server.log) == 1


@pytest.mark.parametrize(
    ("status", "wish", "attempts"), [(400, "true", 2), (503, "false", 1)]
)
@pytest.mark.usefixtures("no_jitter")
async def test_f13_the_servers_own_word_on_retrying_counts(
    ask, client_to, status, wish, attempts
):
    script = refused(status, {"x-should-retry": wish})
    async with RawServer(default=script) as server:
        await failure_of_any(ask(client_to(server, max_retries=1)), status)
        assert len(server.log) == attempts


async def failure_of_any(call, status):
    with pytest.raises(APIStatusError) as caught:
        await call
    assert caught.value.status_code == status


@pytest.mark.usefixtures("no_jitter", "stillness")
async def test_f14_retries_are_a_bounded_share_of_a_load_that_fails(ask, client_to):
    calls = 600
    async with RawServer(default=refused(503)) as server:
        client = client_to(server, max_retries=2, max_concurrency=50)
        await asyncio.gather(
            *(failure(ask(client), ServiceUnavailableError) for _ in range(calls))
        )
        assert calls < len(server.log) <= calls + 500


@pytest.mark.usefixtures("no_jitter", "stillness")
async def test_f14_the_budget_fills_again_when_calls_succeed(ask, client_to):
    async with RawServer(default=refused(503)) as server:
        client = client_to(server, max_retries=2, max_concurrency=50)
        empty = [failure(ask(client), ServiceUnavailableError) for _ in range(300)]
        await asyncio.gather(*empty)
        spent = len(server.log)
        server.play(*[OK] * 12)
        for _ in range(12):
            await ask(client)
        await failure(ask(client), ServiceUnavailableError)
        # Twelve successes pay for two retries, and a bit.
        assert len(server.log) == spent + 12 + 3
