"""An observer is told of a call when it begins and when it ends: once, however it ends."""

import asyncio
import gc
import logging
import random

import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.errors import (
    APIConnectionError,
    BadRequestError,
    ClientClosedError,
    ServiceUnavailableError,
    StreamStateError,
    StreamTruncatedError,
)
from tests.support.calls import KEY, MESSAGES
from tests.support.cuts import Cut
from tests.support.leaks import settle
from tests.support.raw_server import Fin, Hang, Pause, RawServer, Send
from tests.support.sounds import wav
from tests.support.wire import (
    answer,
    chunk,
    head,
    json_response,
    stream_body,
    stream_head,
    stream_response,
)

OK = [Send(stream_response(*answer("a", "b")))]
OPEN = [Send(stream_head() + stream_body(chunk("a"))), Hang()]
CUT = [Send(stream_head() + stream_body(chunk("a"))), Fin()]
BUSY = [Send(json_response(503, {"error": {"message": f"no, {KEY}"}}))]
NO = [Send(json_response(400, {"error": {"message": "no"}}))]
SLOWLY = [
    *(Send(stream_head()), Pause(0.0005), Send(stream_body(chunk("a"))), Pause(0.0005)),
    Send(stream_body(*answer("b")) + b"0\r\n\r\n"),
]


class Watching:
    """Observes, and remembers what it was told, in order."""

    def __init__(self, headers=None):
        self.headers = headers or {}
        self.told = []

    def begun(self, call):
        self.told.append(call)
        return self

    def repeated(self, error):
        self.told.append(error)

    def ended(self, outcome):
        self.told.append(outcome)

    @property
    def call(self):
        return self.told[0]

    @property
    def outcome(self):
        """How the one call ended that began."""
        _, *errors, outcome = self.told
        assert all(isinstance(each, Exception) for each in errors)
        return outcome


class Failing:
    """An observer that is broken in one place."""

    def __init__(self, broken):
        self._broken = broken

    @property
    def headers(self):
        return self._answer("headers")

    def begun(self, call):
        return self._answer("begun") or self

    def repeated(self, error):
        self._answer("repeated")

    def ended(self, outcome):
        self._answer("ended")

    def _answer(self, name):
        return {} if name != self._broken else 1 / 0


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.0)


@pytest.fixture
def watching():
    return Watching()


@pytest.fixture
async def server():
    async with RawServer() as server:
        yield server


@pytest.fixture
async def client(server, watching):
    async with AsyncFireworks(api_key=KEY, base_url=server.base_url) as client:
        yield client.with_observer(watching)
        assert client.statistics().in_flight == 0


def chat(client, **params):
    return client.chat.completions.create(model="m", messages=MESSAGES, **params)


