"""``fireworks-async complete``."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import ExitCode
from fireworks_async.cli._loop import run_in_loop
from fireworks_async.cli._prompting import PromptOptions
from fireworks_async.cli._sampling import SamplingOptions

if TYPE_CHECKING:
    from fireworks_async import AsyncFireworks
    from fireworks_async.cli._asking import Showing

__all__ = ("complete",)


def complete(
    *,
    asked: PromptOptions,
    echo: Annotated[
        bool, typer.Option("--echo", help="Show the prompt before its completion.")
    ] = False,
    sampling: SamplingOptions,
    server: ServerOptions,
) -> ExitCode:
    """Let a model go on from a text, and show how, as it comes.

    The model gets the text as it is, with no roles and no template around it.

    For example: fireworks-async complete -m deepseek-v3p1 "Once upon a time"
    """
    client = asked.open_client(server)
    from fireworks_async.cli._asking import (  # noqa: PLC0415 - not for --help
        Question,
        ask,
        show,
    )

    params = sampling.params()
    if echo:
        params["echo"] = True
    extra_body = sampling.extra_body()

    async def prepare(
        client: "AsyncFireworks", prompts: Sequence[str]
    ) -> "Sequence[Showing]":
        calls = [
            client.completions.create(
                model=asked.model_name,
                prompt=prompt,
                extra_body=extra_body,
                **params,
            )
            for prompt in prompts
        ]
        return [partial(show, call) for call in calls]

    question = Question(
        prompts=asked.read(),
        prepare=prepare,
        choices=sampling.n or 1,
        json=asked.json,
        raw=asked.raw,
    )
    return run_in_loop(partial(ask, client, question))
