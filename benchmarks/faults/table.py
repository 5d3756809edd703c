"""The rows and cells as Markdown, as they go into the README."""

from collections.abc import Mapping, Sequence

from benchmarks.faults.trials import Row

__all__ = ("MARK", "table")

# Put to a cell that is not worth believing.
MARK = " (!)"
_LEGEND = "(!): the same call without the fault did not give the whole answer either."


def table(rows: Sequence[Row], columns: Mapping[str, Sequence[str]]) -> str:
    """One line a row, one column a peer, whose cells are in the order of the rows."""
    lines = [["what happens", *columns], ["---"] * (len(columns) + 1)]
    for number, row in enumerate(rows):
        lines.append([row.title, *(cells[number] for cells in columns.values())])
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{text}\n\n{_LEGEND}" if MARK in text else text
