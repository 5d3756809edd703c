import pytest

from fireworks_async import AsyncFireworks
from fireworks_async._policy.catalogue import Prices
from fireworks_async.batch._estimate import estimate_batch, estimate_job
from fireworks_async.batch._options import Job
from fireworks_async.errors import BatchError
from fireworks_async.simulator import Simulator
from tests.support.batches import FakeSender, answered, line, refused, write_lines

OWN = Prices(input=1.0, output=10.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "in.jsonl"


async def estimated(path, answer, sample=20, **options):
    sender = FakeSender(answer)
    job = Job(prices=OWN, **options)
    return sender, await estimate_job(str(path), job, sender, sample)


async def test_a_few_rows_are_asked_about(path):
    write_lines(path, [line(f"r{n:02}", max_tokens=100) for n in range(50)])
    sender, found = await estimated(
        path, lambda row: answered(prompt=10, generated=1), sample=5
    )
    assert len(set(sender.sent)) == 5
    assert (found.rows, found.bad, found.sampled) == (50, 0, 5)
    assert found.prompt_tokens == 500
    assert found.most_completion_tokens == 5000
    assert found.least_cost == pytest.approx(500 / 1e6)
    assert found.most_cost == pytest.approx((500 + 50_000) / 1e6)
    assert found.sample_cost == pytest.approx(5 * 20 / 1e6)
    assert "from $0.000500 to $0.0505" in list(found.lines())


async def test_the_rows_that_are_asked_about_generate_one_token(path):
    bodies = []

    def answer(row):
        bodies.append(row.body)
        return answered()

    write_lines(path, [line("a", n=4), line("b", max_completion_tokens=9)])
    await estimated(path, answer)
    assert all(body["max_tokens"] == 1 for body in bodies)
    assert not any({"n", "max_completion_tokens"} & body.keys() for body in bodies)


async def test_what_has_no_bound_has_no_end(path):
    row = line("a", model="nobody/knows")
    del row["body"]["max_tokens"]
    write_lines(path, [row])
    _, found = await estimated(path, lambda row: answered())
    assert (found.most_completion_tokens, found.most_cost) == (None, None)
    assert found.least_cost > 0
    text = "\n".join(found.lines())
    assert "no known limit" in text
    assert "without a known end" in text


async def test_what_has_no_price_has_no_cost(path):
    write_lines(path, [line("a", model="nobody/knows")])
    found = await estimate_job(str(path), Job(), FakeSender())
    assert (found.least_cost, found.most_cost) == (None, None)
    assert "a price is not known: give one" in list(found.lines())


async def test_bad_rows_are_counted_and_an_empty_input_costs_nothing(path):
    path.write_text("{\n")
    _, found = await estimated(path, lambda row: answered())
    assert (found.rows, found.bad, found.sampled, found.most_cost) == (0, 1, 0, 0.0)
    said = "0 rows, 1 bad (a check tells why); 0 were asked about"
    assert list(found.lines()) == [said]


async def test_when_nothing_is_answered_there_is_no_estimate(path):
    write_lines(path, [line("a")])
    with pytest.raises(BatchError, match="no row of the sample was answered: 401"):
        await estimated(path, lambda row: refused(401))


async def test_through_a_client(path):
    write_lines(path, [line("a"), line("b")])
    async with (
        Simulator() as simulator,
        AsyncFireworks(base_url=simulator.base_url, api_key="fw_test") as client,
    ):
        found = await estimate_batch(path, client=client, model="deepseek-v3p1")
    assert found.most_cost > found.least_cost > found.sample_cost / 2 > 0