class TestEndings:
    async def test_collected(self, server, client, watching):
        server.play(OK)
        await chat(client, temperature=0.5)
        outcome = watching.outcome
        assert outcome.ending == "succeeded"
        assert outcome.error is None
        assert outcome.status == 200
        assert outcome.usage.prompt_tokens == 9
        assert outcome.finish_reasons == ("stop",)
        assert outcome.response_model == "accounts/fireworks/models/m"
        assert outcome.response_id.startswith("chatcmpl-")
        assert outcome.retries_taken == 0
        assert 0 < outcome.timings.ttft <= outcome.timings.e2e

    async def test_iterated(self, server, client, watching):
        server.play(OK)
        async for _ in chat(client):
            assert len(watching.told) <= 2
        assert watching.outcome.ending == "succeeded"

    async def test_left_by_break(self, server, client, watching):
        server.play(OPEN)
        async for _ in chat(client):
            break
        await settle()
        outcome = watching.outcome
        assert (outcome.ending, outcome.error) == ("left", None)
        assert outcome.finish_reasons == (None,)
        assert outcome.usage is None

    async def test_left_from_another_task(self, server, client, watching):
        server.play(OPEN)
        stream = chat(client)
        await anext(stream)
        reading = asyncio.create_task(stream.collect())
        await asyncio.sleep(0)
        await stream.aclose()
        with pytest.raises(StreamStateError):
            await reading
        await stream.aclose()
        assert watching.outcome.ending == "left"

    async def test_opened_and_thrown_away(self, server, client, watching):
        server.play(OPEN)
        stream = await chat(client, stream=True)
        with pytest.warns(ResourceWarning, match="unclosed"):
            stream = None
        assert stream is None
        assert watching.outcome.ending == "left"

    async def test_opened_cut_off_with_the_client_and_thrown_away(self, server):
        watching = Watching()
        server.play(OPEN)
        async with AsyncFireworks(api_key=KEY, base_url=server.base_url) as client:
            stream = await chat(client.with_observer(watching), stream=True)
        assert len(watching.told) == 1
        del stream
        gc.collect()
        assert watching.outcome.ending == "left"

    async def test_the_client_is_closed_meanwhile(self, server):
        watching = Watching()
        server.play(OPEN)
        async with AsyncFireworks(api_key=KEY, base_url=server.base_url) as client:
            stream = chat(client.with_observer(watching))
            await anext(stream)
            reading = asyncio.create_task(stream.collect())
            await asyncio.sleep(0)
        with pytest.raises(ClientClosedError) as caught:
            await reading
        assert watching.outcome.ending == "failed"
        assert watching.outcome.error == caught.value

    async def test_refused(self, server, client, watching):
        server.play(NO)
        stream = chat(client)
        for _ in range(2):
            with pytest.raises(BadRequestError) as caught:
                await stream
        assert watching.outcome.ending == "failed"
        assert watching.outcome.error is caught.value
        assert watching.outcome.status == 400

    async def test_a_stream_that_is_cut(self, server, client, watching):
        server.play(CUT)
        with pytest.raises(StreamTruncatedError):
            async for _ in chat(client):
                pass
        outcome = watching.outcome
        assert (outcome.ending, outcome.status) == ("failed", 200)
        assert outcome.response_model == "accounts/fireworks/models/m"

    async def test_repeated_and_answered(self, server, client, watching):
        server.play(BUSY, CUT, OK)
        await chat(client)
        _, busy, cut, outcome = watching.told
        assert isinstance(busy, ServiceUnavailableError)
        assert KEY not in str(vars(busy))
        assert isinstance(cut, StreamTruncatedError)
        assert (outcome.ending, outcome.retries_taken) == ("succeeded", 2)
        assert outcome.status == 200

    async def test_repeated_in_vain(self, server, client, watching):
        server.play(BUSY, BUSY, BUSY)
        with pytest.raises(ServiceUnavailableError):
            await chat(client)
        assert len(watching.told) == 4
        outcome = watching.outcome
        assert (outcome.ending, outcome.retries_taken) == ("failed", 2)
        assert outcome.status == 503

    async def test_nobody_answers(self, watching):
        async with RawServer() as gone:
            base_url = gone.base_url
        async with AsyncFireworks(api_key=KEY, base_url=base_url) as client:
            with pytest.raises(APIConnectionError):
                await chat(client.with_observer(watching), max_retries=0)
        assert (watching.outcome.ending, watching.outcome.status) == ("failed", None)

    async def test_never_used(self, client, watching):
        stream = chat(client)
        await stream.aclose()
        stream = chat(client)
        del stream
        gc.collect()
        assert watching.told == []


@pytest.mark.parametrize("how", ["waiting", "woken", "twice"])
async def test_cancelled_at_any_await(watching, how):
    async with RawServer(default=SLOWLY) as server:
        endings = []
        for at in [None, *range(8)]:
            async with AsyncFireworks(api_key=KEY, base_url=server.base_url) as client:
                call = Cut(chat(client.with_observer(watching)), at, how=how)
                task = asyncio.ensure_future(call)
                await asyncio.wait([task])
            assert task.cancelled() is bool(call.cuts)
            endings.append(watching.outcome.ending)
            watching.told.clear()
    assert endings.count("cancelled") >= 3
    assert set(endings) == {"cancelled", "succeeded"}


class TestAnswersInOnePiece:
    async def test_embeddings(self, server, client, watching):
        usage = {"prompt_tokens": 3, "total_tokens": 3, "completion_tokens": 0}
        body = {"data": [{"embedding": [1.0]}], "model": "e", "usage": usage}
        server.play([Send(json_response(200, body))])
        await client.embeddings.create(model="a/e", input="said", dimensions=8)
        assert watching.call.path == "/embeddings"
        assert watching.call.model == "a/e"
        assert watching.call.parameters == {"dimensions": 8}
        outcome = watching.outcome
        assert outcome.ending == "succeeded"
        assert outcome.response_model == "e"
        assert outcome.usage.prompt_tokens == 3
        assert outcome.timings.ttft is None
        assert outcome.timings.e2e > 0

    async def test_rerank(self, server, client, watching):
        body = {"data": [{"index": 0, "relevance_score": 0.5}], "id": "r", "model": "m"}
        server.play([Send(json_response(200, body))])
        await client.rerank.create(model="a/r", query="said", documents=["said"])
        outcome = watching.outcome
        assert (outcome.response_id, outcome.response_model) == ("r", "m")

    async def test_audio(self, server, client, watching):
        server.play([Send(json_response(200, {"text": "said"}))])
        await client.audio.transcriptions.create(
            file=wav(0.1), prompt="said", temperature=0.5
        )
        assert watching.call.path == "/audio/transcriptions"
        assert watching.call.model == "whisper-v3"
        assert watching.call.parameters == {
            "temperature": "0.5",
            "response_format": "json",
        }
        assert watching.outcome.ending == "succeeded"

    async def test_models(self, server, client, watching):
        server.play([Send(json_response(200, {"id": "a/b", "object": "model"}))])
        await client.models.retrieve("accounts/a/models/b#c")
        assert watching.call.method == "GET"
        assert watching.call.model == "accounts/a/models/b#c"
        assert watching.call.parameters == {}
        assert watching.outcome.response_id is None

    async def test_refused(self, server, client, watching):
        server.play(NO)
        with pytest.raises(BadRequestError) as caught:
            await client.models.list()
        assert watching.call.model is None
        assert watching.outcome.ending == "failed"
        assert watching.outcome.error is caught.value

    async def test_cancelled(self, server, client, watching):
        server.play([Send(head(200, {"content-length": "9"})), Hang()])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.models.list()
        assert watching.outcome.ending == "cancelled"
        assert isinstance(watching.outcome.error, asyncio.CancelledError)

    async def test_an_answer_that_cannot_be_read(self, server, client, watching):
        server.play([Send(json_response(200, []))])
        with pytest.raises(Exception, match="not what this call gives"):
            await client.models.list()
        assert (watching.outcome.ending, watching.outcome.status) == ("failed", 200)


