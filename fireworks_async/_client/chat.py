"""``client.chat``: keyword arguments in, a stream out."""

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeAlias,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from fireworks_async._client.attempts import Service
from fireworks_async._client.options import (
    ChatCallParams,
    ParseParams,
    RunToolsParams,
    check_count,
    split,
)
from fireworks_async._client.reader import AnswerReader, reader_for
from fireworks_async._client.stream import ItemT, Stream, StreamOpening
from fireworks_async._policy.catalogue import is_known, sees_images
from fireworks_async._policy.naming import resolve_chat_model
from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async._protocol.completions import ChatCompletion
from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.requests import encode_chat

# Rooms that most programs do without: who calls for them enters them then.
if TYPE_CHECKING:
    from fireworks_async._client.parse import ParsedStream
    from fireworks_async._client.tools import ToolLike
    from fireworks_async._protocol.events import ChatEvent
    from fireworks_async._protocol.parsed import ParseMode, TypedAnswer
    from fireworks_async._protocol.tools import ToolRun

__all__ = ("Chat", "ChatCompletions", "Watch")

T = TypeVar("T")

Watch: TypeAlias = Callable[
    [Stream[ChatCompletionChunk, ChatCompletion]], Awaitable[object]
]
"""Reads the stream of an answer."""

_CHAT_KEYWORDS = ChatCallParams.__optional_keys__
_PARSE_KEYWORDS = ParseParams.__optional_keys__
_RUN_TOOLS_KEYWORDS = RunToolsParams.__optional_keys__


