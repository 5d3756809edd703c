import asyncio
import socket

import aiohttp
import pytest

from fireworks_async import simulator
from fireworks_async.simulator import Cut, ErrorReply, Raw, Simulator
from tests.support.simulated import ask, chat, connect, exchange_until, wire_request

HEADERS = {"Authorization": "Bearer k"}


async def test_two_simulators_are_two():
    async with Simulator() as one, Simulator() as other:
        assert one.base_url != other.base_url
        await ask(one)
        assert (len(one.requests), len(other.requests)) == (1, 0)


async def test_it_answers_at_its_address_and_no_longer_when_left():
    async with Simulator() as sim:
        assert sim.base_url.startswith("http://127.0.0.1:")
        assert sim.base_url.endswith("/v1")
        assert repr(sim) == f"<Simulator {sim.base_url} in_flight=0>"
    with pytest.raises(ConnectionRefusedError):
        await connect(sim)


async def test_a_port_can_be_chosen_once():
    async with Simulator() as sim:
        port = int(sim.base_url.removesuffix("/v1").rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Simulator(port=port).__aenter__()


async def test_connections_are_counted(sim):
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        for _ in range(2):
            url = f"{sim.base_url}/chat/completions"
            async with session.post(url, json=chat()) as response:
                await response.read()
        assert (sim.connections, sim.connections_opened) == (1, 1)
    await ask(sim)
    assert [request.connection for request in sim.requests] == [1, 1, 2]
    await sim.until(lambda: sim.connections == 0)
    assert sim.connections_opened == 2


async def test_requests_in_flight_are_counted(sim):
    sim.always(Raw((b": hold\n\n",), ending="hang"))
    asking = [asyncio.create_task(exchange_until(sim, b"never")) for _ in range(3)]
    await sim.until(lambda: sim.in_flight == 3)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await sim.until(lambda: sim.in_flight == 0)
    assert all(request.left_at is not None for request in sim.requests)


async def test_leaving_ends_what_still_runs():
    async with Simulator() as sim:
        sim.script(Cut(1, ending="hang"))
        reader, writer = await connect(sim)
        writer.write(wire_request(sim))
        await reader.readuntil(b"data: ")
    await reader.read()
    assert reader.at_eof()
    writer.close()
    assert sim.requests[0].left_at is None
    assert not sim.requests[0].finished


async def test_orders_go_through(sim):
    sim.script(ErrorReply(500))
    sim.always(ErrorReply(501), when=lambda request: request.body["n"] == 2)
    assert [(await ask(sim, n=n)).status for n in (1, 1, 2)] == [500, 200, 501]
    sim.clear()
    assert (await ask(sim, n=2)).status == 200


async def test_a_thing_can_be_waited_for(sim):
    waiting = asyncio.create_task(sim.until(lambda: len(sim.requests) == 2))
    await ask(sim)
    assert not waiting.done()
    await ask(sim)
    await waiting


async def test_the_loopback_of_ipv6_is_served_where_there_is_one():
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        async with Simulator(host="::1") as sim:
            assert sim.base_url.startswith("http://[::1]:")
            assert (await ask(sim)).status == 200
    except OSError:
        pytest.skip("no loopback for IPv6 here")


async def test_seeds_say_different_things_and_the_same_seed_the_same():
    said = []
    for seed in (1, 1, 2):
        async with Simulator(seed=seed) as sim:
            said.append((await ask(sim)).json["choices"][0]["message"]["content"])
    assert said[0] == said[1] != said[2]


def test_every_public_name_can_be_had_and_no_other():
    for name in simulator.__all__:
        assert getattr(simulator, name) is not None
    with pytest.raises(AttributeError, match="Simulater"):
        simulator.Simulater  # noqa: B018 - the asking is the test
