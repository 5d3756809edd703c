"""Batches on Ray Data: the class for ``map_batches``, and the limit that actors share.

The only room that knows Ray, which it loads when it is used. What an actor does with
its rows is ``BlockRunner``'s, and what tables hold is ``_ray_columns``'.
"""

import asyncio
import contextlib
import importlib
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from fireworks_async.batch._blocks import Answered, BlockRunner, BlockSettings
from fireworks_async.batch._leases import RENEW_AFTER, Lease, Leases
from fireworks_async.batch._loop_thread import LoopThread
from fireworks_async.batch._options import Job
from fireworks_async.batch._ray_columns import Table, sources_of, with_columns
from fireworks_async.batch._rows import Source
from fireworks_async.errors import ConfigurationError

__all__ = ("Dataset", "RayBatch", "batch_dataset", "checked_options", "load_ray")

Dataset: TypeAlias = Any
"""A ``ray.data.Dataset``; Ray need not be there to check types."""

_NOTHING: Final = 1e-9
_BLOCK_ROWS: Final = 256
_OF_RAY: Final = frozenset(
    {
        "concurrency",
        "endpoint",
        "id_column",
        "max_retries",
        "model",
        "no_retry_429",
        "params",
        "prices",
        "prompt",
        "rpm",
        "system",
        "tpm",
    }
)
"""Options of a batch that have a meaning where nobody sees all of its rows."""
_OF_ROWS: Final = frozenset(
    {
        "api_key_env",
        "base_url",
        "column",
        "ledger",
        "limit",
        "line_column",
        "records",
    }
)
_keepers: list[Any] = []


class RayBatch:
    """Answers the rows of a Ray dataset: a class for ``map_batches``.

        dataset.map_batches(
            RayBatch,
            fn_constructor_kwargs={"model": "deepseek-v3p1", "ledger": "/shared/ledger"},
            batch_size=256,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=4),
        )

    Each actor has a client of its own, on a loop of its own; of its rows as many are in
    flight as the limits allow. ``batch_dataset`` does the above, and has the actors
    share one limit. A row does not raise: what went wrong is in its columns. Columns
    that are added, or replaced: ``custom_id``; ``response``, the body of the answer as
    JSON, or null; ``error`` and ``cause``, or null; ``attempts``; ``recorded``, whether
    it was found in the ledger; ``prompt_tokens``, ``cached_tokens``,
    ``completion_tokens``, ``ttft``, ``e2e`` and ``cost``, each null when not known.

    The arguments lie in Ray's object store, so none of them may be a key: each node has
    it in its environment.

    Args:
        column: Holds the request as a line of JSON; None when the row's columns are the
            request's fields, or are put into ``prompt``.
        ledger: A directory that all nodes see, where answers are recorded: a block that
            is computed again, and a job that is run again, takes them from there. Of
            rows with one name and one request there is one answer.
        limit: The name of the limit that the actors share; None for one of its own.
        base_url: Of the API; by default what the environment of the node says.
        api_key_env: The variable that holds the key, if it is not ``FIREWORKS_API_KEY``
            or one of its aliases.
        records: Give only what is added, and ``record``, the line of the result files,
            in place of ``response``.
        line_column: Holds the numbers that records give for the rows' lines; None for
            those in the block.
        options: ``model``, ``params``, ``endpoint``, ``prompt``, ``system``,
            ``id_column``, ``concurrency``, ``rpm``, ``tpm``, ``max_retries``,
            ``no_retry_429``, ``prices``: as ``run_batch`` has them.

    Raises:
        ConfigurationError: There is no key in the node's environment.
    """

    def __init__(
        self,
        *,
        column: str | None = None,
        ledger: str | None = None,
        limit: str | None = None,
        base_url: str | None = None,
        api_key_env: str | None = None,
        records: bool = False,
        line_column: str | None = None,
        **options: Any,
    ) -> None:
        settings = BlockSettings(
            options=options, base_url=base_url, api_key_env=api_key_env, ledger=ledger
        )
        self._column = column
        self._records = records
        self._line_column = line_column
        self._thread = LoopThread("fireworks-async")
        self._runner = self._thread.run_blocking(_made(settings))
        self._renewing: _Renewing | None = None
        if limit is not None:
            self._renewing = _Renewing(limit, self._runner)
            self._thread.run_blocking(self._renewing.start())

    async def __call__(self, table: Table) -> Table:
        """Answer the rows of a block."""
        sources, numbers = sources_of(table, self._column), None
        if self._line_column is not None:
            numbers = table.column(self._line_column).to_pylist()
        answers = await self._thread.run(self._run(sources, numbers))
        kept = None if self._records else table
        return with_columns(kept, answers, records=self._records)

    async def _run(
        self, sources: Sequence[Source], numbers: Sequence[int] | None
    ) -> list[Answered]:
        answering = asyncio.ensure_future(self._runner.run(sources, numbers))
        # By then the runner is known to be busy.
        await asyncio.sleep(0)
        if self._renewing is not None:
            self._renewing.now()
        return await answering


