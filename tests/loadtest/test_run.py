"""Whole load tests against a simulator in this process."""

import asyncio
import json

import pytest

from fireworks_async.errors import (
    APIStatusError,
    LoadTestError,
    MissingAPIKeyError,
)
from fireworks_async.loadtest import run_loadtest
from fireworks_async.simulator import Rejection, Simulator

MODEL = "llama-v3p3-70b-instruct"


async def measure(simulator, **options):
    given = {
        "model": MODEL,
        "base_url": simulator.base_url,
        "api_key": "fw_test",
        "calibrate": False,
        "requests": 12,
        "concurrency": 3,
    }
    if not options.keys() & {"mix", "dataset"}:
        given |= {"input_tokens": 40, "output_tokens": 6}
    return await run_loadtest(**{**given, **options})


def asked(simulator):
    """The bodies of what was measured, without the questions for lengths."""
    return [r.body for r in simulator.requests if r.body.get("max_tokens") != 1]


async def test_a_report_as_json():
    async with Simulator(gap=0.001) as simulator:
        report = await measure(simulator, concurrency=[2, 3], goodput="e2e<60s")
        assert len(asked(simulator)) == 24
    document = json.loads(report.json())
    assert document["schema"] == "fireworks-async/loadtest/1"
    assert document["config"]["input_tokens"] == 40
    assert "fw_test" not in report.json().decode()
    for run in document["runs"]:
        summary = run["summary"]
        assert (summary["requests"], summary["errors"]) == (12, 0)
        for name in ("ttft", "itl", "tpot", "e2e"):
            assert 0 <= summary[name]["p50"] <= summary[name]["p99"]
        assert summary["output_tokens_per_second"] > 0
        assert summary["requests_per_second"] > 0
        assert summary["goodput"]["fraction"] == 1
        assert "records" not in run
    assert [run["concurrency"] for run in document["runs"]] == [2, 3]


async def test_lengths_are_exact_on_both_sides():
    async with Simulator() as simulator:
        report = await measure(simulator, mix=["1:40/6", "1:81/3"])
        lengths = {(r["max_tokens"]) for r in asked(simulator)}
    assert lengths == {6, 3}
    records = report.runs[0].records
    assert {(r.prompt_tokens, r.completion_tokens) for r in records} == {
        (40, 6),
        (81, 3),
    }
    assert {record.label for record in records} == {"40/6", "81/3"}


@pytest.mark.usefixtures("stillness")
async def test_the_servers_log_agrees_with_the_starts():
    async with Simulator() as simulator:
        report = await measure(
            simulator, rate=50, concurrency=None, arrival="constant", requests=20
        )
        arrived = [r.arrived_at for r in simulator.requests][-20:]
    records = report.runs[0].records
    assert [r.intended_at for r in records] == pytest.approx(
        [n / 50 for n in range(20)]
    )
    started = [record.started_at for record in records]
    span = started[-1] - started[0]
    assert span >= 19 / 50 * 0.99
    assert arrived[-1] - arrived[0] == pytest.approx(span, rel=0.2)
    summary = report.runs[0].summary
    assert summary.schedule_lag.n > 0
    # Sums of floats differ in their last digits.
    assert summary.ttft_scheduled.p50 > summary.ttft.p50 - 1e-6


async def test_the_servers_log_agrees_with_the_concurrency():
    async with Simulator(ttft=0.01) as simulator:
        most = []
        simulator.always((), when=lambda _: bool(most.append(simulator.in_flight)))
        report = await measure(simulator, concurrency=5, requests=40)
    assert max(most) == report.runs[0].summary.max_in_flight == 5


@pytest.mark.slow
async def test_prompts_are_new_each_time_unless_a_seed_says_otherwise():
    async with Simulator() as simulator:
        prompts = []
        for seed in (None, None, 7, 7):
            await measure(simulator, seed=seed)
            sent = asked(simulator)[len(prompts) * 12 :]
            prompts.append({body["messages"][0]["content"] for body in sent})
    assert prompts[0].isdisjoint(prompts[1])
    assert prompts[2] == prompts[3]


async def test_a_length_that_cannot_be_made_is_noted():
    async with Simulator() as simulator:
        report = await measure(simulator, input_tokens=1)
    [note] = report.notes
    assert note.startswith("prompts of 1 tokens could not be made: the server counts ")


async def test_errors_are_counted_by_class():
    async with Simulator() as simulator:
        simulator.always(
            Rejection.overloaded(),
            when=lambda r: r.number % 3 == 0 and r.body["max_tokens"] != 1,
        )
        report = await measure(simulator)
        refused = sum(request.status == 503 for request in simulator.requests)
    summary = report.runs[0].summary
    assert summary.errors == summary.error_classes["503"] == refused > 2
    assert summary.completed == 12 - refused


