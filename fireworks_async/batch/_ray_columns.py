"""Rows out of tables, and what became of them into columns; nothing runs here."""

import importlib
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import msgspec

from fireworks_async.batch._blocks import Answered
from fireworks_async.batch._rows import Source

__all__ = ("Table", "sources_of", "with_columns")

Table: TypeAlias = Any
"""A ``pyarrow.Table``; it need not be there to check types."""


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: "_Details | None" = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Body(msgspec.Struct):
    usage: _Usage | None = None


class _Response(msgspec.Struct):
    body: msgspec.Raw


class _Error(msgspec.Struct):
    code: str | int | None = None
    message: str | None = None


class _Facts(msgspec.Struct):
    attempts: int = 0
    ttft: float | None = None
    e2e: float | None = None
    cost: float | None = None


class _Line(msgspec.Struct):
    """A record, as far as it becomes columns."""

    custom_id: str | None
    response: _Response | None
    error: _Error | None
    batch: _Facts


_line = msgspec.json.Decoder(_Line).decode
_body = msgspec.json.Decoder(_Body).decode


def sources_of(table: Table, column: str | None) -> list[Source]:
    """What asks for an answer in each row.

    Args:
        table: The rows.
        column: Which holds a request as a line; None when the row is the request.
    """
    if column is None:
        return [cast("Source", _without_nulls(row)) for row in table.to_pylist()]
    values = table.column(column).to_pylist()
    return [v.encode() if isinstance(v, str) else v or b"" for v in values]


def with_columns(
    table: Table | None, answers: Sequence[Answered], *, records: bool
) -> Table:
    """Put what became of rows beside them.

    Args:
        table: The rows; None for a table of what became of them alone.
        answers: In the order of the rows.
        records: Whether the lines of the result files, too, and no response.
    """
    pa: Any = importlib.import_module("pyarrow")

    types = {
        "custom_id": pa.string(),
        "error": pa.string(),
        "cause": pa.string(),
        "attempts": pa.int64(),
        "recorded": pa.bool_(),
        "prompt_tokens": pa.int64(),
        "cached_tokens": pa.int64(),
        "completion_tokens": pa.int64(),
        "ttft": pa.float64(),
        "e2e": pa.float64(),
        "cost": pa.float64(),
        "response": pa.large_string(),
    }
    rows = [_columns_of(answer) for answer in answers]
    columns = {
        name: pa.array([row[number] for row in rows], kind)
        for number, (name, kind) in enumerate(types.items())
    }
    if records:
        del columns["response"]
        lines = [answer.record for answer in answers]
        columns["record"] = pa.array(lines, pa.large_binary())
    if table is None:
        return pa.table(columns)
    joined: Any = table.drop_columns([n for n in columns if n in table.column_names])
    for name, column in columns.items():
        joined = joined.append_column(name, column)
    return joined


def _columns_of(answer: Answered) -> tuple[object, ...]:
    """The values of the columns, in their order."""
    line = _line(answer.record)
    facts, error, usage, response = line.batch, line.error, None, None
    if error is None and line.response is not None:
        response = bytes(line.response.body).decode()
        usage = _body(line.response.body).usage
    usage = usage or _Usage()
    details = usage.prompt_tokens_details or _Details()
    return (
        line.custom_id,
        None if error is None else error.message,
        None if error is None else str(error.code),
        0 if answer.was_recorded else facts.attempts,
        answer.was_recorded,
        usage.prompt_tokens,
        details.cached_tokens,
        usage.completion_tokens,
        facts.ttft,
        facts.e2e,
        facts.cost,
        response,
    )


def _without_nulls(value: object) -> object:
    """A row as it was before tables gave all rows the same fields."""
    match value:
        case dict():
            items = cast("dict[str, object]", value).items()
            return {k: _without_nulls(v) for k, v in items if v is not None}
        case list():
            return [_without_nulls(item) for item in cast("list[object]", value)]
        case _:
            return value
