"""``fireworks-async chat``."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fireworks_async.cli._attachments import AttachmentOptions
from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import ExitCode
from fireworks_async.cli._loop import run_in_loop
from fireworks_async.cli._prompting import PromptOptions
from fireworks_async.cli._sampling import SamplingOptions
from fireworks_async.cli._sources import read_schema, read_tools

__all__ = ("chat",)

_PANEL = "Tools and answers of a form"


def chat(
    *,
    asked: PromptOptions,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The system prompt.")
    ] = None,
    attached: AttachmentOptions,
    tools: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.py",
            help="The model may call the functions in this file, which run here.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.json|MODULE:TYPE",
            help="The answer has to fit a JSON Schema, or a Python type.",
            rich_help_panel=_PANEL,
        ),
    ] = None,
    sampling: SamplingOptions,
    server: ServerOptions,
) -> ExitCode:
    """Ask a model, and show the answer as it comes.

    The answer goes to standard output. Standard error has a closing line with tokens,
    time to first token and tokens per second, the calls of tools and, on a terminal,
    the reasoning, dimmed.

    For example: fireworks-async chat -m deepseek-v3p1 "Why is the sky blue?"
    """
    client = asked.open_client(server)
    from fireworks_async.cli._asking import Question, ask  # noqa: PLC0415 - not for --help
    from fireworks_async.cli._conversation import (  # noqa: PLC0415 - likewise
        Conversation,
    )

    conversation = Conversation(
        model=asked.model_name,
        system=system,
        parts=attached.parts,
        # Before there is a loop: code of the user's runs here as it would by itself.
        tools=() if tools is None else read_tools(tools),
        wanted=None if schema is None else read_schema(schema),
        params=sampling.params(),
        extra_body=sampling.extra_body(),
    )
    question = Question(
        prompts=asked.read(),
        prepare=conversation.prepare,
        choices=sampling.n or 1,
        json=asked.json,
        raw=asked.raw,
    )
    return run_in_loop(partial(ask, client, question))