async def test_the_first_request_is_refused():
    async with Simulator(models=["accounts/other"]) as simulator:
        with pytest.raises(APIStatusError):
            await measure(simulator)
        assert len(simulator.requests) == 1


async def test_text_completions():
    async with Simulator(gap=0.001) as simulator:
        report = await measure(simulator, endpoint="completions")
        assert {r.path for r in simulator.requests} == {"/v1/completions"}
    summary = report.runs[0].summary
    assert (summary.completed, summary.total_completion_tokens) == (12, 72)
    assert summary.itl.p50 > 0
    assert summary.counted_by == {"events": summary.measured}


async def test_embeddings():
    async with Simulator() as simulator:
        report = await measure(
            simulator, model="nomic-ai/nomic-embed-text-v1.5", endpoint="embeddings"
        )
    summary = report.runs[0].summary
    assert (summary.completed, summary.ttft.n) == (12, 0)
    assert summary.e2e.p50 > 0
    assert summary.prompt_tokens.p50 == 40


async def test_rerank():
    async with Simulator() as simulator:
        report = await measure(
            simulator, model="fireworks/qwen3-reranker-8b", endpoint="rerank"
        )
        assert {r.path for r in simulator.requests} == {"/v1/rerank"}
    assert report.runs[0].summary.completed == 12


async def test_rerank_from_a_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"query": "a", "documents": ["b", "c"], "top_n": 1}\n')
    async with Simulator() as simulator:
        report = await measure(
            simulator,
            model="fireworks/qwen3-reranker-8b",
            endpoint="rerank",
            dataset=path,
        )
        assert simulator.requests[0].body["top_n"] == 1
    assert report.runs[0].summary.completed == 12


async def test_conversations():
    async with Simulator() as simulator:
        report = await measure(simulator, turns=3, requests=4)
        sizes = sorted(len(body["messages"]) for body in asked(simulator))
    assert sizes == [1] * 4 + [3] * 4 + [5] * 4
    assert report.runs[0].summary.requests == 12


async def test_pictures():
    async with Simulator() as simulator:
        await measure(
            simulator,
            model="qwen2p5-vl-32b-instruct",
            images=1,
            image_size=16,
            requests=2,
        )
        [*_, body] = [r.body for r in simulator.requests]
    assert body["messages"][0]["content"][0]["type"] == "image_url"


async def test_leaving_in_the_middle():
    async with Simulator(gap=0.001) as simulator:
        report = await measure(simulator, cancel=1.0, output_tokens=50)
    summary = report.runs[0].summary
    assert (summary.cancelled, summary.completed, summary.errors) == (12, 0, 0)


@pytest.mark.slow
async def test_the_greatest_load_is_looked_for():
    async with Simulator(ttft=0.02) as simulator:
        refuse = Rejection.overloaded()
        simulator.always(refuse, when=lambda _: simulator.in_flight > 6)
        report = await measure(
            simulator, find_max="error_share<=0", concurrency=2, requests=24
        )
    assert report.search.by == "concurrency"
    assert report.search.greatest == 6
    assert report.search.least_failed == 7
    assert [step.level for step in report.search.steps][:3] == [2, 4, 8]
    assert len(report.runs) == len(report.search.steps)


@pytest.mark.slow
async def test_a_level_that_was_not_reached_did_not_pass():
    async with Simulator(ttft=0.02) as simulator:
        report = await measure(
            simulator, find_max="error_share<=0", concurrency=8, requests=12
        )
    assert report.search.greatest == 12


class Impatience:
    """Calls a server saturated once so many are being answered."""

    most = 5

    def tell(self, _elapsed, tally):
        return "piled up" if tally.in_flight >= self.most else None


@pytest.fixture
def impatience(monkeypatch):
    monkeypatch.setattr("fireworks_async.loadtest._measuring.Saturation", Impatience)
    monkeypatch.setattr("fireworks_async.loadtest._processes._EVERY", 0.01)


@pytest.mark.slow
@pytest.mark.usefixtures("impatience")
async def test_a_run_in_which_requests_pile_up_ends_early():
    async with Simulator(ttft=0.02, slots=1) as simulator:
        given = {"rate": [300], "concurrency": None, "output_tokens": 1, "drain": 0.1}
        report = await measure(simulator, requests=10_000, sentinels=50, **given)
        [run] = report.runs
        assert run.is_saturated
        assert run.stopped == "piled up"
        assert 5 <= run.summary.requests < 5_000
        assert run.sentinels.requests > 1
        assert "piled up" in report.json().decode()
        asked_for = await measure(
            simulator, requests=30, past_saturation=True, **{**given, "drain": 30}
        )
    assert asked_for.runs[0].stopped is None
    assert asked_for.runs[0].summary.completed == 30


