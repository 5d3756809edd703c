"""``run_ray_batch``: a file in, a file of answers and one of failures out, through Ray."""

import importlib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final

from fireworks_async.batch._compressed import compressing
from fireworks_async.batch._ray import Dataset, batch_dataset, load_ray
from fireworks_async.batch._run import default_errors
from fireworks_async.batch._summary import BatchSummary
from fireworks_async.batch._tally import Example
from fireworks_async.errors import BatchError

__all__ = ("run_ray_batch",)

_AT_ONCE: Final = 4
"""Blocks that Ray Data gives an actor at a time, out of one task."""
_EXAMPLES: Final = 3
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
                examples.append(Example(row["custom_id"] or "", 0, row["error"][:300]))
            return
        self.succeeded += 1
        self.unpriced += row["cost"] is None
        self.prompt_tokens += row["prompt_tokens"] or 0
        self.cached_tokens += row["cached_tokens"] or 0
        self.completion_tokens += row["completion_tokens"] or 0


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
        input: JSONL (also ``.gz``), or Parquet; a directory or several, as Ray reads
            them.
        output: JSONL as ``run_batch`` writes it, or, with the ending ``.parquet``, a
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
    ray = load_ray()
    began = time.monotonic()
    source, results = os.fspath(input), Path(output).resolve()
    is_table = results.suffix.lower() == _TABLE
    if not ray.is_initialized():
        # Not None: that also finds what an earlier cluster has left behind.
        where = address or os.environ.get("RAY_ADDRESS") or "local"
        ray.init(address=where, log_to_driver=False)
    dataset = _rows_of(ray, source, options)
    answered = batch_dataset(
        dataset.repartition(target_num_rows_per_block=_AT_ONCE * block_rows),
        actors=actors,
        block_rows=block_rows,
        cpus=cpus,
        ledger=str(ledger or results.with_name(f"{results.name}.ledger")),
        base_url=base_url,
        api_key_env=api_key_env,
        records=not is_table,
        **options,
    )
    failures = Path(errors).resolve() if errors else default_errors(results)
    try:
        count = (
            _write_tables(ray, answered, results)
            if is_table
            else _write_lines(answered, results, failures)
        )
    except ray.exceptions.RayError as error:
        raise BatchError(f"Ray: {str(error).strip().splitlines()[-1]}") from None
    except OSError as error:
        raise BatchError(f"{error.filename or results}: {error.strerror}") from None
    elapsed = time.monotonic() - began
    return _summary(count, results, None if is_table else failures, elapsed)


def _rows_of(ray: Any, source: str, options: dict[str, Any]) -> Dataset:
    if source.lower().endswith(_TABLE):
        return ray.data.read_parquet(source)
    # As lines: what a row holds is for the API to judge, not for tables.
    options["column"] = "text"
    return ray.data.read_text(source)


def _write_lines(answered: Dataset, results: Path, failures: Path) -> _Count:
    """Write both files beside their places, then put them there."""
    count, failed = _Count(), 0
    new = {path: path.with_name(f"{path.name}.new") for path in (results, failures)}
    with ExitStack() as stack:
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
        new[failures].unlink()
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
        stopped=None,
        stopped_by="",
        notes=[],
    )
