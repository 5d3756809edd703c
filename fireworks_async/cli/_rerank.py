"""``fireworks-async rerank``."""

from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import ExitCode
from fireworks_async.cli._lines import one_line
from fireworks_async.cli._prompts import read_texts
from fireworks_async.cli._unary import call, json_line, line

if TYPE_CHECKING:
    from fireworks_async import AsyncFireworks
    from fireworks_async.types import RerankResponse

__all__ = ("rerank",)


def rerank(
    *,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="What the documents are for.")
    ],
    documents: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DOCUMENT",
            help="Each is scored; - stands for the lines of standard input, which are "
            "also read when nothing is given.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="MODEL", help="The reranker.")
    ] = "qwen3-reranker-8b",
    top_n: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only so many, the best.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(metavar="TEXT", help="An instruction to the model.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Lines of objects.")] = False,
    server: ServerOptions,
) -> ExitCode:
    """Show documents in the order of their relevance, each after its score.

    For example: fireworks-async rerank "Capital of France?" "Bonn." "Paris."
    """
    texts = read_texts(documents or (), "document")

    async def ask(client: "AsyncFireworks") -> "RerankResponse":
        return await client.rerank.create(
            model=model,
            query=query,
            documents=texts,
            top_n=top_n,
            task=task,
            return_documents=False,
        )

    for row in call(server, ask).data:
        if json:
            row.document = texts[row.index]
            json_line(row)
        else:
            line(f"{row.relevance_score:.4f}  {one_line(texts[row.index])}")
    return ExitCode.OK