@pytest.mark.slow
@pytest.mark.usefixtures("impatience")
async def test_a_search_takes_a_rate_at_which_they_pile_up_for_too_much():
    async with Simulator(ttft=0.1) as simulator:
        report = await measure(
            simulator,
            rate=800,
            concurrency=None,
            requests=40,
            output_tokens=1,
            drain=0.1,
            find_max="error_share<=1",
        )
    assert report.runs[0].is_saturated
    assert not report.search.steps[0].passed
    assert report.search.least_failed <= 800


async def test_stopping_gives_a_report_of_what_came():
    stop = asyncio.Event()
    async with Simulator(ttft=0.01) as simulator:
        run = asyncio.create_task(
            measure(simulator, requests=5_000, concurrency=[2, 4], stop=stop)
        )
        await simulator.until(lambda: len(asked(simulator)) >= 4)
        stop.set()
        report = await run
    assert len(report.runs) == 1
    assert report.runs[0].stopped == "it was stopped"
    assert 4 <= report.runs[0].summary.completed < 5_000


async def test_a_client_that_was_stopped_while_it_was_measured_is_not_told_of(
    monkeypatch,
):
    stop = asyncio.Event()

    async def cut_short(*_):
        stop.set()
        return "the half of a calibration"

    monkeypatch.setattr("fireworks_async.loadtest._run.calibrate", cut_short)
    async with Simulator() as simulator:
        report = await measure(simulator, calibrate=True, stop=stop)
    assert report.calibration is None


async def test_a_limit_of_cost():
    async with Simulator() as simulator:
        report = await measure(
            simulator, requests=1_000, max_cost=0.001, prices=(1.0, 10.0)
        )
    [run] = report.runs
    assert run.stopped == "$0.001 were all that might be spent"
    assert 0.0008 < report.cost <= 0.001


async def test_a_limit_that_not_even_the_lengths_fit_in():
    async with Simulator() as simulator:
        with pytest.raises(LoadTestError, match="too few even to find prompts"):
            await measure(simulator, max_cost=0.00001, prices=(1.0, 1.0))
        assert simulator.requests == []


async def test_a_server_elsewhere_is_asked_about_first():
    asked_about = []

    def refuse(guess):
        asked_about.append(guess)
        return False

    with pytest.raises(LoadTestError, match="not confirmed"):
        await run_loadtest(model=MODEL, api_key="fw_test", confirm=refuse)
    assert asked_about[0].host == "api.fireworks.ai"
    assert asked_about[0].requests == 100
    for options in (
        {"rate": 5, "duration": 20},
        {"rate": [1, 3], "duration": 25},
        {"concurrency": 4, "duration": 20},
        {"rate": 5, "duration": 20, "requests": 30},
    ):
        with pytest.raises(LoadTestError, match="not confirmed"):
            await run_loadtest(
                model=MODEL, api_key="fw_test", confirm=refuse, **options
            )
    assert [each.requests for each in asked_about[1:]] == [100, 100, None, 30]
    with pytest.raises(LoadTestError, match="give prices"):
        await run_loadtest(model="who/knows", api_key="fw_test", max_cost=1.0)


async def test_progress_is_told(monkeypatch):
    monkeypatch.setattr("fireworks_async.loadtest._processes._EVERY", 0.005)
    told = []
    async with Simulator(ttft=0.01) as simulator:
        await measure(simulator, on_progress=told.append)
    assert [each.phase for each in told[:2]] == ["lengths", "run"]
    assert told[-1].planned == 12
    assert told[-1].started > 0


async def test_what_cannot_be_run(monkeypatch):
    for name in ("FIREWORKS_API_KEY", "FIREWORKS_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingAPIKeyError):
        await run_loadtest(model=MODEL)
    with pytest.raises(LoadTestError, match="exclude each other"):
        await run_loadtest(model=MODEL, simulate=True, base_url="http://[::1]/v1")
    with pytest.raises(TypeError, match="concurency"):
        await run_loadtest(model=MODEL, concurency=3)
    with pytest.raises(LoadTestError, match="a search needs targets"):
        async with Simulator() as simulator:
            await measure(simulator, find_max=" ")


@pytest.mark.usefixtures("hurry")
async def test_a_busy_server_is_asked_again_for_lengths():
    async with Simulator() as simulator:
        simulator.always(Rejection.overloaded(), when=lambda r: r.number <= 1)
        report = await measure(simulator)
    assert report.runs[0].summary.completed == 12


async def test_a_server_that_counts_nothing():
    async with Simulator(usage="none") as simulator:
        report = await measure(simulator, input_tokens=50)
    said = "prompts of 50 tokens could not be made: the server counts none, so"
    assert report.notes == [f"{said} they have as many words"]
    summary = report.runs[0].summary
    assert (summary.completed, summary.errors) == (12, 0)
    (message,) = asked(simulator)[-1]["messages"]
    assert len(message["content"].split()) == 50
