"""Asks all prompts of a command at once, and has each answer shown.

Nothing but ``chat`` imports this, and only when it runs: it is not for ``--help``.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import anyio

from fireworks_async import AsyncFireworks, ChatCompletion, ChatCompletionChunk, Stream
from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._forms import Form, JSONForm, TextForm
from fireworks_async.cli._lines import excerpt
from fireworks_async.cli._output import Output, RawOutput
from fireworks_async.cli._turns import Turns
from fireworks_async.errors import FireworksError
from fireworks_async.types import ChatParams

__all__ = ("Question", "ask")

ChatStream: TypeAlias = Stream[ChatCompletionChunk, ChatCompletion]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a command line asks.

    Attributes:
        prompts: Each is a call of its own.
        system: The system prompt of all.
        model: The model, by any of its names.
        params: Keyword arguments of the calls.
        extra_body: Fields of the request that have no keyword.
        json: Whether answers are shown as lines of JSON.
        raw: Whether answers are shown as they come, with nothing beside them.
    """

    prompts: Sequence[str]
    system: str | None
    model: str
    params: ChatParams
    extra_body: Mapping[str, object]
    json: bool
    raw: bool

    @property
    def choices(self) -> int:
        """How many answers each prompt gets."""
        return self.params.get("n") or 1


async def ask(
    connection: AbstractAsyncContextManager[AsyncFireworks], question: Question
) -> ExitCode:
    """Ask, and show the answers.

    Raises:
        UsageError: A parameter cannot be sent.
        OSError: What is shown cannot be written; all streams are closed.
    """
    async with connection as client:
        calls = [_call(client, question, prompt) for prompt in question.prompts]
        turns = Turns(len(calls))
        is_alone = len(calls) * question.choices == 1
        output = RawOutput(is_alone=is_alone) if question.raw else Output()
        with closing(output):
            well = await _answer_all(calls, _forms(question, output, turns), turns)
    return ExitCode.OK if well else ExitCode.FAILED


def _call(client: AsyncFireworks, question: Question, prompt: str) -> ChatStream:
    messages = [{"role": "user", "content": prompt}]
    if question.system is not None:
        messages.insert(0, {"role": "system", "content": question.system})
    try:
        return client.chat.completions.create(
            model=question.model,
            messages=messages,
            extra_body=question.extra_body,
            **question.params,
        )
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None


def _forms(question: Question, output: Output, turns: Turns) -> list[Form]:
    several = len(question.prompts) > 1
    forms: list[Form] = []
    for index, prompt in enumerate(question.prompts):
        label = f"prompt {index + 1}: " if several else ""
        if question.json:
            number = index if several else None
            forms.append(JSONForm(output, prompt_index=number, label=label))
        else:
            text = TextForm(
                output,
                partial(turns.say, index),
                title=excerpt(prompt) if several else None,
                label=label,
                choices=question.choices,
            )
            forms.append(text)
    return forms


async def _answer_all(
    calls: Sequence[ChatStream], forms: Sequence[Form], turns: Turns
) -> bool:
    """Read all at once; one that fails does not disturb the others."""
    well = [False] * len(calls)

    async def answer(number: int) -> None:
        well[number] = await _answer(calls[number], forms[number])
        turns.end(number)

    problem: Exception | None = None
    try:
        async with anyio.create_task_group() as group:
            for number in range(len(calls)):
                group.start_soon(answer, number)
    except* OSError as errors:
        problem = errors.exceptions[0]
    if problem is not None:
        raise problem
    return all(well)


async def _answer(call: ChatStream, form: Form) -> bool:
    try:
        async with call as stream:
            async for chunks in stream.batches():
                form.add(chunks)
    except FireworksError as error:
        form.fail(error)
        return False
    form.end(call)
    return True
