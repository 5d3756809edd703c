"""All rows, in the order of the table."""

from benchmarks.faults.rows_conduct import CLOSINGS, KEYS, REFUSALS, REQUESTS, RETRIES
from benchmarks.faults.rows_streams import ANSWERS, CONTENTS, ENDINGS, USAGES

__all__ = ("ROWS",)

ROWS = (
    *ENDINGS,
    *CONTENTS,
    *ANSWERS,
    *USAGES,
    *CLOSINGS,
    *RETRIES,
    *REFUSALS,
    *REQUESTS,
    *KEYS,
)
