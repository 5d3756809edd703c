"""``fireworks-async embed``."""

from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._lines import counted, say
from fireworks_async.cli._prompts import read_texts
from fireworks_async.cli._unary import call, json_line

if TYPE_CHECKING:
    from fireworks_async import AsyncFireworks
    from fireworks_async.types import EmbeddingResponse

__all__ = ("embed",)

_SIMULATED_MODEL = "nomic-ai/nomic-embed-text-v1.5"


def embed(
    *,
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT",
            help="Each is embedded; - stands for the lines of standard input, which "
            "are also read when nothing is given.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="Such as qwen3-embedding-8b. Not needed with --simulate.",
        ),
    ] = None,
    dimensions: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Length of the vectors.")
    ] = None,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Vectors of length 1.")
    ] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="Lines of objects, with the index of each text."),
    ] = False,
    server: ServerOptions,
) -> ExitCode:
    """Show the vector of each text, one line of JSON each.

    For example: fireworks-async embed -m qwen3-embedding-8b "One text"
    """
    if model is None and not server.simulate:
        raise UsageError("no model: give --model, such as --model qwen3-embedding-8b")
    inputs = read_texts(texts or (), "text")

    async def ask(client: "AsyncFireworks") -> "EmbeddingResponse[list[float]]":
        return await client.embeddings.create(
            model=model or _SIMULATED_MODEL,
            input=inputs,
            dimensions=dimensions,
            normalize=normalize or None,
        )

    answer = call(server, ask)
    for row in answer.data:
        json_line(row if json else row.embedding)
    tokens = counted(answer.usage.total_tokens, "token") if answer.usage else "no usage"
    vectors = counted(len(answer.data), "vector")
    say(f"{vectors} of {len(answer.data[0].embedding)} · {tokens}")
    return ExitCode.OK
