"""``client.completions``: text in, a stream of text out."""

from collections.abc import (
    AsyncGenerator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Literal, TypeAlias, Unpack, overload

from fireworks_async._client.attempts import Service
from fireworks_async._client.options import CompletionCallParams, split
from fireworks_async._client.reader import AnswerReader, reader_for
from fireworks_async._client.stream import ItemT, Stream, StreamOpening
from fireworks_async._policy.catalogue import is_known
from fireworks_async._policy.naming import resolve_chat_model
from fireworks_async._protocol.events import ChatEvent, EventBuilder
from fireworks_async._protocol.requests import encode_text
from fireworks_async._protocol.text_collector import TEXT
from fireworks_async._protocol.text_completions import (
    Completion,
    CompletionChunk,
    as_chat,
)

__all__ = ("Completions", "Prompt", "TextStream")

Prompt: TypeAlias = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]
"""Text, token ids, or a list of either."""

_KEYWORDS = CompletionCallParams.__optional_keys__


class TextStream(Stream[ItemT, Completion]):
    """One text completion: iterate it, await it, or enter it."""

    __slots__ = ()

    def events(self) -> AsyncGenerator[ChatEvent, None]:
        """What happens in the stream, as typed events."""
        feed = _events()
        return self._iterate(lambda chunks, _: feed(chunks))


class Completions:
    """``client.completions``: ``POST /completions``."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @overload
    def create(
        self,
        *,
        model: str,
        prompt: Prompt,
        stream: Literal[False] = False,
        **params: Unpack[CompletionCallParams],
    ) -> Stream[CompletionChunk, Completion]: ...
    @overload
    def create(
        self,
        *,
        model: str,
        prompt: Prompt,
        stream: Literal[True],
        **params: Unpack[CompletionCallParams],
    ) -> StreamOpening[CompletionChunk, Completion]: ...
    def create(
        self,
        *,
        model: str,
        prompt: Prompt,
        stream: bool = False,
        **params: Unpack[CompletionCallParams],
    ) -> (
        Stream[CompletionChunk, Completion] | StreamOpening[CompletionChunk, Completion]
    ):
        """Prepare a text completion; nothing is sent before the result is used.

        As for a chat completion: ``async for`` over the result gives chunks as they
        arrive, ``await`` gives the whole, ``async with`` the opened stream.

        Args:
            model: A full name, or a short one such as ``deepseek-v3p1``.
            prompt: Text, token ids, or a list of either. Several prompts give as many
                choices each as ``n`` says, those of the first prompt first.
            stream: With True, ``await`` gives the opened stream, as in other clients.
            params: The fields of ``CompletionParams``, and the options of
                ``RequestOptions``.

        Raises:
            TypeError: A keyword is unknown, or a value has no form in JSON.
            ValueError: A value, or a combination, that cannot be sent.
        """
        reader = self._reader("create", model, prompt, params)
        chunks: Stream[CompletionChunk, Completion] = TextStream(reader, _as_is)
        return StreamOpening(chunks, reader) if stream else chunks

    def stream(
        self, *, model: str, prompt: Prompt, **params: Unpack[CompletionCallParams]
    ) -> Stream[ChatEvent, Completion]:
        """``create``, with typed events as its items.

        Those of a chat stream that a text has: ``content``, ``logprobs``, ``usage``
        and ``finish``.
        """
        return TextStream(self._reader("stream", model, prompt, params), _events())

    def _reader(
        self, function: str, model: str, prompt: Prompt, params: Mapping[str, object]
    ) -> AnswerReader[CompletionChunk, Completion]:
        fields, options = split(
            params,
            function=function,
            keywords=_KEYWORDS,
            own=("model", "prompt", "stream"),
        )
        request = encode_text(
            model=resolve_chat_model(model, is_known),
            prompt=prompt,
            params=fields,
            extra_body=options.get("extra_body"),
        )
        return reader_for(self._service, TEXT, request, options)


def _events() -> Callable[[Iterable[CompletionChunk]], Iterator[ChatEvent]]:
    builder = EventBuilder()
    return lambda chunks: builder.feed(map(as_chat, chunks))


def _as_is(chunks: Iterator[ItemT]) -> Iterator[ItemT]:
    return chunks
