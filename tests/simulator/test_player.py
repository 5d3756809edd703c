import asyncio

import pytest

from fireworks_async.simulator import Raw, Reply, Simulator, SlowHeaders
from fireworks_async.simulator._answers import Answer, Step
from fireworks_async.simulator._player import _send_body
from fireworks_async.simulator._script import RecordedRequest
from tests.support.simulated import connect, exchange_until, wire_request


class Writer:
    """Keeps what is written."""

    def __init__(self):
        self.writes = []

    async def write(self, data):
        self.writes.append(data)


async def written(*steps, **how):
    writer = Writer()
    record = RecordedRequest(1, "POST", "/", {}, 0.0, 1)
    now = asyncio.get_running_loop().time()
    await _send_body(Answer(steps=steps, **how), writer, record, now)
    return writer.writes, record


@pytest.mark.usefixtures("stillness")
async def test_neighbours_without_a_delay_share_a_write():
    steps = [Step(0.001, b"a"), Step(0.0, b"b"), Step(0.02, b"c"), Step(0.0, b"d")]
    assert (await written(*steps))[0][-2:] == [b"ab", b"cd"]
    assert b"".join((await written())[0]) == b""


async def test_steps_that_are_late_share_a_write():
    late = Step(1e-9, b"x")
    writes, _ = await written(*[late] * 10)
    assert b"".join(writes) == b"x" * 10
    assert len(writes) < 4


async def test_a_gate_begins_a_write():
    gate = asyncio.Event()
    gate.set()
    writes, _ = await written(Step(0, b"a"), Step(0, b"b", gate=gate))
    assert writes == [b"a", b"b"]


async def test_a_write_is_not_without_limit():
    writes, _ = await written(*[Step(0.0, b"x" * 100)] * 1000)
    assert 6 <= len(writes) <= 7
    assert b"".join(writes) == b"x" * 100_000


async def test_steps_that_are_to_stay_apart_do():
    writes, _ = await written(*[Step(0.0, b"x")] * 5, joined=False)
    assert [data for data in writes if data] == [b"x"] * 5


async def test_tokens_are_counted_and_the_first_is_timed():
    steps = [Step(0, b"r"), Step(0, b"ab", tokens=2), Step(0, b"c", tokens=1)]
    _, record = await written(*steps)
    assert record.generated_tokens == 3
    assert record.first_token_at is not None
    _, record = await written(steps[0])
    assert (record.generated_tokens, record.first_token_at) == (0, None)


async def test_what_need_not_be_told_apart_is_sent_as_it_is_merged():
    writes, record = await written(
        Step(0, b"a", tokens=1),
        Step(0, b"b", tokens=1),
        merged=[Step(0, b"ab", tokens=2)],
    )
    assert (writes, record.generated_tokens) == ([b"ab"], 2)


async def arrivals(sim, count):
    """When the head and then each of the first events came, from the sending."""
    loop = asyncio.get_running_loop()
    reader, writer = await connect(sim)
    start = loop.time()
    writer.write(wire_request(sim))
    moments = []
    await reader.readuntil(b"\r\n\r\n")
    moments.append(loop.time() - start)
    for _ in range(count):
        await reader.readuntil(b"\n\n")
        moments.append(loop.time() - start)
    writer.close()
    return moments


@pytest.mark.usefixtures("stillness")
async def test_the_pace_is_kept_from_the_beginning():
    async with Simulator(ttft=0.06, gap=0.02, tokens=5) as sim:
        head, role, *tokens = await arrivals(sim, 6)
    assert head == role == 0
    assert tokens == pytest.approx([0.06 + number * 0.02 for number in range(5)])


@pytest.mark.usefixtures("stillness")
async def test_a_pace_has_no_drift(sim):
    sim.script(Raw([b"data: 1\n\n"] * 40, gap=0.005))
    *_, last = await arrivals(sim, 40)
    assert last == pytest.approx(39 * 0.005)


@pytest.mark.usefixtures("stillness")
async def test_an_answer_that_is_not_streamed_takes_as_long():
    loop = asyncio.get_running_loop()
    async with Simulator(ttft=0.04, gap=0.01, tokens=3) as sim:
        sim.script(Reply(stream=False))
        start = loop.time()
        await exchange_until(sim, b'"object":"chat.completion"')
        assert loop.time() - start == pytest.approx(0.06)


@pytest.mark.usefixtures("stillness")
async def test_late_headers_are_late(sim):
    sim.script(SlowHeaders(0.05))
    head, *_ = await arrivals(sim, 1)
    assert head == pytest.approx(0.05)


@pytest.mark.parametrize("when", ["before the headers", "in the stream"])
async def test_a_reader_that_leaves_ends_the_answer(sim, when):
    if when == "in the stream":
        sim.script(Raw((b"data: 1\n\n",), ending="hang"))
        await exchange_until(sim, b"data: 1")
    else:
        sim.script(SlowHeaders(60))
        _, writer = await connect(sim)
        writer.write(wire_request(sim))
        await sim.until(lambda: sim.in_flight == 1)
        writer.close()
    await sim.until(lambda: sim.in_flight == 0 and sim.connections == 0)
    [request] = sim.requests
    assert request.left_at is not None
    assert not request.finished


async def test_a_reader_that_is_slow_slows_the_stream_down(sim):
    sim.script(Raw([b"x" * 65536] * 1000))
    reader, writer = await connect(sim)
    writer.write(wire_request(sim))
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.2)
    assert sim.in_flight == 1
    assert not sim.requests[0].finished
    writer.close()
    await sim.until(lambda: sim.in_flight == 0)
    assert sim.requests[0].left_at is not None


async def test_a_fast_stream_lets_others_have_their_turn():
    async with Simulator(tokens=20_000) as sim:
        long = asyncio.create_task(exchange_until(sim, b"[DONE]"))
        await sim.until(lambda: sim.in_flight == 1)
        sim.script(Reply(text="short"))
        await exchange_until(sim, b"[DONE]")
        was_first = not long.done()
        await long
    assert was_first
