"""One call's way to an answer: what is sent, what is repeated, and within what."""

import asyncio
import gzip
import json
import re

import pytest

from fireworks_async import __version__
from fireworks_async._client.attempts import merged_headers, without
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._policy.retry import RetryBudget
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.requests import WireRequest
from fireworks_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    InternalServerError,
    RateLimitError,
    ServiceUnavailableError,
    StreamStateError,
)
from tests.support.calls import KEY
from tests.support.leaks import settle
from tests.support.scripted_transport import Answer, Hold, lost, ok

REQUEST = WireRequest("/chat/completions", {"Content-Type": "a/b"}, b"{}")


def refusal(status, error=None, **headers):
    body = b"" if error is None else json.dumps({"error": error}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer([body], status=status, headers=named)


def prepare(service, **options):
    return service.attempts(REQUEST, options, StreamTimings())


async def opened(service, **options):
    """An answer, and the attempts that led to it."""
    attempts = prepare(service, **options)
    response = await attempts.open()
    attempts.close(succeeded=True)
    return response, attempts


async def sent_by(service, **options):
    """The one request of a call."""
    response, _ = await opened(service, **options)
    response.close()
    (call,) = service.transport.calls
    return call


async def refused(service, kind=APIStatusError, **options):
    attempts = prepare(service, **options)
    with pytest.raises(kind) as caught:
        await attempts.open()
    attempts.close(succeeded=False)
    statistics = service.transport.statistics()
    assert (statistics.in_flight, statistics.waiting) == (0, 0)
    assert service.transport.limits == 0
    return caught.value


class TestWhatIsSent:
    async def test_method_url_headers_and_body(self, service_of):
        call = await sent_by(service_of(ok()))
        assert (call.method, call.body) == ("POST", b"{}")
        assert call.url == "http://127.0.0.1/v1/chat/completions"
        assert call.headers == {
            "User-Agent": f"fireworks-async/{__version__}",
            "Accept-Encoding": "gzip, deflate",
            "Content-Type": "a/b",
            "Authorization": f"Bearer {KEY}",
        }

    async def test_nothing_before_it_is_opened(self, service_of):
        service = service_of()
        prepare(service, timeout=5, max_retries=1)
        await settle()
        assert service.transport.calls == []
        assert service.transport.limits == 0

    async def test_the_same_body_with_every_attempt(self, service_of):
        service = service_of(refusal(503), Answer(before=lost()), ok())
        response, attempts = await opened(service)
        first, *others = service.transport.calls
        assert len(others) == 2
        assert all(other.body is first.body is REQUEST.body for other in others)
        assert attempts.retries_taken == 2
        response.close()

    async def test_extra_query(self, service_of):
        call = await sent_by(service_of(ok()), extra_query={"a b": "c&d", "e": "ü"})
        assert call.url.endswith("/v1/chat/completions?a+b=c%26d&e=%C3%BC")

    async def test_a_name_may_come_several_times_in_a_query(self, service_of):
        call = await sent_by(service_of(ok()), extra_query={"a": ["1", "2"], "b": []})
        assert call.url.endswith("/v1/chat/completions?a=1&a=2")

    @pytest.mark.parametrize("nothing", [None, {}])
    async def test_no_extras(self, service_of, nothing):
        call = await sent_by(
            service_of(ok()), extra_query=nothing, extra_headers=nothing
        )
        assert call.url.endswith("/chat/completions")
        assert len(call.headers) == 4

    async def test_headers_win_the_nearer_they_are_to_the_call(self, service_of):
        service = service_of(
            ok(), default_headers={"user-AGENT": "mine", "X-A": "1", "X-B": "1"}
        )
        call = await sent_by(service, extra_headers={"x-a": "2", "CONTENT-type": "c/d"})
        assert call.headers == {
            "user-AGENT": "mine",
            "Accept-Encoding": "gzip, deflate",
            "X-B": "1",
            "x-a": "2",
            "CONTENT-type": "c/d",
            "Authorization": f"Bearer {KEY}",
        }

    async def test_the_callers_authorization_wins(self, service_of):
        service = service_of(ok(), default_headers={"authorization": "Basic x"})
        call = await sent_by(service)
        assert call.headers["authorization"] == "Basic x"
        assert "Authorization" not in call.headers


class TestKeysFromACallable:
    async def test_are_asked_for_with_each_attempt(self, service_of):
        keys = iter(["fw_one", "fw_two", "fw_three"])

        async def give():
            return next(keys)

        service = service_of(refusal(503), refusal(503), ok(), api_key=give)
        response, _ = await opened(service)
        response.close()
        assert [call.headers["Authorization"] for call in service.transport.calls] == [
            "Bearer fw_one",
            "Bearer fw_two",
            "Bearer fw_three",
        ]

    @pytest.mark.parametrize("key", ["", "fw_CANARY\n", 5, None])
    async def test_that_cannot_be_sent_are_refused_and_not_shown(self, service_of, key):
        async def give():
            return key

        service = service_of(api_key=give)
        error = await refused(service, ConfigurationError)
        assert "what the api_key callable gave" in str(error)
        assert "CANARY" not in repr(error)
        assert service.transport.calls == []

    async def test_that_is_not_async_is_refused(self, service_of):
        service = service_of(api_key=lambda: "fw_CANARY")
        error = await refused(service, ConfigurationError)
        assert "the callable is not async" in str(error)
        assert "CANARY" not in repr(error)

    async def test_that_fails_fails_the_call(self, service_of):
        async def give():
            raise LookupError("no key today")

        await refused(service_of(api_key=give), LookupError)

    async def test_that_hangs_is_ended_by_the_total(self, service_of, clock):
        clock.jumps = False
        hold = Hold()

        async def give():
            await hold.wait()

        service = service_of(api_key=give)
        task = asyncio.create_task(
            refused(service, APITimeoutError, timeout=Timeout(total=3))
        )
        await settle()
        clock.advance(4)
        assert (await task).phase == "total"


class TestRepeating:
    @pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
    async def test_statuses_that_may_pass(self, service_of, status):
        service = service_of(refusal(status), refusal(status), ok())
        response, attempts = await opened(service)
        assert (response.status, attempts.retries_taken) == (200, 2)
        response.close()

    @pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 412, 413, 422])
    async def test_statuses_that_will_not(self, service_of, status):
        service = service_of(refusal(status))
        error = await refused(service)
        assert error.status_code == status
        assert len(service.transport.calls) == 1

    async def test_a_connection_that_failed(self, service_of):
        service = service_of(Answer(before=lost()), ok())
        response, attempts = await opened(service)
        assert attempts.retries_taken == 1
        response.close()

    async def test_the_last_error_is_raised(self, service_of):
        service = service_of(refusal(503), refusal(429), refusal(500))
        assert type(await refused(service)) is InternalServerError
        assert len(service.transport.calls) == 3

    @pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (5, 6)])
    async def test_as_often_as_the_call_says(self, service_of, retries, attempts):
        service = service_of(*[refusal(503)] * attempts)
        await refused(service, ServiceUnavailableError, max_retries=retries)
        assert len(service.transport.calls) == attempts

    async def test_as_often_as_the_client_says(self, service_of):
        service = service_of(*[refusal(503)] * 4, max_retries=3)
        await refused(service)
        assert len(service.transport.calls) == 4

    async def test_the_server_has_the_last_word(self, service_of):
        service = service_of(refusal(503, x_should_retry="false"))
        await refused(service)
        service = service_of(refusal(400, x_should_retry="true"), ok())
        response, _ = await opened(service)
        response.close()

    async def test_other_errors_are_not(self, service_of):
        service = service_of(Answer(before=ClientClosedError("closed")))
        await refused(service, ClientClosedError)
        assert len(service.transport.calls) == 1