class _Renewing:
    """Keeps an actor's lease, in the actor's own loop.

    Args:
        limit: The name of the keeper.
        runner: Whose limiter is told.
    """

    def __init__(self, limit: str, runner: BlockRunner) -> None:
        self._keeper: Any = load_ray().get_actor(limit)
        self._runner = runner
        self._name = uuid.uuid4().hex
        self._lease = Lease(0.0, 0)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Hold nothing, and begin to ask."""
        self._runner.limiter.allow(_NOTHING, 0)
        self._task = asyncio.ensure_future(self._renew())

    def now(self) -> None:
        """Ask at once, when nothing is held."""
        if not self._lease.share:
            self._wake.set()

    async def _renew(self) -> None:
        ray = load_ray()
        while True:
            busy = self._runner.blocks > 0
            asked = self._keeper.renew.remote(self._name, self._lease, busy)
            # When the keeper is being started again, on another node perhaps, what is
            # held stays held, and is told to it.
            with contextlib.suppress(ray.exceptions.RayError):
                self._lease = await asyncio.wrap_future(asked.future())
            share, places = self._lease.share, self._lease.places
            self._runner.limiter.allow(share or _NOTHING, places if share else 0)
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), RENEW_AFTER)
            except TimeoutError:
                continue


class _Keeper:
    """An actor: keeps the book of leases.

    Args:
        places: Rows in flight in all, or None.
    """

    def __init__(self, places: int | None) -> None:
        self._leases = Leases(places)

    def renew(self, name: str, held: Lease, busy: bool) -> Lease:
        """See ``Leases``."""
        return self._leases.renew(name, held, busy=busy, now=time.monotonic())


def batch_dataset(
    dataset: Dataset,
    *,
    actors: int | tuple[int, int] = 1,
    block_rows: int = _BLOCK_ROWS,
    cpus: float = 0.5,
    **options: Any,
) -> Dataset:
    """Answer the rows of a dataset, with one limit for all actors.

    The limit lives as long as the program that calls this.

    Args:
        dataset: Rows; see ``RayBatch``.
        actors: How many, or at least and at most how many.
        block_rows: Rows that an actor is given at once. Several such blocks are worked
            on at a time.
        cpus: Processors that Ray sets aside for an actor. Some must be left for
            reading and writing: with none, the dataset waits for ever.
        options: As for ``RayBatch``.

    Raises:
        ConfigurationError: Ray is not installed, or an option holds a key.
        TypeError: An option is unknown.
        ValueError: One cannot be used.
    """
    job = checked_options(options)
    ray = load_ray()
    name = f"fireworks_async limit {uuid.uuid4().hex}"
    keeper = (
        ray.remote(_Keeper)
        .options(name=name, num_cpus=0, max_restarts=-1, max_task_retries=-1)
        .remote(job.concurrency)
    )
    answered = dataset.map_batches(
        RayBatch,
        fn_constructor_kwargs={**options, "limit": name},
        batch_size=block_rows,
        batch_format="pyarrow",
        compute=_pool(ray, actors),
        num_cpus=cpus,
    )
    # An actor dies with its last handle, and datasets are worked on when they are used.
    _keepers.append(keeper)
    return answered


def load_ray() -> Any:
    """Ray, loaded now.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.data")
    except ImportError:
        raise ConfigurationError(
            "Ray is missing: pip install 'fireworks-async[ray]'"
        ) from None
    return ray


def _pool(ray: Any, actors: int | tuple[int, int]) -> Any:
    if isinstance(actors, int):
        return ray.data.ActorPoolStrategy(size=actors)
    least, most = actors
    return ray.data.ActorPoolStrategy(min_size=least, max_size=most)


def checked_options(options: Mapping[str, Any]) -> Job:
    """The job that options of ``batch_dataset`` make; Ray is not needed.

    Raises:
        ConfigurationError: One holds a key.
        TypeError: One is unknown.
        ValueError: One cannot be used.
    """
    if "api_key" in options:
        raise ConfigurationError(
            "api_key: arguments lie in Ray's object store; give each node the key in "
            "its environment"
        )
    job = {name: value for name, value in options.items() if name not in _OF_ROWS}
    checked = Job.of(job, function="batch_dataset")
    if others := sorted(job.keys() - _OF_RAY):
        raise ValueError(f"{', '.join(others)}: not on Ray, where blocks are apart")
    return checked


async def _made(settings: BlockSettings) -> BlockRunner:
    return BlockRunner(settings)
