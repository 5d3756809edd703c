"""What a trace and the metrics say of calls, by OpenTelemetry's own library."""

import asyncio
import contextlib
import logging
import random
import subprocess
import sys

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from fireworks_async import AsyncFireworks
from fireworks_async.adapters.opentelemetry import instrument
from fireworks_async.batch import run_batch
from fireworks_async.errors import (
    APITimeoutError,
    BadRequestError,
    ServiceUnavailableError,
)
from fireworks_async.simulator import Cut, Rejection, Simulator
from tests.support.calls import KEY
from tests.support.gateways import ALIAS, MASTER_KEY, config, deployment, running
from tests.support.leaks import settle
from tests.support.raw_server import RawServer, Send
from tests.support.sounds import wav
from tests.support.wire import DONE, chunk, stream_response

MODEL = "accounts/fireworks/models/deepseek-v3p1"
SAID = "a secret of the user"
DURATION = "gen_ai.client.operation.duration"
FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"
TOKENS = "gen_ai.client.token.usage"
IDENTITY = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "fireworks",
    "gen_ai.request.model": MODEL,
    "server.address": "127.0.0.1",
}


class Seen:
    """All that was exported."""

    def __init__(self, sampler=None):
        self._spans = InMemorySpanExporter()
        self.tracing = TracerProvider(sampler)
        self.tracing.add_span_processor(SimpleSpanProcessor(self._spans))
        self._metrics = InMemoryMetricReader()
        self.metering = MeterProvider([self._metrics])
        self.tracer = self.tracing.get_tracer("app")

    def by(self, client):
        """The client, seen."""
        return instrument(
            client, tracer_provider=self.tracing, meter_provider=self.metering
        )

    @property
    def spans(self):
        return self._spans.get_finished_spans()

    @property
    def span(self):
        (span,) = self.spans
        return span

    @property
    def points(self):
        """The points of each metric."""
        data = self._metrics.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def seen():
    seen = Seen()
    yield seen
    everything = "".join(span.to_json() for span in seen.spans)
    assert SAID not in everything
    assert KEY not in everything


@pytest.fixture
async def simulator():
    async with Simulator(tokens=8) as simulator:
        yield simulator


@pytest.fixture
async def client(simulator):
    async with AsyncFireworks(api_key=KEY, base_url=simulator.base_url) as client:
        yield client


@pytest.fixture
def traced(client, seen):
    return seen.by(client)


@pytest.fixture(autouse=True)
def _no_jitter(monkeypatch):
    monkeypatch.setattr(random, "random", lambda: 0.0)


@pytest.fixture(autouse=True)
def _nothing_is_complained_of(caplog):
    with caplog.at_level(logging.DEBUG):
        yield
    assert not [each for each in caplog.records if each.name.startswith("opentel")]


def chat(client, **params):
    said = [{"role": "user", "content": SAID}]
    return client.chat.completions.create(
        model="deepseek-v3p1", messages=said, **params
    )