class TestWaiting:
    async def test_doubles_from_half_a_second_with_full_jitter(
        self, service_of, clock, dice
    ):
        dice[:] = [1.0, 0.5, 0.0, 1.0]
        service = service_of(*[refusal(503)] * 5, max_retries=4)
        await refused(service)
        assert clock.slept == [0.5, 0.5, 0.0, 4.0]

    async def test_what_the_api_asks_for_is_a_floor(self, service_of, clock, dice):
        dice[:] = [0.5]
        service = service_of(refusal(429, retry_after="7"), ok())
        response, _ = await opened(service)
        response.close()
        assert clock.slept == [7.25]

    async def test_a_date_is_compared_with_the_time_of_day(self, service_of, clock):
        # The manual clock begins at 1780001000 seconds, 2026-05-28 20:43:20.
        date = "Thu, 28 May 2026 20:43:30 GMT"
        service = service_of(refusal(429, retry_after=date), ok())
        response, _ = await opened(service)
        response.close()
        assert clock.slept == [10.5]

    async def test_of_more_than_a_minute_is_left_to_the_caller(self, service_of, clock):
        service = service_of(refusal(429, retry_after="61"))
        error = await refused(service, RateLimitError)
        assert (error.retry_after, clock.slept) == (61, [])

    async def test_holds_no_place(self, service_of, clock):
        clock.jumps = False
        service = service_of(refusal(503), ok(), ok(), limit=1)
        first = asyncio.create_task(opened(service))
        await settle()
        assert len(clock.slept) == 1
        second, _ = await opened(service)
        second.close()
        clock.advance(1)
        response, _ = await first
        response.close()

    async def test_ends_at_once_when_cancelled(self, service_of, clock):
        clock.jumps = False
        service = service_of(refusal(503))
        task = asyncio.create_task(opened(service))
        await settle()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    async def test_ends_at_once_when_aborted(self, service_of, clock):
        clock.jumps = False
        service = service_of(refusal(503))
        attempts = prepare(service)
        task = asyncio.create_task(attempts.open())
        await settle()
        attempts.abort(StreamStateError("closed"))
        with pytest.raises(StreamStateError):
            await task
        attempts.close(succeeded=False)


