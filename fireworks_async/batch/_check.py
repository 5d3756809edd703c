"""What is wrong with an input, before anything is spent; blocks, and sends nothing."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Unpack

import msgspec

from fireworks_async._client.embeddings import EmbeddingCallParams
from fireworks_async._client.options import split
from fireworks_async._client.rerank import RerankCallParams
from fireworks_async.batch._causes import Selector
from fireworks_async.batch._index import Entry, Index
from fireworks_async.batch._options import BatchOptions, Job, StrPath
from fireworks_async.batch._rows import Problem, Row
from fireworks_async.batch._selection import Selection
from fireworks_async.batch._sources import STDIN, chunks_of
from fireworks_async.errors import BatchError

__all__ = ("BatchCheck", "check_batch", "require_clean")

_SHOWN: Final = 20
_KEYWORDS: Final = {
    "/v1/embeddings": EmbeddingCallParams.__optional_keys__,
    "/v1/rerank": RerankCallParams.__optional_keys__,
}
_NAMED: Final = frozenset({"model", "input", "query", "documents"})


class BatchCheck(msgspec.Struct, kw_only=True):
    """What was found.

    Attributes:
        rows: How many there are, bad ones included.
        problems: The first of those that make no request, with line and reason.
        bad: How many of those there are.
        repeated: Rows that are there more than once, the same each time.
        nameless: Rows without a ``custom_id``; they are named after their request.
        models: Rows by model.
        endpoints: Rows by endpoint.
        size: Of all requests, in bytes of JSON.
        largest: Of one.
    """

    rows: int = 0
    problems: list[Problem] = []
    bad: int = 0
    repeated: int = 0
    nameless: int = 0
    models: dict[str, int] = {}
    endpoints: dict[str, int] = {}
    size: int = 0
    largest: int = 0

    def lines(self) -> Iterator[str]:
        """The same for a person."""
        yield f"{self.rows} rows, {self.bad} of them bad, {self.repeated} repeated"
        for problem in self.problems:
            yield f"line {problem.line}: {problem.text}"
        if self.bad > len(self.problems):
            yield f"and {self.bad - len(self.problems)} more"
        for name, count in self.models.items():
            yield f"{name}: {count}"
        if len(self.models) > 1:
            yield "several models: the batch services of others take one a file"
        if len(self.endpoints) > 1:
            yield "several endpoints: the batch services of others take one a file"
        if self.nameless:
            yield f"{self.nameless} rows have no custom_id"


def check_batch(
    input: StrPath,  # noqa: A002 - as of run_batch
    **options: Unpack[BatchOptions],
) -> BatchCheck:
    """Look through an input: bad JSON, names used twice, unknown parameters, models.

    Args:
        input: As for ``run_batch``.
        options: Likewise.

    Raises:
        BatchError: It cannot be read.
        TypeError: An option is unknown, or of the wrong type.
        ValueError: An option cannot be used.
    """
    job = Job.of(options, function="check_batch")
    with tempfile.TemporaryDirectory(prefix="fireworks-batch-") as folder:
        index = Index(Path(folder, "index"))
        try:
            return _checked(os.fspath(input), job, index, strict=False)
        finally:
            index.close()


def require_clean(source: str, job: Job, index: Index) -> None:
    """Refuse an input that a strict run does not begin with.

    Args:
        source: The input.
        job: How it is read.
        index: What is recorded.

    Raises:
        BatchError: Something is wrong with it; the first such row is named.
    """
    if source == STDIN:
        raise BatchError("strict: standard input cannot be read twice")
    found = _checked(source, job, index, strict=True)
    index.forget_seen()
    if found.bad:
        first = found.problems[0]
        raise BatchError(
            f"line {first.line}: {first.text} ({found.bad} bad rows in all)"
        )


def _checked(source: str, job: Job, index: Index, *, strict: bool) -> BatchCheck:
    # Only to hear what it refuses; it has no key and goes nowhere.
    from fireworks_async._client.client import AsyncFireworks  # noqa: PLC0415 - loads the network

    client = AsyncFireworks(api_key="none", base_url="http://localhost/v1")
    check = BatchCheck()
    models: Counter[str] = Counter()
    endpoints: Counter[str] = Counter()
    reader = job.reader()
    selection = Selection(_Unrecorded(index), retry=Selector(["all"]), strict=strict)
    for chunk in chunks_of(source):
        rows = [reader.read(number, each) for number, each in chunk]
        check.rows += len(rows)
        for number, row in enumerate(rows):
            if isinstance(row, Row):
                models[row.model] += 1
                endpoints[row.endpoint] += 1
                check.nameless += not row.custom_id
                check.size += row.prompt_bytes
                check.largest = max(check.largest, row.prompt_bytes)
                if (reason := _refused(row, client)) is not None:
                    rows[number] = Problem(
                        line=row.line,
                        custom_id=row.custom_id,
                        digest=row.digest,
                        text=reason,
                    )
        selected = selection.select(rows)
        check.repeated += selected.repeated
        check.bad += len(selected.problems)
        check.problems += selected.problems[: _SHOWN - len(check.problems)]
    check.models, check.endpoints = dict(models), dict(endpoints)
    return check


def _refused(row: Row, client: Any) -> str | None:
    """What the client would say of the row; a call that is not used sends nothing."""
    try:
        if row.endpoint == "/v1/chat/completions":
            client.chat.completions.create(**row.body)
        elif row.endpoint == "/v1/completions":
            client.completions.create(**row.body)
        else:
            split(row.body, keywords=_KEYWORDS[row.endpoint] | _NAMED)
    except (TypeError, ValueError) as error:
        return str(error)
    return None


class _Unrecorded:
    """A ledger as far as a selection needs one, of which nothing will be written."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def supersede(self, entry: Entry) -> None:
        pass

    def expect(self, entries: Sequence[Entry]) -> None:
        self.index.put(entries)
