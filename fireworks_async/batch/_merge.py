"""The results of several runs over one input, put together; blocks."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from fireworks_async.batch._compressed import is_compressed
from fireworks_async.batch._files import RecordFile
from fireworks_async.batch._ledger import Ledger
from fireworks_async.batch._options import StrPath
from fireworks_async.batch._run import default_errors
from fireworks_async.errors import BatchError

__all__ = ("BatchMerge", "merge_batches")


class BatchMerge(msgspec.Struct, frozen=True):
    """What was put together.

    Attributes:
        recorded: Rows answered.
        recorded_failed: Rows that failed.
        repeated: Records of a row that another part has too; answers win.
        spent: US dollars by all parts together, as far as recorded.
    """

    recorded: int
    recorded_failed: int
    repeated: int
    spent: float


def merge_batches(
    output: StrPath, parts: Iterable[StrPath], *, ordered: bool = False
) -> BatchMerge:
    """Put files of results, and the files of failures beside them, together.

    The parts stay as they are. What is made can be gone on with like any other.

    Args:
        output: Must not exist.
        parts: Files of results.
        ordered: Put the records in the order of the input.

    Raises:
        BatchError: A file cannot be read or written, or is there already.
    """
    results = Path(output)
    failures = default_errors(results)
    for path in (results, failures):
        if path.exists():
            raise BatchError(f"{path}: exists; give a name that is not taken")
    sources = [Path(part) for part in parts]
    with ExitStack() as stack:
        for number, path in enumerate(sources):
            if path in sources[:number]:
                raise BatchError(f"{path}: named twice")
            if not path.is_file():
                raise BatchError(f"{path}: no such file")
            # Held while it is read, so that no run changes it; one that is packed is
            # put there whole.
            if not is_compressed(path):
                stack.callback(RecordFile.open(path).close)
        ledger = Ledger.open(results, failures)
        stack.callback(ledger.close)
        repeated = 0
        for path in sources:
            for each in (path, default_errors(path)):
                if each.exists():
                    repeated += ledger.adopt(each)
        ledger.sync()
        ledger.finish(ordered=ordered)
        recorded, failed, spent = ledger.index.totals()
        return BatchMerge(recorded, failed, repeated, spent)