def test_aborting_before_anything_means_nothing(service_of):
    attempts = prepare(service_of())
    attempts.abort(StreamStateError("closed"))
    attempts.close(succeeded=False)


class TestTheBudget:
    async def test_is_shared_by_all_calls(self, service_of):
        service = service_of(*[refusal(503)] * 100, budget=RetryBudget(capacity=3))
        for _ in range(10):
            await refused(service, ServiceUnavailableError)
        assert len(service.transport.calls) == 13

    async def test_is_paid_into_by_success(self, service_of):
        budget = RetryBudget(capacity=2)
        service = service_of(refusal(503), ok(), ok(), budget=budget)
        response, _ = await opened(service)
        response.close()
        assert budget.balance == 2
        budget.try_spend()
        response, _ = await opened(service)
        response.close()
        assert budget.balance == pytest.approx(1.2)

    async def test_is_not_paid_into_by_failure(self, service_of):
        budget = RetryBudget(capacity=2)
        await refused(service_of(*[refusal(503)] * 3, budget=budget))
        assert budget.balance == 0

    async def test_is_not_touched_by_what_is_not_repeated(self, service_of):
        budget = RetryBudget(capacity=2)
        await refused(service_of(refusal(400), budget=budget))
        await refused(service_of(refusal(503), budget=budget), max_retries=0)
        assert budget.balance == 2


