"""``fireworks-async models``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import ExitCode
from fireworks_async.cli._lines import say
from fireworks_async.cli._unary import call, json_line, line

if TYPE_CHECKING:
    from fireworks_async import AsyncFireworks, Model
    from fireworks_async.types import ModelList

__all__ = ("models",)

_HEADING = ("model", "kind", "context", "tools", "images")
_WORDS = {True: "yes", False: "no", None: "?"}


def models(
    *,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORD",
            help="Only models whose name has all of these.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="Only kinds with this word: embedding."),
    ] = None,
    tools: Annotated[
        bool, typer.Option("--tools", help="Only models that call functions.")
    ] = False,
    images: Annotated[
        bool, typer.Option("--images", help="Only models that see images.")
    ] = False,
    min_context: Annotated[
        int, typer.Option(min=0, metavar="TOKENS", help="Only with a context so long.")
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="Lines of objects.")] = False,
    server: ServerOptions,
) -> ExitCode:
    """List the models that the key may use.

    For example: fireworks-async models qwen3 --tools
    """

    async def ask(client: "AsyncFireworks") -> "ModelList":
        return await client.models.list()

    found = [
        model
        for model in sorted(call(server, ask).data, key=lambda model: model.id)
        if all(word.lower() in model.id.lower() for word in words or ())
        and (kind is None or kind.lower() in (model.kind or "").lower())
        and (model.supports_tools or not tools)
        and (model.supports_image_input or not images)
        and (model.context_length or 0) >= min_context
    ]
    if not found:
        say("no model matches")
    if json:
        for model in found:
            json_line(model)
    else:
        _show([_HEADING, *map(_row, found)])
    return ExitCode.OK


def _row(model: "Model") -> tuple[str, ...]:
    return (
        model.id,
        model.kind or "?",
        str(model.context_length or "?"),
        _WORDS[model.supports_tools],
        _WORDS[model.supports_image_input],
    )


def _show(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        line("  ".join(cells).rstrip())
