import sys

import pytest

from benchmarks.compare import load, measure
from benchmarks.compare.bars import Bar
from benchmarks.compare.measure import Order
from benchmarks.compare.peers import PEERS
from benchmarks.compare.results import Results
from benchmarks.compare.run import SCENARIOS, Plan, orders, run_order, running_server
from benchmarks.compare.table import tables

UNDERSTANDS = {"aiohttp_msgspec": True, "discard": False}


@pytest.fixture(scope="module")
def port():
    with running_server(core=None) as its_port:
        yield its_port


@pytest.mark.slow
@pytest.mark.parametrize("module", UNDERSTANDS)
def test_a_client_in_its_own_process_is_measured(port, module):
    order = Order(
        module,
        "burst",
        port,
        streams=2,
        deltas=70,
        budget=0.0,
        understands=UNDERSTANDS[module],
    )
    numbers = run_order(sys.executable, order)
    assert numbers["calls"] == 4
    assert numbers["cpu_us_per_chunk"] * 73 == pytest.approx(numbers["cpu_us_per_call"])


@pytest.mark.parametrize("scenario", ["burst", "short", "create"])
async def test_flat_answers_are_checked_against_what_was_sent(port, scenario):
    order = Order("aiohttp_msgspec", scenario, port, streams=3, deltas=20, budget=0.0)
    numbers = await measure.measure(order)
    assert numbers["calls"] == 6


@pytest.mark.parametrize(
    ("module", "method"), [("aiohttp_msgspec", "read"), ("discard", "read_clocks")]
)
async def test_paced_streams_tell_their_lag(port, module, method):
    order = Order(
        module,
        "paced",
        port,
        streams=5,
        deltas=6,
        method=method,
        gap=0.01,
        understands=UNDERSTANDS[module],
    )
    numbers = await measure.measure(order)
    assert 0.0 < numbers["lag_p50_ms"] <= numbers["lag_p99_ms"]
    assert numbers["wall_over_schedule"] > 0.0


async def test_closing_leaves_no_stream_open_at_the_server(port):
    numbers = await measure.measure(Order("aiohttp_msgspec", "close", port, streams=9))
    assert numbers["left_open"] == 0


async def test_a_client_that_reads_something_else_is_found_out(port, monkeypatch):
    monkeypatch.setattr(load, "expected_text", lambda deltas: "something else")
    order = Order("aiohttp_msgspec", "short", port, streams=1, budget=0.0)
    with pytest.raises(measure.WrongAnswerError):
        await measure.measure(order)


def test_each_peer_has_cases_in_each_scenario_but_the_two_of_few():
    base = Order("", "", 1, 1)
    for scenario in set(SCENARIOS) - {"import", "aclose"}:
        for peer in PEERS:
            assert orders(scenario, peer, Plan(), base), (scenario, peer.name)


def test_ratios_are_taken_within_rounds():
    results = Results()
    for number, (slow, quick) in enumerate([(20.0, 10.0), (90.0, 30.0), (50.0, 10.0)]):
        results.add("burst", "ours, async for", {"cpu_us_per_chunk": slow}, number)
        results.add("burst", "msgspec", {"cpu_us_per_chunk": quick}, number)
    assert results.median("burst", "ours, async for", "cpu_us_per_chunk") == 50.0
    bar = Bar("x", "burst", "ours, async for", "cpu_us_per_chunk", 3.0)
    assert bar.measured(results) == 3.0
    assert bar.verdict(results) == "met"
    assert "| msgspec (f) | 10 | 1 |" in tables(results)
