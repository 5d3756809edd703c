"""``fireworks-async merge``."""

from typing import Annotated

import typer

from fireworks_async.cli._exits import ExitCode
from fireworks_async.cli._unary import json_line, line

__all__ = ("merge",)


def merge(
    *,
    output: Annotated[
        str, typer.Argument(metavar="OUTPUT", help="A file that is not there yet.")
    ],
    parts: Annotated[
        list[str],
        typer.Argument(metavar="PART", help="Files of answers, made by batch."),
    ],
    ordered: Annotated[
        bool, typer.Option("--ordered", help="In the order of the input.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="The summary as one line of JSON.")
    ] = False,
) -> ExitCode:
    """Put the results of several runs of batch together, such as those of --shard.

    The files of failures beside them are put together too. Of a row that is in several,
    an answer wins.

    For example: fireworks-async merge all.jsonl part1.jsonl part2.jsonl
    """
    from fireworks_async.batch import merge_batches  # noqa: PLC0415 - not for --help
    from fireworks_async.batch._cost import dollars  # noqa: PLC0415 - likewise

    merged = merge_batches(output, parts, ordered=ordered)
    if json:
        json_line(merged)
    else:
        # Where nothing is recorded as spent, no run knew the price.
        spent = f"; {dollars(merged.spent)} in all" if merged.spent else ""
        line(
            f"{merged.recorded} answers and {merged.recorded_failed} failures, "
            f"{merged.repeated} repeated{spent}"
        )
    return ExitCode.OK
