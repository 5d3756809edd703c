"""``run_ray_batch``: a file in, a file of answers and one of failures out, through Ray."""

import importlib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from errno import ENOENT
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from fireworks_async.batch._blocks import nameless
from fireworks_async.batch._compressed import compressing, is_compressed
from fireworks_async.batch._files import RecordFile, lines_of
from fireworks_async.batch._ray import (
    Dataset,
    batch_dataset,
    checked_options,
    load_ray,
)
from fireworks_async.batch._ray_lines import LINE, TEXT, rows_in
from fireworks_async.batch._records import read
from fireworks_async.batch._run import default_errors
from fireworks_async.batch._shared_ledger import SharedLedger, key_of_request
from fireworks_async.batch._sources import STDIN, is_table
from fireworks_async.batch._summary import BatchSummary
from fireworks_async.batch._tally import Example
from fireworks_async.errors import BatchError

__all__ = ("run_ray_batch",)

_AT_ONCE: Final = 4
"""Blocks that Ray Data gives an actor at a time, out of one task."""
_AT_A_TIME: Final = 512
_EXAMPLES: Final = 3
_NAME_LENGTH: Final = 24
_COUNTED: Final = (
    "custom_id",
    "error",
    "cause",
    "attempts",
    "recorded",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "cost",
)
_TABLE: Final = ".parquet"


