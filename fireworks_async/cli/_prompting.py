"""The options that all commands share which ask a model: what, which, and in what form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._connection import (
    SIMULATED_MODEL,
    ServerOptions,
    open_client,
)
from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._prompts import read_prompts

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from fireworks_async import AsyncFireworks

__all__ = ("PromptOptions",)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOptions:
    """Prompts, the model that they go to, and how its answers are shown."""

    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROMPT",
            help="What to ask; - stands for standard input, which is also read when "
            "nothing is given and something is piped in.",
            show_default=False,
        ),
    ] = None
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="One more prompt; as often as you like. All are asked at once, and "
            "shown in order.",
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            envvar="FIREWORKS_MODEL",
            help="Such as deepseek-v3p1, or a full name. Not needed with --simulate.",
        ),
    ] = None
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One line of JSON a chunk; with several prompts, each has a "
            "prompt_index, from 0.",
        ),
    ] = False
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="The text exactly as it comes, and nothing else anywhere."
        ),
    ] = False

    def open_client(
        self, server: ServerOptions
    ) -> "AbstractAsyncContextManager[AsyncFireworks]":
        """Prepare a client for what was asked; nothing is opened yet.

        Raises:
            UsageError: There is no model, or options exclude each other.
            ConfigurationError: There is no key, or an option cannot be used.
        """
        if self.json and self.raw:
            raise UsageError("--json and --raw exclude each other")
        client = open_client(server)
        if self.model is None and not server.simulate:
            raise UsageError(
                "no model: give --model, such as --model deepseek-v3p1, or set "
                "FIREWORKS_MODEL"
            )
        return client

    @property
    def model_name(self) -> str:
        """The model, or the one that is simulated."""
        return self.model or SIMULATED_MODEL

    def read(self) -> Sequence[str]:
        """All prompts, in order.

        Raises:
            UsageError: There is none, or one is empty.
        """
        return read_prompts(self.words or (), self.prompt or ())
