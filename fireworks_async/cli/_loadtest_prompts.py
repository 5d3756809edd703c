"""The options of ``loadtest`` for what is asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from fireworks_async.cli._loadtest_words import json_object

__all__ = ("PromptOptions",)

_PROMPTS = "Prompts and answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOptions:
    """What is asked."""

    input_tokens: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Tokens of a prompt as the server counts them: 512, 256-1024, 512~64 "
            "(normal) or log:512~300.",
            rich_help_panel=_PROMPTS,
        ),
    ] = "256"
    output_tokens: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Tokens of an answer, likewise; 0: as the model likes.",
            rich_help_panel=_PROMPTS,
        ),
    ] = "128"
    mix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WEIGHT:IN/OUT",
            help="Several kinds of requests; as often as you like.",
            rich_help_panel=_PROMPTS,
        ),
    ] = None
    prefix_tokens: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="How much of each prompt others begin with too.",
            rich_help_panel=_PROMPTS,
        ),
    ] = 0
    prefix_groups: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="How many different beginnings.",
            rich_help_panel=_PROMPTS,
        ),
    ] = 1
    same_prompt: Annotated[
        bool,
        typer.Option(
            "--same-prompt",
            help="Ask the same all the time. Else no two prompts begin alike, so that "
            "no prompt cache helps.",
            rich_help_panel=_PROMPTS,
        ),
    ] = False
    dataset: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Requests from JSON lines (bodies, batch lines) or ShareGPT.",
            rich_help_panel=_PROMPTS,
        ),
    ] = None
    turns: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Turns of a conversation.",
            rich_help_panel=_PROMPTS,
        ),
    ] = 1
    think: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Between an answer and the next turn.",
            rich_help_panel=_PROMPTS,
        ),
    ] = 0
    images: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Pictures in each prompt.",
            rich_help_panel=_PROMPTS,
        ),
    ] = 0
    image_size: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="PIXELS",
            help="Their width and height.",
            rich_help_panel=_PROMPTS,
        ),
    ] = 256
    cancel: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="The share of answers that are left in the middle.",
            rich_help_panel=_PROMPTS,
        ),
    ] = 0
    params: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help='Other fields of every request: {"temperature": 0}.',
            rich_help_panel=_PROMPTS,
        ),
    ] = None
    allow_stop: Annotated[
        bool,
        typer.Option(
            "--allow-stop",
            help="Let the model end before --output-tokens: no ignore_eos is sent.",
            rich_help_panel=_PROMPTS,
        ),
    ] = False

    def options(self) -> dict[str, Any]:
        """The keywords of ``run_loadtest`` that follow."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": None if self.output_tokens == "0" else self.output_tokens,
            "mix": self.mix or (),
            "prefix_tokens": self.prefix_tokens,
            "prefix_groups": self.prefix_groups,
            "same_prompt": self.same_prompt,
            "dataset": self.dataset,
            "turns": self.turns,
            "think": self.think,
            "images": self.images,
            "image_size": self.image_size,
            "cancel": self.cancel,
            "params": json_object("params", self.params),
            "ignore_eos": not self.allow_stop,
        }