class _Count:
    """What the rows come to."""

    def __init__(self) -> None:
        self.rows = self.succeeded = self.recorded = self.attempts = 0
        self.prompt_tokens = self.cached_tokens = self.completion_tokens = 0
        self.cost = 0.0
        self.unpriced = 0
        self.failures: Counter[str] = Counter()
        self.examples: defaultdict[str, list[Example]] = defaultdict(list)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row by its columns."""
        self.rows += 1
        if row["recorded"]:
            self.recorded += 1
            return
        self.attempts += row["attempts"]
        self.cost += row["cost"] or 0.0
        if (cause := row["cause"]) is not None:
            self.failures[cause] += 1
            examples = self.examples[cause]
            if len(examples) < _EXAMPLES:
                examples.append(_example(row))
            return
        self.succeeded += 1
        self.unpriced += row["cost"] is None
        self.prompt_tokens += row["prompt_tokens"] or 0
        self.cached_tokens += row["cached_tokens"] or 0
        self.completion_tokens += row["completion_tokens"] or 0


def _example(row: Mapping[str, Any]) -> Example:
    recorded = read(row.get("record") or b"")
    line = 0 if recorded is None else recorded.batch.line
    return Example(row["custom_id"] or "", line, row["error"][:300])


def run_ray_batch(
    input: str | os.PathLike[str],  # noqa: A002 - what it is
    output: str | os.PathLike[str],
    *,
    errors: str | os.PathLike[str] | None = None,
    address: str | None = None,
    actors: int | tuple[int, int] = 1,
    block_rows: int = 256,
    cpus: float = 0.5,
    ledger: str | os.PathLike[str] | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    **options: Any,
) -> BatchSummary:
    """Answer every row of a file on the machines of a Ray cluster; blocks.

    May be killed at any moment and run again: what the ledger holds is not sent again.
    The files of answers and failures are there when the run is over, and whole.

    Args:
        input: JSONL (also ``.gz``), or Parquet; a file, or a directory of them.
        output: JSONL as ``run_batch`` writes it; what is there and is recorded so is
            taken over. Or, with the ending ``.parquet``, a
            directory of tables with the columns of ``RayBatch``, failures included.
        errors: Where failures go; by default ``<output>.errors.jsonl``.
        address: Of the cluster; None for the one that is connected to, else that of
            ``RAY_ADDRESS``, else a new one on this machine.
        actors: Processes that send; or at least and at most how many.
        block_rows: Rows that an actor takes at once.
        cpus: Processors that Ray sets aside for each; see ``batch_dataset``.
        ledger: A directory that all nodes see; by default ``<output>.ledger``.
        base_url: Of the API; by default what the environment of the nodes says.
        api_key_env: The variable of the nodes that holds the key, if not a usual one.
        options: As for ``RayBatch``.

    Raises:
        BatchError: It cannot begin, or not go on.
        ConfigurationError: Ray is not installed, or an option holds a key.
        TypeError: An option is unknown.
        ValueError: One cannot be used.
    """
    results = Path(output).resolve()
    failures = Path(errors).resolve() if errors else default_errors(results)
    source = _checked_places(os.fspath(input), results, failures)
    checked_options(options)
    makes_tables = results.suffix.lower() == _TABLE
    records = Path(ledger or results.with_name(f"{results.name}.ledger")).absolute()
    began = time.monotonic()
    ray = load_ray()
    with ExitStack() as stack:
        if not makes_tables:
            _keep_earlier(stack, results, failures, records)
        with _problems_told(ray, results):
            _join(ray, address)
            dataset = _rows_of(ray, source, options)
            answered = batch_dataset(
                dataset.repartition(target_num_rows_per_block=_AT_ONCE * block_rows),
                actors=actors,
                block_rows=block_rows,
                cpus=cpus,
                ledger=str(records),
                base_url=base_url,
                api_key_env=api_key_env,
                records=not makes_tables,
                **options,
            )
            count = (
                _write_tables(ray, answered, results)
                if makes_tables
                else _write_lines(answered, results, failures)
            )
    elapsed = time.monotonic() - began
    return _summary(count, results, None if makes_tables else failures, elapsed)


def _join(ray: Any, address: str | None) -> None:
    if not ray.is_initialized():
        # Not None: that also finds what an earlier cluster has left behind.
        where = address or os.environ.get("RAY_ADDRESS") or "local"
        try:
            ray.init(address=where, log_to_driver=False)
        except Exception as error:
            # Bare ones too, such as that a node takes too long.
            raise BatchError(f"Ray at {where} cannot be used: {error}") from error


@contextmanager
def _problems_told(ray: Any, results: Path) -> Generator[None]:
    """What Ray and the disk raise, in our words."""
    try:
        yield
    except ray.exceptions.RayError as error:
        raise BatchError(f"Ray: {str(error).strip().splitlines()[-1]}") from None
    except OSError as error:
        said = error.strerror or error
        raise BatchError(f"{error.filename or results}: {said}") from None


def _checked_places(source: str, results: Path, failures: Path) -> str:
    """Refuse what cannot be, before Ray is started."""
    _require_kinds(source, results, failures)
    places = [results, failures]
    if "://" not in source:
        path = Path(source).resolve()
        if not path.exists():
            raise BatchError(f"{source}: cannot be read: {os.strerror(ENOENT)}")
        places += [path, *path.parents] if results.suffix.lower() == _TABLE else [path]
    if len(set(places)) < len(places):
        raise ValueError("input, output and errors: expected different files")
    for path in (results, failures):
        if not path.parent.is_dir():
            raise BatchError(f"{path}: cannot be written: no such directory")
    if results.suffix.lower() == _TABLE and results.exists():
        _require_tables(results)
    return source


def _require_kinds(source: str, results: Path, failures: Path) -> None:
    if source == STDIN or _is_text_table(source):
        raise ValueError(f"{source}: Ray reads lines of JSON, and Parquet")
    makes_tables = results.suffix.lower() == _TABLE
    if _is_text_table(results.name) or (is_table(failures.name) and not makes_tables):
        raise ValueError("answers are lines of JSON, or tables: .jsonl or .parquet")


def _is_text_table(name: str) -> bool:
    return is_table(name) and not name.lower().endswith(_TABLE)


def _require_tables(results: Path) -> None:
    """Look what is in a directory of tables: all that is gets deleted for new ones."""
    if not results.is_dir():
        raise BatchError(f"{results}: is no directory")
    if any(each.suffix != _TABLE for each in results.iterdir()):
        raise BatchError(f"{results}: holds other things than tables")


def _keep_earlier(
    stack: ExitStack, results: Path, failures: Path, directory: Path
) -> None:
    """Hold the files, and see that the ledger has the answers that are in them.

    They may be those of a run without Ray, and are about to be replaced.
    """
    for path in (results, failures):
        if path.exists() and not is_compressed(path):
            stack.callback(RecordFile.open(path).close)
    if not results.exists():
        return
    ledger = SharedLedger(directory)
    stack.callback(ledger.close)
    ledger.refresh()
    lines = (line for _, line in lines_of(results))
    while some := list(islice(lines, _AT_A_TIME)):
        found = _answers_in(some)
        if missing := [each for each in found if ledger.find(each[0]) is None]:
            ledger.append(missing)


def _answers_in(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for line in lines:
        recorded = read(line)
        if recorded is None or recorded.has_failed or not recorded.custom_id:
            continue
        name, digest = recorded.custom_id, recorded.batch.digest
        if name == digest[:_NAME_LENGTH]:
            # It had none, and has another here.
            name = nameless(digest)
        with suppress(ValueError):
            yield key_of_request(name, bytes.fromhex(digest)), line


def _rows_of(ray: Any, source: str, options: dict[str, Any]) -> Dataset:
    if source.lower().endswith(_TABLE):
        return ray.data.read_parquet(source)
    # As lines: what a row holds is for the API to judge, not for tables.
    options["column"], options["line_column"] = TEXT, LINE
    return rows_in(ray, source)


def _write_lines(answered: Dataset, results: Path, failures: Path) -> _Count:
    """Write both files beside their places, then put them there."""
    count, failed = _Count(), 0
    new = {path: path.with_name(f"{path.name}.new") for path in (results, failures)}
    with ExitStack() as stack:
        for there in new.values():
            stack.callback(there.unlink, missing_ok=True)
        files: dict[Path, BinaryIO] = {
            path: stack.enter_context(there.open("wb")) for path, there in new.items()
        }
        with ExitStack() as packing:
            plain = {
                path: packing.enter_context(compressing(file, path))
                for path, file in files.items()
            }
            for table in answered.iter_batches(batch_format="pyarrow", batch_size=None):
                for row in table.to_pylist():
                    has_failed = row["cause"] is not None
                    plain[failures if has_failed else results].write(row["record"])
                    count.add(row)
                    failed += has_failed
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
        new[results].replace(results)
        if failed:
            new[failures].replace(failures)
        else:
            failures.unlink(missing_ok=True)
    return count


def _write_tables(ray: Any, answered: Dataset, results: Path) -> _Count:
    answered.write_parquet(str(results), mode=ray.data.SaveMode.OVERWRITE)
    count = _Count()
    parquet: Any = importlib.import_module("pyarrow.parquet")
    for path in results.glob("*.parquet"):
        for row in parquet.read_table(path, columns=list(_COUNTED)).to_pylist():
            count.add(row)
    return count


def _summary(
    count: _Count, results: Path, failures: Path | None, elapsed: float
) -> BatchSummary:
    return BatchSummary(
        results=str(results),
        errors="" if failures is None else str(failures),
        rows=count.rows,
        succeeded=count.succeeded,
        shared=0,
        causes={},
        failures=dict(count.failures),
        examples=dict(count.examples),
        done_before=count.recorded,
        failed_before=0,
        repeated=0,
        elsewhere=0,
        recorded=count.succeeded + count.recorded,
        recorded_failed=count.failures.total(),
        attempts=count.attempts,
        retried=max(0, count.attempts - count.succeeded - count.failures.total()),
        in_doubt=0,
        prompt_tokens=count.prompt_tokens,
        cached_tokens=count.cached_tokens,
        completion_tokens=count.completion_tokens,
        cost=count.cost,
        spent=count.cost,
        unpriced=count.unpriced,
        elapsed=elapsed,
        limits=[],
        stopped="account" if count.failures["account"] else None,
        stopped_by=count.examples["account"][0].message
        if count.failures["account"]
        else "",
        notes=[],
    )