class ChatCompletions:
    """``client.chat.completions``: ``POST /chat/completions``."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @overload
    def create(
        self,
        *,
        model: str,
        messages: Iterable[object],
        stream: Literal[False] = False,
        **params: Unpack[ChatCallParams],
    ) -> Stream[ChatCompletionChunk, ChatCompletion]: ...
    @overload
    def create(
        self,
        *,
        model: str,
        messages: Iterable[object],
        stream: Literal[True],
        **params: Unpack[ChatCallParams],
    ) -> StreamOpening[ChatCompletionChunk, ChatCompletion]: ...
    def create(
        self,
        *,
        model: str,
        messages: Iterable[object],
        stream: bool = False,
        **params: Unpack[ChatCallParams],
    ) -> (
        Stream[ChatCompletionChunk, ChatCompletion]
        | StreamOpening[ChatCompletionChunk, ChatCompletion]
    ):
        """Prepare a chat completion; nothing is sent before the result is used.

        ``async for`` over the result gives chunks as they arrive, ``await`` gives the
        whole completion, ``async with`` the opened stream. On the wire it is a stream
        in every case, so that any ``max_tokens`` works and usage is reported.

        Args:
            model: A full name, or a short one such as ``deepseek-v3p1``.
            messages: The conversation: mappings, or messages of earlier completions.
                They are not changed; keys that the API refuses are left out.
            stream: With True, ``await`` gives the opened stream, as in other clients.
            params: The fields of ``ChatParams``, and the options of ``CallOptions``.

        Raises:
            TypeError: A keyword is unknown, or a value has no form in JSON.
            ValueError: A value, or a combination, that cannot be sent.
        """
        reader = self._reader("create", model, messages, params)
        chunks: Stream[ChatCompletionChunk, ChatCompletion] = Stream(reader, _as_is)
        return StreamOpening(chunks, reader) if stream else chunks

    def stream(
        self,
        *,
        model: str,
        messages: Iterable[object],
        **params: Unpack[ChatCallParams],
    ) -> "Stream[ChatEvent, ChatCompletion]":
        """``create``, with typed events as its items.

        ``async with client.chat.completions.stream(...) as stream`` and then
        ``async for event in stream``; everything else is as for ``create``.
        """
        from fireworks_async._protocol.events import EventBuilder  # noqa: PLC0415 - on first use

        reader = self._reader("stream", model, messages, params)
        return Stream(reader, EventBuilder().feed)

    @overload
    def parse(
        self,
        *,
        model: str,
        messages: Iterable[object],
        response_format: type[T],
        mode: "ParseMode" = "auto",
        strict: bool = True,
        **params: Unpack[ParseParams],
    ) -> "ParsedStream[T]": ...
    @overload
    def parse(
        self,
        *,
        model: str,
        messages: Iterable[object],
        response_format: str,
        mode: Literal["auto", "grammar"] = "auto",
        strict: bool = True,
        **params: Unpack[ParseParams],
    ) -> "ParsedStream[str]": ...
    @overload
    def parse(
        self,
        *,
        model: str,
        messages: Iterable[object],
        response_format: object,
        mode: "ParseMode" = "auto",
        strict: bool = True,
        **params: Unpack[ParseParams],
    ) -> "ParsedStream[Any]": ...
    def parse(
        self,
        *,
        model: str,
        messages: Iterable[object],
        response_format: object,
        mode: "ParseMode" = "auto",
        strict: bool = True,
        **params: Unpack[ParseParams],
    ) -> "ParsedStream[Any]":
        """Prepare a chat completion whose answer is a value of a type.

        ``await`` gives the completion, with the value in
        ``choices[i].message.parsed``; ``async for`` gives events, whose
        ``content.delta`` has the JSON so far in ``parsed_partial``. Ask for JSON in the
        prompt too.

        Args:
            model: As for ``create``.
            messages: As for ``create``.
            response_format: A msgspec Struct, dataclass, TypedDict, pydantic model,
                union, list, ...; or a JSON Schema, which gives plain values; or the
                text of a grammar, which gives text.
            mode: ``auto`` is ``json_schema``, or ``grammar`` for text. ``tool`` adds a
                tool whose arguments are the answer, and forces it unless
                ``tool_choice`` is there. ``json_object`` is an older form.
            strict: Send the schema closed and with all properties required; those that
                may be left out may then be null, and are left out of the value.
            params: The fields of ``ChatParams``, and the options of ``CallOptions``.

        Raises:
            TypeError: A keyword is unknown, or the type has no form in JSON.
            ValueError: A value, or a combination, that cannot be sent.
        """
        from fireworks_async._client.parse import ParsedStream  # noqa: PLC0415 - on first use
        from fireworks_async._protocol.parsed import TypedAnswer  # noqa: PLC0415 - likewise

        answer: TypedAnswer[Any] = TypedAnswer(
            response_format, mode=mode, strict=strict
        )
        reader = self._reader(
            "parse", model, messages, params, _PARSE_KEYWORDS, answer=answer
        )
        return ParsedStream(reader, answer)

    async def run_tools(
        self,
        *,
        model: str,
        messages: Iterable[object],
        tools: "Iterable[ToolLike]",
        max_rounds: int = 10,
        watch: Watch | None = None,
        **params: Unpack[RunToolsParams],
    ) -> "ToolRun":
        """Let the model call functions until it has its answer.

        The calls of one round run at the same time; functions that are not async run
        in threads. What goes wrong in a call is told to the model.

        Args:
            model: As for ``create``.
            messages: As for ``create``.
            tools: Functions, what ``tool_of`` made of them, or mappings as for
                ``create``: a call of one of the last ends the run, for its caller to
                answer.
            max_rounds: Answers to ask for at most.
            watch: Awaited with the stream of each answer, opened, to read from it as
                it comes; what it leaves is read after it.
            params: The fields of ``ChatParams``, and the options of ``CallOptions``. A
                ``tool_choice`` that forces a call holds for the first round.

        Raises:
            TypeError: A keyword is unknown, or a tool cannot be described.
            ValueError: Two tools have one name, or a value cannot be sent.
        """
        from fireworks_async._client.tools import Toolbox  # noqa: PLC0415 - on first use

        check_count("max_rounds", max_rounds, at_least=1)
        split(
            params,
            function="run_tools",
            keywords=_RUN_TOOLS_KEYWORDS,
            own=("model", "messages", "tools", "max_rounds", "watch"),
        )
        if (params.get("n") or 1) > 1:
            raise ValueError("n: a conversation with tools goes on with one answer")
        toolbox = Toolbox(tools)
        later = cast("RunToolsParams", dict(params))
        if later.get("tool_choice") not in (None, "none"):
            later["tool_choice"] = "auto"

        async def ask(history: list[object], is_first: bool) -> ChatCompletion:
            call = self.create(
                model=model,
                messages=history,
                tools=toolbox.definitions,
                **(params if is_first else later),
            )
            if watch is None:
                return await call
            async with call as stream:
                await watch(stream)
                return await stream.collect()

        return await toolbox.run(ask, messages, max_rounds=max_rounds)

    def _reader(
        self,
        function: str,
        model: str,
        messages: Iterable[object],
        params: Mapping[str, object],
        keywords: Collection[str] = _CHAT_KEYWORDS,
        answer: "TypedAnswer[Any] | None" = None,
    ) -> AnswerReader[ChatCompletionChunk, ChatCompletion]:
        service = self._service
        own = ("response_format", "mode", "strict") if answer else ("stream",)
        fields, options = split(
            params,
            function=function,
            keywords=keywords,
            own=("model", "messages", *own),
        )
        if answer is not None:
            fields = answer.fields(fields)
        name = resolve_chat_model(model, is_known)
        inlining = options.get("document_inlining", service.config.document_inlining)
        request = encode_chat(
            model=name,
            messages=messages,
            params=fields,
            extra_body=options.get("extra_body"),
            inline_documents=inlining and sees_images(name) is False,
        )
        dialect = CHAT
        if fields.get("tools") or options.get("extra_body"):
            from fireworks_async._protocol.call_repair import (  # noqa: PLC0415 - on first use
                chat_with_tools,
            )

            dialect = chat_with_tools(fields, options.get("extra_body"))
        return reader_for(service, dialect, request, options)


class Chat:
    """``client.chat``."""

    def __init__(self, service: Service) -> None:
        self.completions = ChatCompletions(service)


def _as_is(chunks: Iterator[ItemT]) -> Iterator[ItemT]:
    return chunks
