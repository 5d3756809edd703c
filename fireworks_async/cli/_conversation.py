"""What ``chat`` sends: messages with attachments, tools that run here, an answer's form.

Nothing but ``chat`` imports this, and only when it runs: it is not for ``--help``.
"""

import copy
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import anyio.to_thread

from fireworks_async import (
    AsyncFireworks,
    ChatCompletion,
    ChatCompletionChunk,
    FireworksError,
    Stream,
)
from fireworks_async._protocol.params import GenerationParams
from fireworks_async._protocol.parsed import TypedAnswer
from fireworks_async.cli._asking import Showing, show_chunks
from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._forms import Form
from fireworks_async.cli._lines import excerpt, one_line
from fireworks_async.types import ContentPart, FunctionTool, ToolRun

__all__ = ("Conversation",)

_MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """How each prompt becomes a call, or with tools a run of calls.

    Attributes:
        model: The model, by any of its names.
        system: The system prompt.
        parts: Reads what every prompt comes with.
        tools: Functions that the model may call.
        wanted: What the answer has to fit, a JSON Schema or a type; None is anything.
        params: Keyword arguments of the calls.
        extra_body: Fields of the request that have no keyword.
    """

    model: str
    system: str | None = None
    parts: Callable[[], Awaitable[Sequence[ContentPart]]] | None = None
    tools: Sequence[FunctionTool] = ()
    wanted: object = None
    params: GenerationParams
    extra_body: Mapping[str, object]

    async def prepare(
        self, client: AsyncFireworks, prompts: Sequence[str]
    ) -> list[Showing]:
        """Prepare the calls of all prompts; nothing is sent.

        Raises:
            UsageError: A file cannot be used, or options exclude each other.
            TypeError: A value cannot be sent.
            ValueError: Likewise.
        """
        params = self.params
        answer: TypedAnswer[Any] | None = None
        if self.wanted is not None:
            answer = TypedAnswer(self.wanted, mode="auto", strict=True)
            params = cast("GenerationParams", answer.fields(params))
        tools = self.tools
        if tools and (params.get("n") or 1) > 1:
            raise UsageError("--n and --tools exclude each other")
        parts = await self.parts() if self.parts is not None else ()
        showings: list[Showing] = []
        for prompt in prompts:
            messages = self._messages(prompt, parts)
            # With tools it is not sent, and finds what could not be.
            call = client.chat.completions.create(
                model=self.model,
                messages=messages,
                tools=[tool.definition for tool in tools] or None,
                extra_body=self.extra_body,
                **params,
            )
            if tools:
                run = partial(
                    client.chat.completions.run_tools,
                    model=self.model,
                    messages=messages,
                    extra_body=self.extra_body,
                    max_rounds=_MOST_ROUNDS,
                    **params,
                )
                showings.append(partial(_show_run, run, tools, answer))
            else:
                showings.append(partial(_show_answer, call, answer))
        return showings

    def _messages(self, prompt: str, parts: Sequence[ContentPart]) -> list[object]:
        text: ContentPart = {"type": "text", "text": prompt}
        messages: list[object] = [
            {"role": "user", "content": [*parts, text] if parts else prompt}
        ]
        if self.system is not None:
            messages.insert(0, {"role": "system", "content": self.system})
        return messages


async def _show_answer(
    call: Stream[ChatCompletionChunk, ChatCompletion],
    answer: TypedAnswer[Any] | None,
    form: Form,
) -> None:
    async with call as stream:
        await show_chunks(stream, form)
    if answer is not None:
        answer.read(stream.snapshot)
    form.end(stream)


async def _show_run(
    run_tools: Callable[..., Awaitable[ToolRun]],
    tools: Sequence[FunctionTool],
    answer: TypedAnswer[Any] | None,
    form: Form,
) -> None:
    async def watch(stream: Stream[ChatCompletionChunk, ChatCompletion]) -> None:
        await show_chunks(stream, form)
        form.end(stream)
        for made in stream.snapshot.choices[0].message.tool_calls or ():
            form.step(f"→ {made.function.name}({one_line(made.function.arguments)})")

    run = await run_tools(tools=[_shown(tool, form) for tool in tools], watch=watch)
    if run.completion.choices[0].message.tool_calls:
        raise FireworksError(f"the model still calls tools after {_MOST_ROUNDS} rounds")
    if answer is not None:
        answer.read(run.completion)


def _shown(tool: FunctionTool, form: Form) -> FunctionTool:
    """Make a tool that shows what the function gave."""
    function = tool.function

    async def run(**arguments: object) -> object:
        try:
            if inspect.iscoroutinefunction(function):
                result: object = await function(**arguments)
            else:
                result = await anyio.to_thread.run_sync(partial(function, **arguments))
                if inspect.isawaitable(result):
                    result = await result
        except Exception as error:
            form.step(f"← {tool.name}: {type(error).__name__}: {excerpt(str(error))}")
            raise
        form.step(f"← {tool.name}: {excerpt(str(result))}")
        return result

    shown = copy.copy(tool)
    shown.function = run
    return shown
