"""The options of ``batch`` about its rows and its pace, as ``run_batch`` takes them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._connection import SIMULATED_MODEL
from fireworks_async.cli._exits import UsageError

if TYPE_CHECKING:
    from fireworks_async.batch import Prices

__all__ = ("PaceOptions", "RowOptions", "options_of")

_ROWS = "Rows"
_PACE = "Pace and cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOptions:
    """What rows ask for, and which are sent."""

    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="In the place of every row's model. With --simulate, rows need none.",
            rich_help_panel=_ROWS,
        ),
    ] = None
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A field for every row, such as max_tokens=256; the row's own wins.",
            rich_help_panel=_ROWS,
        ),
    ] = None
    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="The prompt of rows that are columns, with {column} in it.",
            rich_help_panel=_ROWS,
        ),
    ] = None
    system: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="A system message before --prompt; likewise.",
            rich_help_panel=_ROWS,
        ),
    ] = None
    id_column: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The field that names a row.", rich_help_panel=_ROWS
        ),
    ] = "custom_id"
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Where rows go that do not say, such as /v1/embeddings.",
            rich_help_panel=_ROWS,
        ),
    ] = None
    only_failed: Annotated[
        bool,
        typer.Option(
            "--only-failed",
            help="Send nothing but rows recorded as failed.",
            rich_help_panel=_ROWS,
        ),
    ] = False
    retry: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="Which rows recorded as failed are sent again: stall, 429, 5xx, all.",
            rich_help_panel=_ROWS,
        ),
    ] = None
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Refuse to begin when a row is bad, or a recorded one has changed.",
            rich_help_panel=_ROWS,
        ),
    ] = False
    dedupe: Annotated[
        bool,
        typer.Option(
            "--dedupe",
            help="Send one of the rows that ask for the same.",
            rich_help_panel=_ROWS,
        ),
    ] = False
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="K/N",
            help="Send only the K-th of N parts of the rows; see merge.",
            rich_help_panel=_ROWS,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceOptions:
    """How fast rows are sent, for how much, and in which order."""

    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Rows in flight; else as many as the server bears.",
            rich_help_panel=_PACE,
        ),
    ] = None
    rpm: Annotated[
        float | None,
        typer.Option(
            min=0.001, metavar="N", help="Requests a minute.", rich_help_panel=_PACE
        ),
    ] = None
    tpm: Annotated[
        float | None,
        typer.Option(
            min=0.001, metavar="N", help="Tokens a minute.", rich_help_panel=_PACE
        ),
    ] = None
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            metavar="USD",
            help="Stop before more is spent, all runs of the job together.",
            rich_help_panel=_PACE,
        ),
    ] = None
    price: Annotated[
        str | None,
        typer.Option(
            metavar="IN,OUT[,CACHED]",
            help="US dollars per million tokens, in the place of the list's.",
            rich_help_panel=_PACE,
        ),
    ] = None
    no_retry_429: Annotated[
        bool,
        typer.Option(
            "--no-retry-429",
            help="Record a row that is refused for a rate limit as failed at once.",
            rich_help_panel=_PACE,
        ),
    ] = False
    drain: Annotated[
        float,
        typer.Option(
            min=0.0,
            metavar="SECONDS",
            help="What rows in flight have after a stop.",
            rich_help_panel=_PACE,
        ),
    ] = 60.0
    ordered: Annotated[
        bool,
        typer.Option(
            "--ordered",
            help="In the end, put the files in the order of the input.",
            rich_help_panel=_PACE,
        ),
    ] = False
    prefix_order: Annotated[
        bool,
        typer.Option(
            "--prefix-order",
            help="Send rows that begin alike together, for the prompt cache.",
            rich_help_panel=_PACE,
        ),
    ] = False


def options_of(
    rows: RowOptions, running: PaceOptions, *, max_retries: int | None, simulate: bool
) -> dict[str, object]:
    """The options of ``run_batch``.

    Args:
        rows: Which rows.
        running: How.
        max_retries: Attempts beyond the first; None: as the cause deserves.
        simulate: Whether rows that name no model get one that is simulated.

    Raises:
        UsageError: A word has no meaning.
    """
    params = dict(map(_param, rows.param or ()))
    if simulate:
        params.setdefault("model", SIMULATED_MODEL)
    return {
        "model": rows.model,
        "params": params,
        "prompt": rows.prompt,
        "system": rows.system,
        "id_column": rows.id_column,
        "endpoint": rows.endpoint,
        "only_failed": rows.only_failed,
        "retry": rows.retry or (),
        "strict": rows.strict,
        "dedupe": rows.dedupe,
        "shard": None if rows.shard is None else _shard(rows.shard),
        "concurrency": running.concurrency,
        "rpm": running.rpm,
        "tpm": running.tpm,
        "max_cost": running.max_cost,
        "prices": None if running.price is None else _prices(running.price),
        "max_retries": max_retries,
        "no_retry_429": running.no_retry_429,
        "drain": running.drain,
        "ordered": running.ordered,
        "prefix_order": running.prefix_order,
    }


def _param(text: str) -> tuple[str, object]:
    import msgspec  # noqa: PLC0415 - not for --help

    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"--param: expected NAME=VALUE, not {text!r}")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    try:
        return int(number), int(count)
    except ValueError:
        raise UsageError(f"--shard: expected K/N, not {text!r}") from None


def _prices(text: str) -> "Prices":
    from fireworks_async.batch import Prices  # noqa: PLC0415 - not for --help

    try:
        values = [float(each) for each in text.split(",")]
        return Prices(*values)
    except (TypeError, ValueError):
        raise UsageError(
            f"--price: expected IN,OUT or IN,OUT,CACHED, not {text!r}"
        ) from None