class TestSpans:
    async def test_of_a_chat(self, traced, seen, simulator):
        completion = await chat(
            traced,
            temperature=0.5,
            top_p=1,
            top_k=40,
            max_tokens=8,
            n=2,
            seed=7,
            stop="END",
            frequency_penalty=0.5,
            presence_penalty=0.25,
            response_format={"type": "json_object"},
            user=SAID,
        )
        span = seen.span
        assert span.name == f"chat {MODEL}"
        assert span.kind is SpanKind.CLIENT
        assert span.status.status_code is StatusCode.UNSET
        assert span.instrumentation_scope.name == "fireworks_async"
        told = dict(span.attributes)
        assert told.pop("gen_ai.response.time_to_first_chunk") > 0
        assert told.pop("fireworks.queue_time") >= 0
        assert told.pop("fireworks.request.id")
        assert told == {
            **IDENTITY,
            "server.port": int(simulator.base_url.split(":")[2].split("/")[0]),
            "gen_ai.output.type": "json",
            "gen_ai.request.choice.count": 2,
            "gen_ai.request.frequency_penalty": 0.5,
            "gen_ai.request.max_tokens": 8,
            "gen_ai.request.presence_penalty": 0.25,
            "gen_ai.request.seed": 7,
            "gen_ai.request.stop_sequences": ("END",),
            "gen_ai.request.stream": True,
            "gen_ai.request.temperature": 0.5,
            "gen_ai.request.top_k": 40.0,
            "gen_ai.request.top_p": 1.0,
            "gen_ai.response.finish_reasons": tuple(
                choice.finish_reason for choice in completion.choices
            ),
            "gen_ai.response.id": completion.id,
            "gen_ai.response.model": MODEL,
            "gen_ai.usage.cache_read.input_tokens": 0,
            "gen_ai.usage.input_tokens": completion.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": completion.usage.completion_tokens,
            "http.response.status_code": 200,
        }

    async def test_of_a_text_completion(self, traced, seen):
        await traced.completions.create(model="deepseek-v3p1", prompt=SAID)
        assert seen.span.name == f"text_completion {MODEL}"
        assert seen.span.attributes["gen_ai.usage.output_tokens"] == 8

    async def test_of_calls_that_do_not_stream(self, traced, seen):
        embedder = "nomic-ai/nomic-embed-text-v1.5"
        await traced.embeddings.create(model=embedder, input=SAID, dimensions=64)
        await traced.rerank.create(
            model="qwen3-reranker-8b", query=SAID, documents=[SAID]
        )
        await traced.audio.transcriptions.create(file=wav(0.1), prompt=SAID)
        await traced.audio.translations.create(file=wav(0.1), temperature=0.5)
        await traced.models.list()
        await traced.models.retrieve("deepseek-v3p1")
        assert [span.name for span in seen.spans] == [
            f"embeddings {embedder}",
            "rerank fireworks/qwen3-reranker-8b",
            "transcription whisper-v3",
            "translation whisper-v3",
            "list_models",
            f"retrieve_model {MODEL}",
        ]
        embedding, *_, translation, _, _ = [span.attributes for span in seen.spans]
        assert embedding["gen_ai.embeddings.dimension.count"] == 64
        assert embedding["gen_ai.usage.input_tokens"] > 0
        assert "gen_ai.usage.output_tokens" not in embedding
        assert "gen_ai.request.stream" not in embedding
        assert translation["gen_ai.request.temperature"] == 0.5

    async def test_tokens_that_were_cached_and_thought(self, seen):
        usage = {
            "prompt_tokens": 90,
            "completion_tokens": 30,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 80},
            "completion_tokens_details": {"reasoning_tokens": 20},
        }
        last = chunk("a", finish_reason="stop", usage=usage)
        async with RawServer([Send(stream_response(last, DONE))]) as server:
            base_url = server.base_url
            async with AsyncFireworks(api_key=KEY, base_url=base_url) as client:
                await chat(seen.by(client), reasoning_effort="low")
        told = seen.span.attributes
        assert told["gen_ai.request.reasoning.level"] == "low"
        assert told["gen_ai.usage.input_tokens"] == 90
        assert told["gen_ai.usage.cache_read.input_tokens"] == 80
        assert told["gen_ai.usage.output_tokens"] == 30
        assert told["gen_ai.usage.reasoning.output_tokens"] == 20

    async def test_what_goes_without_saying_or_has_no_name_is_left_out(
        self, traced, seen
    ):
        await chat(traced, n=1, min_p=0.1, reasoning_effort=False, stop=["a", "b"])
        told = seen.span.attributes
        assert {name for name in told if name.startswith("gen_ai.request.")} == {
            "gen_ai.request.model",
            "gen_ai.request.reasoning.level",
            "gen_ai.request.stop_sequences",
            "gen_ai.request.stream",
        }
        assert told["gen_ai.request.reasoning.level"] == "false"
        assert told["gen_ai.request.stop_sequences"] == ("a", "b")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"temperature": "hot", "seed": [1], "stop": {"a": 1}, "n": "two"},
            {"top_p": 10**400, "seed": 2**63, "n": None, "top_k": [1]},
        ],
    )
    async def test_what_cannot_be_recorded_is_left_to_the_api(
        self, traced, seen, wrong
    ):
        with contextlib.suppress(BadRequestError):
            await chat(traced, extra_body=wrong)
        assert not {
            name
            for name in seen.span.attributes
            if name.startswith("gen_ai.request.")
            and name not in {"gen_ai.request.model", "gen_ai.request.stream"}
        }


