"""Many rows in, an answer or an error for each out: nothing lost, nothing paid twice.

Uses the client as any stranger would. Public names are listed in ``__all__``; the
modules with an underscore are rooms of this one, and nobody else's.
"""

from fireworks_async._policy.catalogue import Prices
from fireworks_async.batch._check import BatchCheck, check_batch
from fireworks_async.batch._estimate import BatchEstimate, estimate_batch
from fireworks_async.batch._merge import BatchMerge, merge_batches
from fireworks_async.batch._options import BatchOptions
from fireworks_async.batch._ray import RayBatch, batch_dataset
from fireworks_async.batch._ray_run import run_ray_batch
from fireworks_async.batch._records import BatchResult
from fireworks_async.batch._run import BatchControl, run_batch
from fireworks_async.batch._summary import BatchSummary, LimitStep
from fireworks_async.batch._tally import BatchProgress

__all__ = (
    "BatchCheck",
    "BatchControl",
    "BatchEstimate",
    "BatchMerge",
    "BatchOptions",
    "BatchProgress",
    "BatchResult",
    "BatchSummary",
    "LimitStep",
    "Prices",
    "RayBatch",
    "batch_dataset",
    "check_batch",
    "estimate_batch",
    "merge_batches",
    "run_batch",
    "run_ray_batch",
)
