"""The class for Ray Data, without Ray: what comes of a table, and what is refused.

On a real cluster it is run by ``test_ray_run``.
"""

import asyncio
import importlib
import json
import pickle
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from fireworks_async.batch import _ray
from fireworks_async.batch._leases import Lease
from fireworks_async.batch._ray import RayBatch, batch_dataset, load_ray
from fireworks_async.errors import ConfigurationError
from fireworks_async.simulator import Simulator
from tests.support.leaks import settle

MODEL = "accounts/fireworks/models/deepseek-v3p1"
pa = pytest.importorskip("pyarrow")


@pytest.fixture
async def sim(monkeypatch):
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_test")
    async with Simulator() as simulator:
        yield simulator


@asynccontextmanager
async def actor(sim, **options):
    """The class as Ray makes it: in a thread that is not the loop's."""
    made = await asyncio.to_thread(
        lambda: RayBatch(base_url=sim.base_url, model=MODEL, **options)
    )
    try:
        yield made
    finally:
        if made._renewing is not None:
            made._thread.loop.call_soon_threadsafe(made._renewing._task.cancel)
        await made._thread.run(made._runner.aclose())
        await asyncio.to_thread(made._thread.close)


def messages(*texts):
    return [[{"role": "user", "content": text, "name": None}] for text in texts]


async def test_columns_are_added_to_the_table(sim):
    table = pa.table({"messages": messages("a", "b"), "temperature": [0.5, 9.0]})
    async with actor(sim) as it:
        answered = await it(table)
    assert answered.column_names[:2] == ["messages", "temperature"]
    good, bad = answered.to_pylist()
    assert json.loads(good["response"])["choices"][0]["message"]["content"]
    assert (good["error"], good["cause"], good["attempts"]) == (None, None, 1)
    assert good["completion_tokens"] == 16
    assert good["ttft"] > 0
    assert good["cost"] > 0
    assert (bad["response"], bad["cause"], bad["completion_tokens"]) == (
        None,
        "refused",
        None,
    )
    assert "temperature" in bad["error"]


async def test_the_types_of_columns_do_not_depend_on_what_is_in_them(sim):
    table = pa.table({"messages": messages("a"), "temperature": [9.0]})
    async with actor(sim) as it:
        failed = await it(table)
        good = await it(table.set_column(1, "temperature", [[0.1]]))
    assert failed.schema == good.schema


async def test_columns_of_the_same_names_are_replaced(sim):
    table = pa.table({"messages": messages("a"), "custom_id": ["x"], "max_tokens": [3]})
    async with actor(sim) as it:
        once = await it(table)
        again = await it(once.select(["messages", "max_tokens", "custom_id"]))
    assert once.column_names == again.column_names
    assert again.to_pylist()[0]["custom_id"] == "x"


async def test_fields_that_tables_filled_up_with_nulls_are_not_sent(sim):
    table = pa.table({"messages": messages("a"), "seed": [None]})
    async with actor(sim) as it:
        await it(table)
    assert sim.requests[0].body["messages"] == [{"role": "user", "content": "a"}]
    assert "seed" not in sim.requests[0].body


async def test_requests_may_be_lines_in_a_column(sim):
    lines = [json.dumps({"custom_id": "x", "body": {"prompt": "a"}}), "no JSON", None]
    async with actor(sim, column="text") as it:
        answered = await it(pa.table({"text": lines}))
    rows = answered.to_pylist()
    assert [row["cause"] for row in rows] == [None, "invalid", "invalid"]
    assert rows[0]["custom_id"] == "x"


async def test_columns_may_be_put_into_a_prompt(sim):
    async with actor(sim, prompt="Translate {word}.") as it:
        await it(pa.table({"word": ["Haus"]}))
    assert sim.requests[0].body["messages"][-1]["content"] == "Translate Haus."


async def test_records_are_the_lines_of_the_result_files(sim):
    async with actor(sim, records=True) as it:
        (row,) = (await it(pa.table({"messages": messages("a")}))).to_pylist()
    assert json.loads(row["record"])["response"]["status_code"] == 200
    assert "response" not in row
    assert "messages" not in row


async def test_what_was_recorded_says_so_and_was_not_attempted(sim, tmp_path):
    table = pa.table({"messages": messages("a")})
    for _ in range(2):
        async with actor(sim, ledger=str(tmp_path / "ledger")) as it:
            (row,) = (await it(table)).to_pylist()
    assert (row["recorded"], row["attempts"], len(sim.requests)) == (True, 0, 1)
    assert row["completion_tokens"] == 16


class Keeper:
    """In the place of the actor that keeps the leases."""

    def __init__(self, *leases):
        self.leases = list(leases)
        self.told = []

    @property
    def renew(self):
        return SimpleNamespace(remote=self._renew)

    def _renew(self, name, held, busy):
        self.told.append((held, busy))
        lease = self.leases.pop(0) if len(self.leases) > 1 else self.leases[0]
        answer = asyncio.get_running_loop().create_future()
        if isinstance(lease, Exception):
            answer.set_exception(lease)
        else:
            answer.set_result(lease)
        return SimpleNamespace(future=lambda: answer)


class LostError(Exception):
    pass


async def test_a_lease_is_asked_for_as_soon_as_there_is_work(sim, monkeypatch):
    half = Lease(0.5, 3)
    keeper = Keeper(Lease(0.0, 0), LostError(), half)
    ray = SimpleNamespace(
        get_actor=lambda name: keeper, exceptions=SimpleNamespace(RayError=LostError)
    )
    monkeypatch.setattr(_ray, "load_ray", lambda: ray)
    monkeypatch.setattr(_ray, "RENEW_AFTER", 0.01)
    async with actor(sim, limit="limit", concurrency=6) as it:
        await it(pa.table({"messages": messages(*"abcdefgh")}))
        assert it._runner.limiter.statistics().limit == 3
    assert keeper.told[0] == (Lease(0.0, 0), False)
    # A keeper that is gone for a moment changes nothing, and is told what is held.
    assert (half, True) in keeper.told or (half, False) in keeper.told
    assert any(busy for _, busy in keeper.told)
    assert len(sim.requests) == 8


class TestRefused:
    def test_a_key_among_the_arguments(self):
        with pytest.raises(ConfigurationError, match="environment") as caught:
            batch_dataset(None, model="m", api_key="fw_secret")
        assert "fw_secret" not in str(caught.value)

    def test_an_unknown_option(self):
        with pytest.raises(TypeError, match="modle"):
            batch_dataset(None, modle="m")

    @pytest.mark.parametrize("option", [{"max_cost": 1.0}, {"ordered": True}])
    def test_options_that_need_all_rows(self, option):
        (name,) = option
        with pytest.raises(ValueError, match=name):
            batch_dataset(None, model="m", **option)

    def test_ray_that_is_not_there(self, monkeypatch):
        def missing(name):
            raise ImportError(name)

        monkeypatch.setattr(importlib, "import_module", missing)
        with pytest.raises(ConfigurationError, match=r"fireworks-async\[ray\]"):
            load_ray()


def test_what_ray_stores_of_it_holds_no_key(monkeypatch):
    monkeypatch.setenv("FIREWORKS_API_KEY", "fw_CANARY")
    assert b"CANARY" not in pickle.dumps((RayBatch, {"model": "m", "ledger": "l"}))


async def test_nothing_is_left_running(sim):
    async with actor(sim) as it:
        await it(pa.table({"messages": messages("a")}))
    await settle()
    assert it._thread.loop.is_closed()