class TestEndings:
    async def test_a_refusal(self, traced, seen):
        with pytest.raises(BadRequestError):
            await chat(traced, temperature=99)
        span = seen.span
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "HTTP 400"
        assert span.attributes["error.type"] == "BadRequestError"
        assert span.attributes["http.response.status_code"] == 400
        assert span.events == ()

    async def test_repeated_and_answered(self, traced, seen, simulator):
        simulator.script(Rejection.overloaded())
        await chat(traced)
        span = seen.span
        assert span.status.status_code is StatusCode.UNSET
        assert span.attributes["fireworks.retries"] == 1
        (event,) = span.events
        assert event.name == "retry"
        assert event.attributes == {"fireworks.retry.reason": "ServiceUnavailableError"}

    async def test_repeated_in_vain(self, traced, seen, simulator):
        simulator.script(*[Rejection.overloaded()] * 3)
        with pytest.raises(ServiceUnavailableError):
            await chat(traced)
        span = seen.span
        assert span.attributes["fireworks.retries"] == 2
        assert span.attributes["error.type"] == "ServiceUnavailableError"
        assert len(span.events) == 2

    async def test_a_timeout(self, traced, seen, simulator):
        simulator.script(Cut(2, ending="hang"))
        with pytest.raises(APITimeoutError):
            await chat(traced, timeout=0.05)
        assert seen.span.status.description == "waited too long: receive"
        assert seen.span.attributes["gen_ai.response.model"] == MODEL

    async def test_a_cut_stream(self, traced, seen, simulator):
        simulator.script(Cut(3))
        with pytest.raises(Exception, match="finish_reason"):
            async for _ in chat(traced):
                pass
        assert seen.span.attributes["error.type"] == "StreamTruncatedError"
        assert "gen_ai.response.finish_reasons" not in seen.span.attributes

    async def test_a_cancellation(self, traced, seen, simulator):
        simulator.script(Cut(2, ending="hang"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await chat(traced)
        assert seen.span.attributes["error.type"] == "CancelledError"
        assert seen.span.status.status_code is StatusCode.ERROR

    async def test_left_early(self, traced, seen, simulator):
        simulator.script(Cut(2, ending="hang"))
        async for _ in chat(traced):
            break
        await settle()
        span = seen.span
        assert span.status.status_code is StatusCode.UNSET
        assert span.attributes["fireworks.left_early"] is True
        assert "error.type" not in span.attributes
        assert "gen_ai.usage.input_tokens" not in span.attributes

    async def test_a_call_that_is_never_used(self, traced, seen):
        await chat(traced).aclose()
        assert seen.spans == ()
        assert seen.points == {}


class TestContext:
    async def test_the_parent_is_current_where_the_call_is_first_used(
        self, traced, seen
    ):
        with seen.tracer.start_as_current_span("made"):
            stream = chat(traced)
        with seen.tracer.start_as_current_span("used") as used:
            await anext(stream)
            assert trace.get_current_span() is used
        with seen.tracer.start_as_current_span("read on"):
            await stream.collect()
        by_name = {span.name: span for span in seen.spans}
        span = by_name[f"chat {MODEL}"]
        assert span.parent.span_id == by_name["used"].context.span_id

    async def test_a_stream_may_be_read_and_left_in_other_tasks(self, traced, seen):
        async def in_a_span(name, awaitable):
            with seen.tracer.start_as_current_span(name) as own:
                await awaitable
                assert trace.get_current_span() is own

        stream = chat(traced)
        iterator = aiter(stream)
        for name in ("first", "second"):
            await asyncio.create_task(in_a_span(name, anext(iterator)))
        await asyncio.create_task(in_a_span("third", iterator.aclose()))
        assert trace.get_current_span() is trace.INVALID_SPAN
        names = [span.name for span in seen.spans]
        assert names.count(f"chat {MODEL}") == 1

    async def test_calls_at_once_are_siblings(self, traced, seen):
        with seen.tracer.start_as_current_span("app") as app:
            await asyncio.gather(*(chat(traced) for _ in range(5)))
        calls = [span for span in seen.spans if span.name != "app"]
        assert len(calls) == 5
        assert {span.parent.span_id for span in calls} == {app.context.span_id}

    async def test_the_context_is_sent_along(self, traced, seen, simulator):
        token = context.attach(baggage.set_baggage("tenant", "t1"))
        simulator.script(Rejection.overloaded())
        try:
            await chat(traced)
        finally:
            context.detach(token)
        own = seen.span.context
        for request in simulator.requests:
            _, trace_id, span_id, _ = request.headers["traceparent"].split("-")
            assert int(trace_id, 16) == own.trace_id
            assert int(span_id, 16) == own.span_id
            assert request.headers["baggage"] == "tenant=t1"
        assert len(simulator.requests) == 2

    async def test_the_gateway_passes_it_on(self, seen, simulator):
        async with running(config(deployment(simulator))) as gateway:
            base_url = gateway.base_url
            async with AsyncFireworks(api_key=MASTER_KEY, base_url=base_url) as client:
                await chat(seen.by(client), extra_body={"model": ALIAS})
        (request,) = simulator.requests
        trace_id = request.headers["traceparent"].split("-")[1]
        assert int(trace_id, 16) == seen.span.context.trace_id
        assert seen.span.attributes["gen_ai.request.model"] == ALIAS
        assert MASTER_KEY not in seen.span.to_json()

    async def test_without_a_provider_nothing_happens(self, client, simulator):
        await chat(instrument(client))
        assert "traceparent" not in simulator.requests[0].headers

    async def test_what_is_not_sampled_is_still_counted(self, client, simulator):
        seen = Seen(ALWAYS_OFF)
        await chat(seen.by(client))
        assert seen.spans == ()
        (duration,) = seen.points[DURATION]
        assert duration.count == 1
        flags = simulator.requests[0].headers["traceparent"].split("-")[3]
        assert int(flags, 16) & 1 == 0


class TestMetrics:
    async def test_of_a_chat(self, traced, seen):
        usage = (await chat(traced)).usage
        points = seen.points
        (duration,) = points[DURATION]
        assert duration.attributes.items() >= IDENTITY.items()
        assert duration.attributes["gen_ai.response.model"] == MODEL
        span = seen.span
        lasted = (span.end_time - span.start_time) / 1e9
        assert duration.sum == pytest.approx(lasted, abs=0.01)
        assert duration.explicit_bounds[:3] == (0.01, 0.02, 0.04)
        assert duration.explicit_bounds[-1] == 81.92
        (first,) = points[FIRST_CHUNK]
        assert 0 < first.sum <= duration.sum
        by_type = {
            point.attributes["gen_ai.token.type"]: point for point in points[TOKENS]
        }
        assert by_type["input"].sum == usage.prompt_tokens
        assert by_type["output"].sum == usage.completion_tokens
        assert by_type["input"].explicit_bounds[:4] == (1, 4, 16, 64)
        assert by_type["input"].explicit_bounds[-1] == 67108864

    async def test_failures_are_told_apart(self, traced, seen):
        await chat(traced)
        with pytest.raises(BadRequestError):
            await chat(traced, temperature=99)
        durations = {
            point.attributes.get("error.type"): point.count
            for point in seen.points[DURATION]
        }
        assert durations == {None: 1, "BadRequestError": 1}
        assert len(seen.points[FIRST_CHUNK]) == 1

    async def test_answers_in_one_piece_have_no_chunks_and_no_output(
        self, traced, seen
    ):
        await traced.embeddings.create(
            model="nomic-ai/nomic-embed-text-v1.5", input=SAID
        )
        points = seen.points
        assert points.keys() == {DURATION, TOKENS}
        (tokens,) = points[TOKENS]
        assert tokens.attributes["gen_ai.token.type"] == "input"

    async def test_usage_that_is_not_reported_is_not_counted(self, seen):
        async with Simulator(usage="none") as simulator:
            base_url = simulator.base_url
            async with AsyncFireworks(api_key=KEY, base_url=base_url) as client:
                await chat(seen.by(client))
        assert TOKENS not in seen.points
        assert "gen_ai.usage.input_tokens" not in seen.span.attributes


async def test_batches_are_traced(traced, seen, tmp_path):
    rows = [{"model": MODEL, "prompt": SAID, "max_tokens": 2}] * 3
    assert len([row async for row in traced.batch(rows)]) == 3
    source = tmp_path / "rows.jsonl"
    source.write_text('{"prompt": "x", "max_tokens": 2}\n')
    await run_batch(source, tmp_path / "out.jsonl", model=MODEL, client=traced)
    assert len(seen.spans) == 4


def test_without_the_extra_the_error_names_it():
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import fireworks_async.adapters.opentelemetry"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: OpenTelemetry is missing: pip install")
    assert "fireworks-async[otel]" in last


def test_the_client_does_not_load_it():
    code = (
        "import sys, fireworks_async\n"
        "fireworks_async.AsyncFireworks, fireworks_async.types\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
        "print('fireworks_async._client.observed' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]", "False"]
