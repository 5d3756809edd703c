"""How text streams are read, and their collector."""

from fireworks_async._protocol.collector import ChoiceParts, Collector
from fireworks_async._protocol.dialects import Dialect
from fireworks_async._protocol.text_completions import (
    Completion,
    CompletionChoice,
    CompletionChunk,
    decode_one_text,
    decode_text_chunk,
    decode_text_chunks,
)

__all__ = ("TEXT", "TextCollector")


class _TextParts(ChoiceParts[CompletionChoice, CompletionChoice]):
    """One choice being put together."""

    __slots__ = ()

    def add(self, choice: CompletionChoice) -> bool:
        self.text.append(choice.text)
        self.add_on_request(choice)
        return bool(choice.text)

    def result(self, index: int) -> CompletionChoice:
        return CompletionChoice(
            index=index,
            text=self.text.whole(),
            finish_reason=self.finish_reason,
            logprobs=self.copied_logprobs(),
            raw_output=self.raw_output,
            token_ids=self.copied_token_ids(),
            prompt_token_ids=self.prompt_token_ids,
        )


class TextCollector(Collector[CompletionChoice, CompletionChoice, Completion]):
    """Folds the chunks of one text stream."""

    __slots__ = ()

    def result(self) -> Completion:
        """The completion so far."""
        return Completion(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[
                parts.result(index) for index, parts in sorted(self._choices.items())
            ],
            usage=self.usage,
            perf_metrics=self.perf_metrics,
        )

    def _new_parts(self) -> _TextParts:
        return _TextParts()


TEXT: Dialect[CompletionChunk, Completion] = Dialect(
    chunk=CompletionChunk,
    collector=TextCollector,
    decode_one=decode_one_text,
    decode_chunks=decode_text_chunks,
    decode_chunk=decode_text_chunk,
    chunk_from_completion=decode_text_chunk,
)
