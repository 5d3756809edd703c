"""Starts requests when they are due and collects their records; knows no HTTP.

A schedule is kept to whatever comes back: a request that is late keeps the moment it
was meant for, and one that finds no time at all is a record too.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count, islice

import msgspec

from fireworks_async._net.interfaces import Clock
from fireworks_async.errors import FireworksError
from fireworks_async.loadtest._arrivals import Load, arrival_times
from fireworks_async.loadtest._caller import Call
from fireworks_async.loadtest._failures import failure_class
from fireworks_async.loadtest._probe import Output, Probe
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._workload import Item, Workload

__all__ = ("Limits", "Runner")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When a run is over.

    Attributes:
        requests: After so many starts; of conversations, if there are any.
        duration: No start later than this, in seconds from the origin.
        drain: How long answers may go on after that, or after being stopped; None: to
            their end.
        think: Seconds between an answer and the next turn of its conversation.
        stripe: Which of how many processes this is, from 0.
    """

    requests: int | None = None
    duration: float | None = None
    drain: float | None = None
    think: float = 0.0
    stripe: tuple[int, int] = (0, 1)


class Runner:
    """One run.

    Args:
        call: Makes one call.
        load: When requests start.
        workload: What they ask.
        limits: When it is over.
        clock: Its time is the client's.
        output_of: How chunks are read.
        may_start: Asked before each start; False ends the run.
        on_start: Told of each start.
        on_first: Told of each record when its first token is in.
        on_record: Given each record when it is whole.
    """

    def __init__(
        self,
        call: Call,
        *,
        load: Load,
        workload: Workload,
        limits: Limits,
        clock: Clock,
        output_of: Callable[..., Output],
        may_start: Callable[[], bool] = lambda: True,
        on_start: Callable[[], object] = lambda: None,
        on_first: Callable[[Record], object] = lambda _: None,
        on_record: Callable[[Record], None] = lambda _: None,
    ) -> None:
        self._call = call
        self._load = load
        self._workload = workload
        self._limits = limits
        self._clock = clock
        self._output_of = output_of
        self._may_start = may_start
        self._on_start = on_start
        self._on_first = on_first
        self._on_record = on_record
        self._origin = 0.0
        self._stopped = False
        self._told_to_stop = False
        # Those who wait for a start, and who waits to cut off what goes on too long.
        self._sleepers: set[asyncio.Future[None]] = set()
        self._patient: set[asyncio.Future[None]] = set()
        self._started = 0
        self._under_way: set[Probe] = set()
        self._waiting = 0
        self.records: list[Record] = []

    @property
    def started(self) -> int:
        """How many requests have been started."""
        return self._started

    @property
    def in_flight(self) -> int:
        """How many are being answered."""
        return len(self._under_way)

    @property
    def tokens_under_way(self) -> int:
        """Output tokens, about, of those that are being answered."""
        return sum(probe.tokens_seen for probe in self._under_way)

    @property
    def waiting(self) -> int:
        """How many are due, and not started for want of a place."""
        return self._waiting

    def stop(self) -> None:
        """Start nothing more; what is in flight has the time of ``drain`` to end."""
        self._close()
        self._told_to_stop = True
        for sleeper in [*self._patient]:
            _wake(sleeper)

    async def run(self, origin: float, seed: int) -> list[Record]:
        """Go through the schedule.

        Args:
            origin: The moment, on the clock, at which it begins.
            seed: Of the schedule.
        """
        self._origin = origin
        await self._until(0.0)
        schedule = (
            self._closed_loop() if self._load.is_closed else self._open_loop(seed)
        )
        run = asyncio.create_task(schedule)
        try:
            await self._within_time(run)
        except BaseExceptionGroup as failures:
            # A fault of the plan, which is the same for every request.
            raise failures.exceptions[0] from None
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
        return self.records

    async def _within_time(self, run: "asyncio.Task[None]") -> None:
        drain = self._limits.drain
        if drain is None:
            await run
            return
        over = asyncio.create_task(self._overtime(drain))
        await asyncio.wait((run, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if run.done():
            await run

    async def _overtime(self, drain: float) -> None:
        """Until nothing more is started, and then as long as answers may go on."""
        if not self._told_to_stop:
            await self._wait(self._limits.duration, self._patient)
        await self._wait(self._now() + drain, set())

    async def _closed_loop(self) -> None:
        indices = self._indices()
        stripe, stripes = self._limits.stripe
        total = self._load.concurrency or 1
        workers = total // stripes + (stripe < total % stripes)

        async def work() -> None:
            for index in indices:
                if self._is_over():
                    return
                await self._converse(index, None)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(workers, self._limits.requests or workers)):
                group.create_task(work())

    async def _open_loop(self, seed: int) -> None:
        stripe, stripes = self._limits.stripe
        cap = self._load.concurrency
        places = None
        if cap is not None:
            places = asyncio.Semaphore(
                max(1, cap // stripes + (stripe < cap % stripes))
            )
        times = islice(arrival_times(self._load, seed), self._limits.requests)
        async with asyncio.TaskGroup() as group:
            for index, due in enumerate(times):
                if self._limits.duration is not None and due > self._limits.duration:
                    break
                if index % stripes != stripe:
                    continue
                await self._until(due)
                if self._stopped or not self._may_start():
                    self._close()
                    break
                group.create_task(self._start_in_turn(index, due, places))

    async def _start_in_turn(
        self, index: int, due: float, places: asyncio.Semaphore | None
    ) -> None:
        if places is None:
            await self._converse(index, due)
            return
        self._waiting += 1
        try:
            await places.acquire()
        except asyncio.CancelledError:
            self._drop(index, due)
            raise
        finally:
            self._waiting -= 1
        try:
            if self._is_over():
                self._drop(index, due)
            else:
                await self._converse(index, due)
        finally:
            places.release()

    async def _converse(self, index: int, due: float | None) -> None:
        """One request, and those that follow it in its conversation."""
        item = self._workload.item(index)
        follow_ups = iter(item.follow_ups)
        for turn in count():
            record, answer = await self._request(item, index, turn, due)
            following = next(follow_ups, None)
            if following is None or not record.is_good or self._is_over():
                return
            due = self._now() + self._limits.think
            if self._limits.think:
                await self._until(due)
            said = [
                *item.messages,
                {"role": "assistant", "content": answer},
                {"role": "user", "content": following},
            ]
            item = msgspec.structs.replace(item, messages=said, prompt_tokens=None)

    async def _request(
        self, item: Item, index: int, turn: int, due: float | None
    ) -> tuple[Record, str]:
        now = self._clock.now()
        record = Record(
            index=index,
            turn=turn,
            label=item.label,
            process=self._limits.stripe[0],
            intended_at=now - self._origin if due is None else due,
        )
        probe = Probe(
            record,
            origin=self._origin,
            output_of=self._output_of,
            on_first=self._on_first,
        )
        self._started += 1
        self._under_way.add(probe)
        self._on_start()
        probe.start(now)
        answer = ""
        try:
            answer = await self._call(item, probe)
        except FireworksError as error:
            probe.fail(self._clock.now(), *failure_class(error))
        except asyncio.CancelledError:
            probe.fail(self._clock.now(), "stopped", "the run was over before its end")
            raise
        finally:
            self._under_way.discard(probe)
            self._keep(record)
        return record, answer

    def _drop(self, index: int, due: float) -> None:
        record = Record(index=index, process=self._limits.stripe[0], intended_at=due)
        record.error = "dropped"
        record.message = "its turn did not come before the run was over"
        self._keep(record)

    def _keep(self, record: Record) -> None:
        self.records.append(record)
        self._on_record(record)

    def _indices(self) -> Iterator[int]:
        stripe, stripes = self._limits.stripe
        return iter(range(stripe, self._limits.requests or 2**62, stripes))

    def _close(self) -> None:
        """Start nothing more."""
        self._stopped = True
        for sleeper in [*self._sleepers]:
            _wake(sleeper)

    def _is_over(self) -> bool:
        duration = self._limits.duration
        if duration is not None and self._now() >= duration:
            return True
        if not self._stopped and not self._may_start():
            self._close()
        return self._stopped

    def _now(self) -> float:
        return self._clock.now() - self._origin

    async def _until(self, moment: float) -> None:
        """Wait for a moment of the run, or for its being stopped."""
        if moment <= self._now() or self._stopped:
            # Who is late lets others run all the same.
            await asyncio.sleep(0)
        # Again, since uvloop's timers are rounded to a millisecond and may be early.
        while self._clock.now() < self._origin + moment and not self._stopped:
            await self._wait(moment, self._sleepers)

    async def _wait(
        self, moment: float | None, sleepers: "set[asyncio.Future[None]]"
    ) -> None:
        """Wait for a moment, if there is one, or for being woken among the sleepers."""
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleepers.add(awake)
        timer = None
        if moment is not None:
            timer = self._clock.call_at(self._origin + moment, lambda: _wake(awake))
        try:
            await awake
        finally:
            if timer is not None:
                timer.cancel()
            sleepers.discard(awake)


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)
