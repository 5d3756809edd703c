"""The collector of chat streams: what only a conversation has."""

from typing import TYPE_CHECKING

from fireworks_async._protocol.chunks import ChoiceDelta, ChunkChoice
from fireworks_async._protocol.collector import ChoiceParts, Collector
from fireworks_async._protocol.completions import ChatCompletion, ChatMessage, Choice
from fireworks_async._protocol.pieces import Pieces

if TYPE_CHECKING:
    from fireworks_async._protocol.tool_calls import ToolCallCollector

__all__ = ("ChatCollector", "ChatParts")


class ChatParts(ChoiceParts[ChunkChoice, Choice]):
    """One choice being put together."""

    __slots__ = ("has_content", "reasoning", "refusal", "role", "tool_calls")

    def __init__(self) -> None:
        super().__init__()
        self.role = "assistant"
        self.has_content = False
        self.reasoning: Pieces | None = None
        self.refusal: str | None = None
        self.tool_calls: ToolCallCollector | None = None

    def add(self, choice: ChunkChoice) -> bool:
        delta = choice.delta
        output = False
        if text := delta.content:
            self.text.append(text)
            output = True
        elif text is not None:
            self.has_content = True
        if delta.role:
            self.role = delta.role
        if delta.reasoning_content or delta.tool_calls or delta.refusal:
            self._add_beside_text(delta)
            output = True
        if (
            choice.logprobs is not None
            or choice.token_ids is not None
            or choice.raw_output is not None
            or choice.prompt_token_ids is not None
        ):
            self.add_on_request(choice)
        return output

    def join(self) -> None:
        super().join()
        if self.reasoning is not None:
            self.reasoning.join()

    def _add_beside_text(self, delta: ChoiceDelta) -> None:
        if delta.reasoning_content:
            if self.reasoning is None:
                self.reasoning = Pieces()
            self.reasoning.append(delta.reasoning_content)
        if delta.refusal:
            self.refusal = (self.refusal or "") + delta.refusal
        if delta.tool_calls:
            if self.tool_calls is None:
                from fireworks_async._protocol.tool_calls import (  # noqa: PLC0415 - on first use
                    ToolCallCollector,
                )

                self.tool_calls = ToolCallCollector()
            self.tool_calls.add(delta.tool_calls)

    def result(self, index: int) -> Choice:
        text = self.text.whole()
        calls = self.tool_calls.result() if self.tool_calls is not None else None
        return Choice(
            index=index,
            message=ChatMessage(
                role=self.role,
                content=text or ("" if self.has_content and not calls else None),
                reasoning_content=(
                    self.reasoning.whole() if self.reasoning is not None else None
                ),
                tool_calls=calls,
                refusal=self.refusal,
            ),
            finish_reason=self.finish_reason,
            logprobs=self.copied_logprobs(),
            raw_output=self.raw_output,
            token_ids=self.copied_token_ids(),
        )


class ChatCollector(Collector[ChunkChoice, Choice, ChatCompletion]):
    """Folds the chunks of one chat stream."""

    __slots__ = ()

    def result(self) -> ChatCompletion:
        """The completion so far."""
        # They stand beside the choices, or, from some deployments, in each of them.
        prompt_token_ids = self._prompt_token_ids
        choices: list[Choice] = []
        for index, parts in sorted(self._choices.items()):
            choices.append(parts.result(index))
            prompt_token_ids = prompt_token_ids or parts.prompt_token_ids
        return ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=choices,
            usage=self.usage,
            perf_metrics=self.perf_metrics,
            prompt_token_ids=prompt_token_ids,
        )

    def _new_parts(self) -> ChoiceParts[ChunkChoice, Choice]:
        return ChatParts()