class TestTotal:
    async def test_spans_attempts_and_waits(self, service_of, clock):
        clock.jumps = False
        slow = Answer(status=503, before=Hold())
        service = service_of(slow, refusal(503), refusal(503))
        task = asyncio.create_task(
            refused(service, APITimeoutError, timeout=Timeout(receive=9, total=5))
        )
        await settle()
        clock.advance(4.4)
        slow.before.release()
        await settle()
        assert clock.slept == [0.5]
        clock.advance(0.5)
        await settle()
        assert len(clock.slept) == 2
        clock.advance(0.2)
        error = await task
        assert error.phase == "total"
        assert len(service.transport.calls) == 2

    async def test_counts_the_wait_for_a_place(self, service_of, clock):
        clock.jumps = False
        service = service_of(ok(), limit=1)
        response, _ = await opened(service)
        attempts = prepare(service, timeout=Timeout(total=5))
        task = asyncio.create_task(attempts.open())
        await settle()
        clock.advance(5.1)
        with pytest.raises(APITimeoutError) as caught:
            await task
        assert caught.value.phase == "total"
        attempts.close(succeeded=False)
        response.close()

    async def test_of_the_client_holds_where_the_call_says_nothing(
        self, service_of, clock
    ):
        clock.jumps = False
        service = service_of(Answer(before=Hold()), timeout=Timeout(receive=2))
        task = asyncio.create_task(refused(service, APITimeoutError))
        await settle()
        clock.advance(2.1)
        assert (await task).phase == "receive"

    async def test_a_receive_timeout_is_not_repeated_and_a_connect_timeout_is(
        self, service_of
    ):
        def silence(phase):
            return Answer(before=APITimeoutError("late", phase=phase))

        for phase in ("pool", "receive", "total"):
            service = service_of(silence(phase))
            assert (await refused(service, APITimeoutError)).phase == phase
        service = service_of(silence("connect"), ok())
        response, attempts = await opened(service)
        assert attempts.retries_taken == 1
        response.close()


async def test_marks(service_of, clock):
    service = service_of(refusal(503), ok())
    timings = StreamTimings()
    attempts = service.attempts(REQUEST, {}, timings)
    (await attempts.open()).close()
    attempts.close(succeeded=False)
    assert timings.queued_at == 1_000
    assert timings.sent_at == timings.headers_at == 1_000.5
    assert timings.queue_time == 0.5


class TestRefusals:
    async def test_say_what_the_api_said(self, service_of):
        answer = refusal(
            400, {"message": "Bad", "code": "c"}, x_request_id="req-1", x_a="b"
        )
        service = service_of(answer)
        error = await refused(service, BadRequestError)
        assert (error.message, error.code, error.request_id) == ("Bad", "c", "req-1")
        assert error.headers == answer.headers
        assert error.body == {"error": {"message": "Bad", "code": "c"}}
        assert service.transport.responses[0].ended == "finished"

    async def test_of_any_size_are_read_up_to_64_kib(self, service_of):
        service = service_of(Answer([b"x" * 10_000] * 1_000, status=400))
        error = await refused(service, BadRequestError)
        assert len(error.body) <= 64 * 1024
        (response,) = service.transport.responses
        assert response.reads == 7
        assert response.ended == "closed"

    async def test_that_are_cut_keep_their_status(self, service_of):
        body = b'{"error": {"message": "Bad"'
        service = service_of(Answer([body, lost()], status=400))
        error = await refused(service, BadRequestError)
        assert error.body == body.decode()
        assert service.transport.responses[0].ended == "closed"

    async def test_that_stall_keep_their_status(self, service_of, clock):
        clock.jumps = False
        service = service_of(Answer([b'"part"', Hold()], status=400))
        task = asyncio.create_task(refused(service, BadRequestError))
        await settle()
        clock.advance(5.1)
        assert (await task).body == "part"
        assert service.transport.responses[0].ended == "closed"

    async def test_that_stall_are_not_waited_for_beyond_the_calls_limits(
        self, service_of, clock
    ):
        clock.jumps = False
        for limits in (Timeout(receive=1), Timeout(total=1)):
            service = service_of(Answer([b'"part"', Hold()], status=400))
            task = asyncio.create_task(
                refused(service, BadRequestError, timeout=limits)
            )
            await settle()
            clock.advance(1.1)
            assert (await task).status_code == 400

    async def test_cancelled_as_they_are_read_give_all_back(self, service_of):
        service = service_of(Answer([b"part", Hold()], status=400))
        attempts = prepare(service)
        task = asyncio.create_task(attempts.open())
        await settle()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert service.transport.responses[0].ended == "closed"
        assert service.transport.statistics().in_flight == 0
        attempts.close(succeeded=False)
        assert service.transport.limits == 0

    async def test_without_any_body(self, service_of):
        error = await refused(service_of(refusal(401)), AuthenticationError)
        assert error.body is None

    async def test_that_are_no_text_at_all(self, service_of):
        body = gzip.compress(b"x" * 100)
        error = await refused(service_of(Answer([body], status=400)))
        assert isinstance(error.body, str)


