"""What type checkers make of the public API; checked by mypy and pyright, never run.

``assert_type`` says what an expression has to be. What has to be refused is marked as
ignored: strict checkers report an ignore that hides nothing.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

import asyncio
import ssl as tls
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import assert_type

import aiohttp

import fireworks_async
from fireworks_async import (
    AsyncFireworks,
    ChatCompletion,
    ChatCompletionChunk,
    Completion,
    CompletionChunk,
    PoolStatistics,
    ResponseInfo,
    Stream,
    StreamOpening,
    StreamTimings,
    Timeout,
    ToolCall,
    Usage,
)
from fireworks_async.adapters.opentelemetry import instrument
from fireworks_async.errors import (
    APIError,
    APIStatusError,
    APITimeoutError,
    BadRequestError,
    FireworksError,
    StructuredOutputError,
    TimeoutPhase,
)
from fireworks_async.sse import ServerSentEvent, SSEDecoder
from fireworks_async.types import (
    CallOutcome,
    ChatEvent,
    ChatMessage,
    ChatParams,
    Choice,
    ChoiceDelta,
    ContentDeltaEvent,
    FinishEvent,
    ObservedCall,
    PerfMetrics,
    RateLimit,
    ToolCallArgumentsDoneEvent,
    UsageEvent,
)

Chunks = Stream[ChatCompletionChunk, ChatCompletion]
MESSAGES = [{"role": "user", "content": "Hi"}]


async def key() -> str:
    return "fw_test"


def clients(session: aiohttp.ClientSession, context: tls.SSLContext) -> None:
    AsyncFireworks()
    AsyncFireworks(api_key="k", timeout=5, max_retries=0)
    AsyncFireworks(
        api_key=key,
        base_url="http://127.0.0.1",
        audio_base_url=None,
        timeout=Timeout(connect=1, pool=2, receive=None, total=3.5),
        max_connections=10,
        max_concurrency=5,
        default_headers={"X-A": "b"},
        document_inlining=False,
        session=session,
        ssl=context,
    )
    AsyncFireworks(timeout=None)
    AsyncFireworks("k")  # type: ignore[call-arg]
    AsyncFireworks(api_key=5)  # type: ignore[arg-type]
    AsyncFireworks(retries=5)  # type: ignore[call-arg]


async def client_itself(client: AsyncFireworks) -> None:
    async with client as entered:
        assert_type(entered, AsyncFireworks)
    assert_type(client.with_options(timeout=5, max_retries=1), AsyncFireworks)
    assert_type(client.statistics(), PoolStatistics)
    assert_type(client.statistics().in_flight, int)
    assert_type(await client.aclose(), None)


class MyClient(AsyncFireworks):
    pass


async def subclass(client: MyClient) -> None:
    assert_type(client.with_options(), MyClient)
    async with client as entered:
        assert_type(entered, MyClient)


class Log:
    """An observer, and what it makes of each call."""

    headers: Mapping[str, str] = MappingProxyType({})

    def begun(self, call: ObservedCall) -> "Log":
        assert_type(call.model, str | None)
        return self

    def repeated(self, error: FireworksError) -> None: ...

    def ended(self, outcome: CallOutcome) -> None:
        assert_type(outcome.usage, Usage | None)
        assert_type(outcome.timings, StreamTimings)


def watched(client: MyClient) -> None:
    assert_type(client.with_observer(Log()), MyClient)
    assert_type(instrument(client), MyClient)
    client.with_observer(print)  # type: ignore[arg-type]


async def create(client: AsyncFireworks) -> None:
    call = client.chat.completions.create(model="m", messages=MESSAGES)
    assert_type(call, Chunks)
    assert_type(await call, ChatCompletion)
    assert_type(await asyncio.create_task(call), ChatCompletion)
    await call.close()
    async for chunk in call:
        assert_type(chunk, ChatCompletionChunk)
        assert_type(chunk.content, str)
        assert_type(chunk.reasoning_content, str | None)
        assert_type(chunk.choices[0].delta, ChoiceDelta)
        assert_type(chunk.choices[0].finish_reason, str | None)
    async with call as stream:
        assert_type(stream, Chunks)
    assert_type(
        client.chat.completions.create(model="m", messages=MESSAGES, stream=False),
        Chunks,
    )


async def create_streaming(client: AsyncFireworks) -> None:
    opening = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert_type(opening, StreamOpening[ChatCompletionChunk, ChatCompletion])
    stream = await opening
    assert_type(stream, Chunks)
    assert_type(await asyncio.create_task(opening), Chunks)
    async for chunk in stream:
        assert_type(chunk, ChatCompletionChunk)
    async for chunk in opening:
        assert_type(chunk, ChatCompletionChunk)
    async with opening as entered:
        assert_type(entered, Chunks)


async def events(client: AsyncFireworks) -> None:
    call = client.chat.completions.stream(model="m", messages=MESSAGES)
    assert_type(call, Stream[ChatEvent, ChatCompletion])
    assert_type(await call, ChatCompletion)
    async with call as stream:
        async for event in stream:
            assert_type(event, ChatEvent)
            match event:
                case ContentDeltaEvent():
                    assert_type(event.delta, str)
                case ToolCallArgumentsDoneEvent():
                    assert_type(event.arguments, str)
                case UsageEvent():
                    assert_type(event.usage, Usage)
                case FinishEvent(index, finish_reason):
                    assert_type(index, int)
                    assert_type(finish_reason, str)
                case _:
                    assert_type(event.index, int)


async def events_told_apart_by_type(stream: Stream[ChatEvent, ChatCompletion]) -> None:
    async for event in stream:
        if event.type == "content.delta":
            assert_type(event, ContentDeltaEvent)
        elif event.type == "tool_calls.function.arguments.done":
            assert_type(event, ToolCallArgumentsDoneEvent)
        elif event.type == "usage":
            assert_type(event.usage, Usage)
        elif event.type == "finish":
            assert_type(event.finish_reason, str)


async def views(stream: Chunks, events: Stream[ChatEvent, ChatCompletion]) -> None:
    assert_type(await anext(stream), ChatCompletionChunk)
    assert_type([text async for text in stream.text()], list[str])
    assert_type([text async for text in stream.reasoning()], list[str])
    assert_type([event async for event in stream.events()], list[ChatEvent])
    async for batch in stream.batches():
        assert_type(batch, list[ChatCompletionChunk])
    async for several in events.batches():
        assert_type(several, list[ChatEvent])
    assert_type(await stream.collect(), ChatCompletion)
    assert_type(await stream.aclose(), None)
    iterator: AsyncIterator[str] = stream.text()
    await iterator.__anext__()


async def texts(client: AsyncFireworks) -> None:
    call = client.completions.create(model="m", prompt=[[1, 2]], n=2, images=["u"])
    assert_type(call, Stream[CompletionChunk, Completion])
    assert_type(await call, Completion)
    opened = await client.completions.create(model="m", prompt="x", stream=True)
    async for chunk in opened:
        assert_type(chunk, CompletionChunk)
        assert_type(chunk.content, str)
    assert_type(opened.snapshot, Completion)
    async for event in client.completions.stream(model="m", prompt=["x"]):
        assert_type(event, ChatEvent)


def what_a_stream_knows(stream: Chunks) -> None:
    assert_type(stream.response, ResponseInfo)
    assert_type(stream.response.status, int)
    assert_type(stream.response.headers, Mapping[str, str])
    assert_type(stream.response.request_id, str | None)
    assert_type(stream.response.retries_taken, int)
    assert_type(stream.response.rate_limit, RateLimit | None)
    assert_type(stream.response.perf, PerfMetrics | None)
    assert_type(stream.snapshot, ChatCompletion)
    assert_type(stream.usage, Usage | None)
    assert_type(stream.finish_reason, str | None)
    assert_type(stream.timings, StreamTimings)
    assert_type(stream.timings.ttft, float | None)
    stream.usage = None  # type: ignore[misc]


def what_a_completion_holds(completion: ChatCompletion) -> None:
    assert_type(completion.id, str)
    assert_type(completion.usage, Usage | None)
    assert_type(completion.choices, list[Choice])
    message = completion.choices[0].message
    assert_type(message, ChatMessage)
    assert_type(message.content, str | None)
    assert_type(message.tool_calls, list[ToolCall] | None)
    if completion.usage is not None:
        assert_type(completion.usage.prompt_tokens, int)


def keywords(client: AsyncFireworks, more: ChatParams) -> None:
    create = client.chat.completions.create
    create(model="m", messages=MESSAGES, temperature=0.5, max_tokens=10, n=2)
    create(model="m", messages=MESSAGES, reasoning_effort="high", stop=["a", "b"])
    create(model="m", messages=MESSAGES, reasoning_effort=1000, stop="a")
    create(model="m", messages=MESSAGES, temperature=None, logprobs=True)
    create(model="m", messages=MESSAGES, timeout=Timeout(total=5), max_retries=0)
    create(model="m", messages=MESSAGES, extra_body={"a": [1]}, extra_headers=None)
    create(model="m", messages=MESSAGES, extra_query={"a": "b"}, timeout=None)
    create(model="m", messages=MESSAGES, document_inlining=False)
    create(model="m", messages=MESSAGES, **more)
    create(model="m", messages=MESSAGES, temprature=1)  # type: ignore[call-overload]
    create(model="m", messages=MESSAGES, temperature="1")  # type: ignore[call-overload]
    create(model="m", messages=MESSAGES, reasoning_effort="hihg")  # type: ignore[call-overload]
    create(model="m")  # type: ignore[call-overload]
    create("m", MESSAGES)  # type: ignore[call-overload]
    client.chat.completions.stream(model="m", messages=MESSAGES, stream=True)  # type: ignore[call-arg]


def messages(client: AsyncFireworks, history: list[ChatMessage]) -> None:
    """Whatever has the form of messages: dicts, objects, both, and any iterable."""
    create = client.chat.completions.create
    create(model="m", messages=history)
    create(model="m", messages=[*history, {"role": "user", "content": "Hi"}])
    create(model="m", messages=({"role": "user", "content": t} for t in ("a", "b")))
    create(model="m", messages=({"role": "tool", "tool_call_id": "c", "content": ""},))


def as_builtin(error: TimeoutError) -> TimeoutError:
    return error


def errors(error: APIError, phase: TimeoutPhase) -> None:
    assert_type(error.message, str)
    assert_type(error.code, str | int | None)
    assert_type(error.request_id, str | None)
    assert_type(error.partial, ChatCompletion | Completion | None)
    match error:
        case APITimeoutError():
            assert_type(error.phase, TimeoutPhase)
            assert_type(as_builtin(error), TimeoutError)
        case BadRequestError():
            assert_type(error.fields, tuple[str, ...])
        case APIStatusError():
            assert_type(error.status_code, int)
            assert_type(error.retry_after, float | None)
            assert_type(error.headers, dict[str, str])
        case _:
            assert_type(error.body, object)
    APITimeoutError("late", phase=phase)
    APITimeoutError("late", phase="later")  # type: ignore[arg-type]
    assert_type(StructuredOutputError("m").usage, Usage | None)


def events_alone(decoder: SSEDecoder) -> None:
    assert_type(decoder.feed(b""), list[ServerSentEvent])
    assert_type(decoder.close(), list[ServerSentEvent])
    assert_type(decoder.is_idle, bool)
    assert_type(decoder.feed(b"")[0].retry, int | None)


def misspelt() -> None:
    _ = fireworks_async.AsyncFirework  # type: ignore[attr-defined]
    assert_type(fireworks_async.__version__, str)
