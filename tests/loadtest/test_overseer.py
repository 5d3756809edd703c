import asyncio

from fireworks_async.loadtest._overseer import Overseer
from fireworks_async.loadtest._progress import Tally
from fireworks_async.loadtest._runner import Limits


class Never:
    def tell(self, _elapsed, _tally):
        return None


class Now:
    def tell(self, _elapsed, tally):
        return f"{tally.in_flight} are too many"


def made(saturation, told, stop_all=None):
    return Overseer(
        "rate 5/s",
        Limits(requests=7, duration=3.0),
        stop_all or asyncio.Event(),
        on_progress=told.append,
        saturation=saturation,
    )


async def test_it_tells_how_the_run_is_doing():
    told = []
    overseer = made(Never(), told)
    overseer.look(
        Tally(
            started=5,
            in_flight=2,
            waiting=1,
            output_tokens=30,
            tokens_under_way=4,
            ttfts=[3.0, 1.0, 2.0],
        )
    )
    [progress] = told
    assert (progress.name, progress.planned, progress.duration) == ("rate 5/s", 7, 3.0)
    assert (progress.started, progress.in_flight, progress.waiting) == (5, 2, 1)
    assert progress.output_tokens == 34
    assert (progress.ttft, progress.tpot) == (2.0, None)
    assert not overseer.stop.is_set()


async def test_it_ends_a_run_in_which_requests_pile_up():
    overseer = made(Now(), [])
    overseer.look(Tally(in_flight=9))
    overseer.look(Tally(in_flight=10))
    assert overseer.stop.is_set()
    assert overseer.reason == "9 are too many"


async def test_it_ends_a_run_with_all_others():
    stop_all = asyncio.Event()
    overseer = made(None, [], stop_all)
    async with overseer.watching():
        stop_all.set()
        await overseer.stop.wait()
    assert overseer.reason is None
