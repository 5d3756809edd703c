import pytest

from fireworks_async import AsyncFireworks
from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest import _stand_in
from fireworks_async.loadtest._stand_in import Pace, stand_ins


@pytest.mark.slow
async def test_simulators_of_another_process():
    async with stand_ins(Pace(0.0, 0.0, 3), Pace(0.02, 0.001, 5)) as urls:
        assert len(set(urls)) == 2
        counts = []
        for url in urls:
            async with AsyncFireworks(api_key="fw_test", base_url=url) as client:
                stream = client.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": "Hi"}]
                )
                counts.append((await stream).usage.completion_tokens)
                last = stream.timings.ttft
        assert counts == [3, 5]
        assert last >= 0.02


async def test_one_that_does_not_start(monkeypatch):
    monkeypatch.setattr(_stand_in, "__name__", "fireworks_async._version")
    with pytest.raises(LoadTestError, match="did not start"):
        async with stand_ins(Pace(0.0, 0.0)):
            raise AssertionError("it did not start")
