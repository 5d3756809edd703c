import pytest

from fireworks_async.loadtest import _calibration
from fireworks_async.loadtest._arrivals import Load, Segment
from fireworks_async.loadtest._calibration import calibrate
from fireworks_async.loadtest._engine import Outcome
from tests.support.loads import health, record


@pytest.fixture
def jobs(monkeypatch):
    """The jobs that a calibration runs, and what they bring back."""
    asked = []

    class Servers:
        def __init__(self, *paces):
            self.paces = paces

        async def __aenter__(self):
            return [f"http://{pace}" for pace in self.paces]

        async def __aexit__(self, *exc):
            pass

    async def run(job):
        asked.append(job)
        rounds = ((0.0, 0.3), (1.0, 0.052))
        records = [
            record(n, start=start, ttft=ttft, gaps=(0.0205,) * 24)
            for start, ttft in rounds
            for n in range(20)
        ]
        return [Outcome(records, health(seconds=2.0, cpu=0.5))]

    monkeypatch.setattr(_calibration, "stand_ins", Servers)
    return run, asked


async def test_what_is_beyond_the_known_times_is_the_clients(jobs):
    run, asked = jobs
    found = await calibrate(Load(concurrency=4), run)
    assert found.added_ttft == pytest.approx(0.002)
    assert found.added_itl == pytest.approx(0.0005)
    # A second of processor time for a thousand chunks.
    assert found.cpu_per_chunk == pytest.approx(0.001)
    assert found.ceiling == pytest.approx(1_000)
    assert found.load == "closed loop, 4 at once"
    assert all(job.target.api_key == "fw_calibration" for job in asked)


@pytest.mark.parametrize(
    ("load", "same"),
    [
        (Load(concurrency=5_000), "closed loop, 1000 at once"),
        (
            Load(segments=(Segment(5, 50, 10), Segment(50, 1, 10)), arrival="constant"),
            "constant arrivals, 50/s",
        ),
        (Load(times=(0.0, 1.0, 2.0)), "poisson arrivals, 1.5/s"),
    ],
)
async def test_it_is_done_with_the_load_that_is_to_come(jobs, load, same):
    run, asked = jobs
    assert (await calibrate(load, run)).load == same
    assert str(asked[0].load) == same
