"""``fireworks-async chat``."""

from functools import partial
from typing import Annotated

import typer

from fireworks_async.cli._connection import ServerOptions, open_client
from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._loop import run_in_loop
from fireworks_async.cli._prompts import read_prompts
from fireworks_async.cli._sampling import SamplingOptions

__all__ = ("chat",)

_SIMULATED_MODEL = "kimi-k2p6"


def chat(
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROMPT",
            help="What to ask; - stands for standard input, which is also read when "
            "nothing is given and something is piped in.",
            show_default=False,
        ),
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="One more prompt; as often as you like. All are asked at once, and "
            "shown in order.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            envvar="FIREWORKS_MODEL",
            help="Such as deepseek-v3p1, or a full name. Not needed with --simulate.",
        ),
    ] = None,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The system prompt.")
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One line of JSON a chunk; with several prompts, each has a "
            "prompt_index, from 0.",
        ),
    ] = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="The text exactly as it comes, and nothing else anywhere."
        ),
    ] = False,
    sampling: SamplingOptions,
    server: ServerOptions,
) -> ExitCode:
    """Ask a model, and show the answer as it comes.

    The answer goes to standard output. Standard error has a closing line with tokens,
    time to first token and tokens per second and, on a terminal, the reasoning, dimmed.
    """
    if json and raw:
        raise UsageError("--json and --raw exclude each other")
    client = open_client(server)
    if model is None and not server.simulate:
        raise UsageError(
            "no model: give --model, such as --model deepseek-v3p1, or set "
            "FIREWORKS_MODEL"
        )
    # Here, because it is not for --help.
    from fireworks_async.cli._asking import Question, ask  # noqa: PLC0415

    question = Question(
        prompts=read_prompts(words or (), prompt or ()),
        system=system,
        model=model or _SIMULATED_MODEL,
        params=sampling.params(),
        extra_body=sampling.extra_body(),
        json=json,
        raw=raw,
    )
    return run_in_loop(partial(ask, client, question))