class TestWhatIsToldFirst:
    async def test_where_it_goes_and_what_steers_it(self, server, client, watching):
        server.play(OK)
        await chat(
            client,
            temperature=0,
            max_tokens=5,
            stop=["x"],
            n=1,
            user="said",
            response_format={"type": "json_schema", "json_schema": {"said": 1}},
            extra_body={"seed": 7, "secret": "said"},
            extra_query={"q": "said"},
        )
        call = watching.call
        assert call.url == f"{server.base_url}/chat/completions"
        assert call.model == "accounts/fireworks/models/m"
        assert call.parameters == {
            "temperature": 0,
            "max_tokens": 5,
            "stop": ["x"],
            "n": 1,
            "seed": 7,
            "response_format": "json_schema",
        }
        assert "said" not in repr(call)
        assert KEY not in repr(watching.told)

    async def test_a_model_that_is_no_text_is_the_apis_business(
        self, server, client, watching
    ):
        server.play(OK)
        await chat(client, extra_body={"model": 5, "response_format": "text"})
        assert watching.call.model is None
        assert watching.call.parameters == {"response_format": "text"}


class TestHeaders:
    async def test_are_sent_with_each_attempt(self, server, client, watching):
        watching.headers = {"traceparent": "00-1"}
        server.play(BUSY, OK)
        await chat(client)
        for number in range(2):
            sent = await server.request(number)
            assert sent.headers["traceparent"] == "00-1"
            assert sent.headers["authorization"] == f"Bearer {KEY}"

    async def test_those_of_the_call_win(self, server, client, watching):
        watching.headers = {"traceparent": "00-1", "tracestate": "a=b"}
        server.play(OK)
        await chat(client, extra_headers={"Traceparent": "mine"})
        sent = await server.request()
        assert sent.headers["traceparent"] == "mine"
        assert sent.headers["tracestate"] == "a=b"


class TestViews:
    async def test_the_client_itself_is_not_observed(self, server, watching):
        server.play(OK)
        async with AsyncFireworks(api_key=KEY, base_url=server.base_url) as client:
            client.with_observer(watching)
            await chat(client)
        assert watching.told == []

    async def test_views_of_the_observed_are(self, server, client, watching):
        server.play(NO, OK)
        view = client.with_options(max_retries=0)
        with pytest.raises(BadRequestError):
            await chat(view)
        assert watching.outcome.ending == "failed"
        assert view.statistics().connections == 1

    async def test_the_rows_of_a_batch_are(self, server, client, watching):
        server.play(OK, OK)
        rows = [{"model": "m", "messages": MESSAGES}] * 2
        assert [row async for row in client.batch(rows, concurrency=1)]
        endings = [each.ending for each in watching.told[1::2]]
        assert endings == ["succeeded", "succeeded"]

    async def test_a_second_observer_takes_the_place(self, server, client, watching):
        server.play(OK)
        other = Watching()
        await chat(client.with_observer(other))
        assert watching.told == []
        assert other.outcome.ending == "succeeded"


@pytest.mark.parametrize("broken", ["begun", "headers", "repeated", "ended"])
async def test_what_an_observer_raises_is_logged(server, client, caplog, broken):
    server.play(BUSY, OK)
    with caplog.at_level(logging.ERROR, "fireworks_async"):
        completion = await chat(client.with_observer(Failing(broken)))
    assert completion.choices[0].message.content == "ab"
    [record] = caplog.records
    assert record.message == "the observer of a call failed"
    assert "ZeroDivisionError" in caplog.text
    assert KEY not in caplog.text


async def test_a_repetition_that_is_only_waited_for_is_none(server, client, watching):
    server.play([Send(json_response(503, {}, {"retry-after": "30"}))])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await chat(client)
    assert (watching.outcome.ending, watching.outcome.retries_taken) == ("cancelled", 0)
