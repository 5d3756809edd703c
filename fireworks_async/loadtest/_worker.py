"""One of several measuring processes; run as a module, it obeys its standard input."""

import asyncio
import sys
from importlib.util import find_spec

from fireworks_async.errors import FireworksError
from fireworks_async.loadtest._engine import Job, run_job
from fireworks_async.loadtest._messages import (
    Done,
    Failed,
    Message,
    Ready,
    Start,
    Stop,
    Tick,
    read_message,
    write_message,
)
from fireworks_async.loadtest._progress import Tally
from fireworks_async.loadtest._runner import Runner

__all__ = ("main",)

_EVERY = 0.25


def main() -> None:
    """Be a worker: a job, a start, a run, an outcome."""
    if find_spec("uvloop") is None:
        asyncio.run(_work())
    else:
        import uvloop

        uvloop.run(_work())


async def _work() -> None:
    reader = asyncio.StreamReader(limit=2**30)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    job = await read_message(reader)
    if not isinstance(job, Job):
        return
    _say(Ready())
    start = await read_message(reader)
    if not isinstance(start, Start):
        return
    tally = Tally()
    runners: list[Runner] = []
    tasks = [
        asyncio.create_task(_tell(tally, runners)),
        asyncio.create_task(_obey(reader, runners)),
    ]
    try:
        outcome = await run_job(
            job,
            origin=start.origin,
            on_first=tally.see,
            on_record=tally.add,
            on_runner=runners.append,
        )
    except (FireworksError, TypeError, ValueError) as error:
        _say(Failed(str(error)))
    else:
        _say(Done(outcome))
    finally:
        for task in tasks:
            task.cancel()


async def _tell(tally: Tally, runners: list[Runner]) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        for runner in runners:
            tally.look_at(runner)
        _say(Tick(tally))


async def _obey(reader: asyncio.StreamReader, runners: list[Runner]) -> None:
    while isinstance(await read_message(reader), Stop):
        for runner in runners:
            runner.stop()


def _say(message: Message) -> None:
    write_message(sys.stdout.buffer, message)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