class TestTheKeyInAnAnswer:
    async def test_is_blotted_out(self, service_of):
        echo = {"message": f"no such key {KEY}", "code": KEY, "param": [KEY]}
        service = service_of(refusal(401, echo, x_a=f"Bearer {KEY}"))
        attempts = prepare(service)
        with pytest.raises(AuthenticationError) as caught:
            await attempts.open()
        attempts.close(succeeded=False)
        error = attempts.redacted(caught.value)
        assert KEY not in repr(vars(error)) + str(error) + repr(error.args)
        assert error.message.startswith("no such key ***")
        assert error.headers == {"x-a": "Bearer ***"}

    async def test_is_that_of_the_call_and_not_of_a_later_one(self, service_of):
        keys = iter([f"{KEY}_1", f"{KEY}_2"])

        async def give():
            return next(keys)

        service = service_of(refusal(401), refusal(401), api_key=give)
        calls = [prepare(service), prepare(service)]
        for attempts in calls:
            with pytest.raises(AuthenticationError):
                await attempts.open()
            attempts.close(succeeded=False)
        for number, attempts in enumerate(calls, start=1):
            error = attempts.redacted(APIConnectionError(f"no {KEY}_{number}"))
            assert error.message == "no ***"

    @pytest.mark.parametrize("name", ["authorization", "AUTHORIZATION"])
    async def test_may_be_the_callers_own(self, service_of, name):
        service = service_of(
            refusal(401, {"message": "no own_CANARY"}),
            default_headers={name: "Bearer own_CANARY"},
        )
        attempts = prepare(service)
        with pytest.raises(AuthenticationError) as caught:
            await attempts.open()
        attempts.close(succeeded=False)
        assert "CANARY" not in str(attempts.redacted(caught.value))

    @pytest.mark.parametrize(
        ("key", "said", "left"),
        [
            ("x", "Extra x: 'x'", "Extra ***: '***'"),
            ("fw_1", "Bearer fw_1, keyfw_1", "Bearer ***, keyfw_1"),
            ("a.b*c", "a.b*c aabbc", "*** aabbc"),
            ("fw_123", "keyfw_123s", "key***s"),
        ],
    )
    async def test_is_a_word_when_it_is_short(self, service_of, key, said, left):
        service = service_of(refusal(400, {"message": said}), api_key=key)
        attempts = prepare(service)
        with pytest.raises(BadRequestError) as caught:
            await attempts.open()
        attempts.close(succeeded=False)
        assert attempts.redacted(caught.value).message == left

    async def test_before_any_key_was_sent_nothing_is_changed(self, service_of):
        error = APIConnectionError("a text")
        assert prepare(service_of()).redacted(error) is error
        assert error.message == "a text"

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("a key b", "a *** b"),
            ({"key": ["key", {"a": "key"}]}, {"***": ["***", {"a": "***"}]}),
            (("key", 5, None), ("***", 5, None)),
            (5.0, 5.0),
        ],
    )
    def test_however_deep_it_stands(self, value, expected):
        assert without(re.compile("key"), value) == expected


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({}, {}, {}),
        ({"A": "1"}, {"B": "2"}, {"A": "1", "B": "2"}),
        ({"A": "1", "B": "1"}, {"a": "2"}, {"B": "1", "a": "2"}),
        ({"A": "1"}, {"A": "2"}, {"A": "2"}),
    ],
)
def test_merged_headers(base, over, merged):
    before = dict(base), dict(over)
    assert merged_headers(base, over) == merged
    assert (base, over) == before
