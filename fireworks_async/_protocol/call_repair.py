"""The collector of streams with tools: calls that were written as text become calls.

It rewrites the chunks that it folds, so that those who read them, in whatever form, and
those who read the completion see the same. Without tools nobody meets it.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Final

from fireworks_async._protocol.chat_collector import ChatCollector, ChatParts
from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
    FunctionCallDelta,
    ToolCallDelta,
)
from fireworks_async._protocol.collector import ChoiceParts, Chunk
from fireworks_async._protocol.completions import ChatCompletion, Choice, FunctionCall
from fireworks_async._protocol.dialects import CHAT, Dialect
from fireworks_async._protocol.written_call_reader import Piece, WrittenCallReader
from fireworks_async._protocol.written_calls import offered_tools
from fireworks_async._typing import JSONObject

__all__ = ("RepairingCollector", "chat_with_tools")

# An answer that ended otherwise was cut, and a call in it may be.
_WELL_ENDED: Final = frozenset({"stop", "tool_calls"})
_HALF_OF_ID: Final = 12


class _RepairingParts(ChatParts):
    """One choice being put together.

    Args:
        names: The tools that were offered.
        origin: Tells the choice from all others, also from those of other answers.
    """

    __slots__ = ("_origin", "_reader", "_written")

    def __init__(self, names: Collection[str], origin: str) -> None:
        super().__init__()
        self._reader = WrittenCallReader(names)
        self._origin = origin
        self._written = 0

    def add(self, choice: ChunkChoice) -> bool:
        delta, reader = choice.delta, self._reader
        text = delta.content
        if (
            text
            and not choice.finish_reason
            and not delta.tool_calls
            and reader.skips(text)
        ):
            # As nearly all chunks of a text are.
            return super().add(choice)
        has_text = bool(text)
        pieces: list[Piece] = []
        if text:
            pieces += reader.feed(text)
        if delta.tool_calls:
            # The server knows calls when it sees them: what is held was none.
            pieces += reader.close(may_call=False)
        if choice.finish_reason:
            pieces += reader.close(may_call=choice.finish_reason in _WELL_ENDED)
            if reader.has_called and choice.finish_reason == "stop":
                choice.finish_reason = "tool_calls"
        if has_text or pieces:
            self._rewrite(delta, pieces)
        # What is held back counts as output: the model is not silent.
        return super().add(choice) or has_text

    def result(self, index: int) -> Choice:
        choice = super().result(index)
        if held := self._reader.held:
            choice.message.content = (choice.message.content or "") + held
        return choice

    def _rewrite(self, delta: ChoiceDelta, pieces: Iterable[Piece]) -> None:
        texts: list[str] = []
        calls: list[ToolCallDelta] = []
        for piece in pieces:
            if isinstance(piece, str):
                texts.append(piece)
            else:
                calls.append(self._delta_of(piece))
        delta.content = "".join(texts) or None
        if calls:
            delta.tool_calls = [*calls, *(delta.tool_calls or ())]

    def _delta_of(self, call: FunctionCall) -> ToolCallDelta:
        index = self._written
        self._written += 1
        unique = f"{self._origin}/{index}/{call.name}/{call.arguments}"
        digest = hashlib.blake2b(
            unique.encode(errors="surrogatepass"), digest_size=_HALF_OF_ID
        )
        return ToolCallDelta(
            index=index,
            id=f"call_{digest.hexdigest()}",
            type="function",
            function=FunctionCallDelta(call.name, call.arguments),
        )


class RepairingCollector(ChatCollector):
    """Folds the chunks of one chat stream, and puts calls where they were meant.

    Args:
        names: The tools that were offered.
    """

    __slots__ = ("_answer", "_names")

    def __init__(self, names: Collection[str]) -> None:
        super().__init__()
        self._names = names
        self._answer = ""

    def add(self, chunks: Sequence[Chunk[ChunkChoice]]) -> bool:
        """Take the chunks of one read, and rewrite them where calls are in them."""
        if not self._answer:
            self._answer = next((chunk.id for chunk in chunks if chunk.id), "")
        return super().add(chunks)

    def _new_parts(self) -> ChoiceParts[ChunkChoice, Choice]:
        return _RepairingParts(self._names, f"{self._answer}/{len(self._choices)}")


def chat_with_tools(
    params: JSONObject, extra_body: JSONObject | None
) -> Dialect[ChatCompletionChunk, ChatCompletion]:
    """Say how the answer to a request that has tools is read.

    Args:
        params: The fields of the request.
        extra_body: Fields that are merged over them.
    """
    names = offered_tools(params, extra_body)
    if not names:
        return CHAT
    return CHAT._replace(collector=partial(RepairingCollector, names))
