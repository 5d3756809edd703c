"""Asks all prompts of a command at once, and has each answer shown.

Nothing but the commands that ask imports this, and only when they run: it is not for
``--help``.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

import anyio

from fireworks_async import AsyncFireworks, Stream
from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._forms import AnyChunk, Form, JSONForm, TextForm
from fireworks_async.cli._lines import excerpt
from fireworks_async.cli._output import Output, RawOutput
from fireworks_async.cli._turns import Turns
from fireworks_async.errors import FireworksError

__all__ = ("Prepare", "Question", "Showing", "ask", "show")

ChunkT = TypeVar("ChunkT", bound=AnyChunk)

Showing: TypeAlias = Callable[[Form], Awaitable[object]]
"""Makes one call, and shows its answer in a form."""

Prepare: TypeAlias = Callable[
    [AsyncFireworks, Sequence[str]], Awaitable[Sequence[Showing]]
]
"""Prepares the calls of all prompts; what cannot be sent is found here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a command line asks.

    Attributes:
        prompts: Each is a call of its own.
        prepare: Makes the calls.
        choices: How many answers each prompt gets.
        json: Whether answers are shown as lines of JSON.
        raw: Whether answers are shown as they come, with nothing beside them.
    """

    prompts: Sequence[str]
    prepare: Prepare
    choices: int = 1
    json: bool = False
    raw: bool = False


async def ask(
    connection: AbstractAsyncContextManager[AsyncFireworks], question: Question
) -> ExitCode:
    """Ask, and show the answers.

    Raises:
        UsageError: A parameter cannot be sent.
        OSError: What is shown cannot be written; all streams are closed.
    """
    async with connection as client:
        try:
            showings = await question.prepare(client, question.prompts)
        except (TypeError, ValueError) as error:
            raise UsageError(str(error)) from None
        turns = Turns(len(showings))
        is_alone = len(showings) * question.choices == 1
        output = RawOutput(is_alone=is_alone) if question.raw else Output()
        with closing(output):
            forms = _forms(question, output, turns)
            well = await _answer_all(showings, forms, turns)
    return ExitCode.OK if well else ExitCode.FAILED


async def show(call: Stream[ChunkT, Any], form: Form) -> None:
    """Show an answer as it comes, and close it.

    Raises:
        FireworksError: The call failed.
    """
    async with call as stream:
        await show_chunks(stream, form)
    form.end(stream)


async def show_chunks(stream: Stream[ChunkT, Any], form: Form) -> None:
    """Show what comes of an open stream."""
    async for chunks in stream.batches():
        form.add(chunks)


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
    showings: Sequence[Showing], forms: Sequence[Form], turns: Turns
) -> bool:
    """Read all at once; one that fails does not disturb the others."""
    well = [False] * len(showings)

    async def answer(number: int) -> None:
        well[number] = await _answer(showings[number], forms[number])
        turns.end(number)

    problem: Exception | None = None
    try:
        async with anyio.create_task_group() as group:
            for number in range(len(showings)):
                group.start_soon(answer, number)
    except* OSError as errors:
        problem = errors.exceptions[0]
    if problem is not None:
        raise problem
    return all(well)


async def _answer(showing: Showing, form: Form) -> bool:
    try:
        await showing(form)
    except FireworksError as error:
        form.fail(error)
        return False
    return True
