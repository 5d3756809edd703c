"""What type checkers make of batches; checked by mypy and pyright, never run.

``assert_type`` says what an expression has to be. What has to be refused is marked as
ignored: strict checkers report an ignore that hides nothing.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal, assert_type

from fireworks_async import AsyncFireworks, Usage
from fireworks_async.batch import (
    BatchCheck,
    BatchControl,
    BatchEstimate,
    BatchMerge,
    BatchOptions,
    BatchProgress,
    BatchResult,
    BatchSummary,
    LimitStep,
    Prices,
    check_batch,
    estimate_batch,
    merge_batches,
    run_batch,
)
from fireworks_async.errors import FireworksError


async def later() -> AsyncIterator[dict[str, object]]:
    yield {"prompt": "Hi"}


async def results(client: AsyncFireworks) -> None:
    given = [{"custom_id": "a", "body": {"prompt": "Hi"}}]
    running = client.batch(given, model="m", concurrency=4, no_retry_429=True)
    assert_type(running, AsyncGenerator[BatchResult, None])
    async for result in running:
        assert_type(result, BatchResult)
        assert_type(result.custom_id, str)
        assert_type(result.line, int)
        assert_type(result.error, FireworksError | None)
        assert_type(result.usage, Usage | None)
        assert_type(result.cost, float | None)
        assert_type(result.response, Any)
        if result.cause == "rate_limit":
            pass
    client.batch(later(), max_cost=1.0, prices=Prices(0.5, 1.5))
    client.batch(given, concurrency="4")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.batch(given, ordered=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.batch("rows.jsonl")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def files(client: AsyncFireworks) -> None:
    control = BatchControl()
    options: BatchOptions = {"model": "m", "shard": (1, 2), "retry": ["429"]}
    summary = await run_batch("in.jsonl", Path("out.jsonl"), control=control, **options)
    assert_type(summary, BatchSummary)
    assert_type(summary.failures, dict[str, int])
    assert_type(summary.limits, list[LimitStep])
    assert_type(
        summary.stopped, Literal["interrupted", "account", "cost", "failing"] | None
    )
    assert_type(summary.lines(), Iterator[str])
    assert_type(control.progress(), BatchProgress | None)
    assert_type(await estimate_batch("in.jsonl", client=client), BatchEstimate)
    assert_type(check_batch("in.jsonl", model="m"), BatchCheck)
    assert_type(merge_batches("all.jsonl", ["a.jsonl", Path("b.jsonl")]), BatchMerge)
    await run_batch("in.jsonl", "out.jsonl", concurency=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await run_batch("in.jsonl")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
