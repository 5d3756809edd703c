"""What a caller may say about a batch, and what is made of it; nothing is opened."""

import math
import os
from collections.abc import Iterable, Mapping
from typing import Final, Self, TypeAlias, TypedDict, cast

import msgspec

from fireworks_async._client.embeddings import EmbeddingCallParams
from fireworks_async._client.options import (
    ChatCallParams,
    CompletionCallParams,
    check_count,
    unexpected_keyword,
)
from fireworks_async._client.rerank import RerankCallParams
from fireworks_async._policy.catalogue import Prices
from fireworks_async.batch._causes import Selector
from fireworks_async.batch._rows import ENDPOINTS, NOT_FIELDS, USUAL_ID, RowReader
from fireworks_async.batch._selection import Shard
from fireworks_async.batch._templates import Template

__all__ = ("BatchOptions", "Job", "PaceOptions", "RowOptions", "StrPath")

StrPath: TypeAlias = str | os.PathLike[str]


_FIELDS: Final = (
    frozenset(
        ChatCallParams.__optional_keys__
        | CompletionCallParams.__optional_keys__
        | EmbeddingCallParams.__optional_keys__
        | RerankCallParams.__optional_keys__
        | {"model", "stream"}.union(*ENDPOINTS.values())
    )
    - NOT_FIELDS
)

_UNKNOWN: Final = "a field without a keyword goes in extra_body"


class RowOptions(TypedDict, total=False):
    """How rows are read."""

    model: str | None
    """In the place of every row's model."""
    params: Mapping[str, object] | None
    """Fields for every row; the row's own win."""
    endpoint: str | None
    """Where rows go that do not say, such as ``/v1/embeddings``; else their fields
    tell."""


class PaceOptions(TypedDict, total=False):
    """How fast, how often and for how much rows are sent."""

    concurrency: int | None
    """Rows in flight, fixed; else as many as the server bears, which is found out."""
    rpm: float | None
    """Requests a minute at most."""
    tpm: float | None
    """Tokens a minute at most, prompt and generated together."""
    max_retries: int | None
    """Attempts beyond the first of one row at most, rate limits and starting
    deployments apart; else it depends on the cause."""
    no_retry_429: bool
    """Do not send a row again that was refused for a rate limit: it has failed."""
    max_cost: float | None
    """US dollars that are not exceeded, by all runs of the job together: a row is sent
    only if what it may cost at most is left."""
    prices: Prices | None
    """US dollars per million tokens, in the place of the list's."""


class CallOptions(RowOptions, PaceOptions, total=False):
    """What ``client.batch`` takes."""


class BatchOptions(CallOptions, total=False):
    """What ``run_batch`` takes."""

    prompt: str | None
    """Makes a chat request of the columns of a row: text with ``{column}`` in it."""
    system: str | None
    """The same, for a system message before it."""
    id_column: str
    """The field that is a row's name; ``custom_id`` by default."""
    ordered: bool
    """In the end, put the files in the order of the input."""
    only_failed: bool
    """Send nothing but rows recorded as failed."""
    retry: Iterable[str]
    """Which of them are sent again: causes (``stall``), statuses (``429``, ``5xx``), or
    ``all``."""
    strict: bool
    """Refuse to begin when a row makes no request, a name is used for two requests, or
    the request of a recorded row has changed."""
    dedupe: bool
    """Send one of the rows that ask for the same, and record all."""
    prefix_order: bool
    """Send rows that begin alike one after the other, the first of them alone, so that
    the others find their beginning in the prompt cache."""
    shard: tuple[int, int] | None
    """``(k, n)``: send only the k-th of n parts of the rows; parts are made by name."""
    drain: float | None
    """Seconds that rows in flight have after a stop, 60 by default; None for as long as
    the timeouts allow."""


_MAY_BE_ZERO = ("max_cost", "drain")


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """All that a run was told, checked; names are those of ``BatchOptions``."""

    model: str | None = None
    params: Mapping[str, object] | None = None
    endpoint: str | None = None
    concurrency: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    max_retries: int | None = None
    no_retry_429: bool = False
    max_cost: float | None = None
    prices: Prices | None = None
    prompt: str | None = None
    system: str | None = None
    id_column: str = USUAL_ID
    ordered: bool = False
    only_failed: bool = False
    retry: Selector = Selector(())
    strict: bool = False
    dedupe: bool = False
    prefix_order: bool = False
    shard: Shard | None = None
    drain: float | None = 60.0

    @classmethod
    def of(cls, options: Mapping[str, object], *, function: str) -> Self:
        """Check options.

        Args:
            options: As given.
            function: Whose they are, for the error.

        Raises:
            TypeError: An option is unknown, or of the wrong type.
            ValueError: One cannot be used.
        """
        values = dict(options)
        for name in values:
            if name not in cls.__struct_fields__:
                raise unexpected_keyword(function, name, cls.__struct_fields__)
        values["retry"] = Selector(cast("Iterable[str]", values.get("retry", ())))
        if values.get("shard") is not None:
            values["shard"] = Shard(*cast("tuple[int, int]", values["shard"]))
        for name, least in (("concurrency", 1), ("max_retries", 0)):
            if values.get(name) is not None:
                check_count(name, values[name], at_least=least)
        for name in ("rpm", "tpm", "max_cost", "drain"):
            if values.get(name) is not None:
                _check_amount(name, values[name], may_be_zero=name in _MAY_BE_ZERO)
        _check_prices(cast("Prices | None", values.get("prices")))
        for name in cast("Mapping[str, object]", values.get("params") or {}):
            if name not in _FIELDS:
                raise unexpected_keyword("params", name, _FIELDS, _UNKNOWN)
        job = cls(**values)  # type: ignore[arg-type]  # checked by name above
        job.reader()
        return job

    def reader(self) -> RowReader:
        """What makes requests of rows."""
        template = None
        if self.prompt is not None:
            template = Template(self.prompt, system=self.system)
        elif self.system is not None:
            raise ValueError("system: goes with prompt; other rows hold their messages")
        return RowReader(
            model=self.model,
            params=self.params,
            template=template,
            endpoint=self.endpoint,
            id_column=self.id_column,
        )


def _check_prices(prices: Prices | None) -> None:
    for price in () if prices is None else msgspec.structs.astuple(prices):
        if price is not None:
            _check_amount("prices", price, may_be_zero=True)


def _check_amount(name: str, value: object, *, may_be_zero: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}: expected a number, not {type(value).__name__}")
    if not math.isfinite(value) or value < 0 or (value == 0 and not may_be_zero):
        least = "at least 0" if may_be_zero else "more than 0"
        raise ValueError(f"{name}: expected {least}, and finite, not {value}")
