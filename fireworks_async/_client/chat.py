"""``client.chat``: keyword arguments in, a stream out."""

from collections.abc import Iterable, Iterator
from typing import Literal, Unpack, overload

from fireworks_async._client.attempts import Service
from fireworks_async._client.options import ChatCallParams, split
from fireworks_async._client.reader import ChatReader
from fireworks_async._client.stream import ItemT, Stream, StreamOpening
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._policy.catalogue import is_known, sees_images
from fireworks_async._policy.naming import resolve_chat_model
from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async._protocol.completions import ChatCompletion
from fireworks_async._protocol.events import ChatEvent, EventBuilder
from fireworks_async._protocol.requests import encode_chat

__all__ = ("Chat", "ChatCompletions")


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
    ) -> Stream[ChatEvent, ChatCompletion]:
        """``create``, with typed events as its items.

        ``async with client.chat.completions.stream(...) as stream`` and then
        ``async for event in stream``; everything else is as for ``create``.
        """
        reader = self._reader("stream", model, messages, params)
        return Stream(reader, EventBuilder().feed)

    def _reader(
        self,
        function: str,
        model: str,
        messages: Iterable[object],
        params: ChatCallParams,
    ) -> ChatReader:
        service = self._service
        fields, options = split(params, function=function)
        name = resolve_chat_model(model, is_known)
        inlining = options.get("document_inlining", service.config.document_inlining)
        request = encode_chat(
            model=name,
            messages=messages,
            params=fields,
            extra_body=options.get("extra_body"),
            inline_documents=inlining and sees_images(name) is False,
        )
        timings = StreamTimings()
        attempts = service.attempts(request, options, timings)
        return ChatReader(attempts, clock=service.transport.clock, timings=timings)


class Chat:
    """``client.chat``."""

    def __init__(self, service: Service) -> None:
        self.completions = ChatCompletions(service)


def _as_is(chunks: Iterator[ItemT]) -> Iterator[ItemT]:
    return chunks
