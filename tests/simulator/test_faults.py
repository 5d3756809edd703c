import asyncio
import gzip
import json
import zlib

import pytest

from fireworks_async.simulator import (
    BOM,
    Batched,
    Cut,
    Ended,
    Gzipped,
    Hold,
    Insert,
    LineEnding,
    Pause,
    Ping,
    Raw,
    Reply,
    Rewrite,
    Sliced,
    SlowHeaders,
    Without,
)
from fireworks_async.simulator._answers import Answer, Step
from fireworks_async.simulator._faults import spoil
from tests.support.simulated import ask, connect, exchange, exchange_until, wire_request

KINDS = ("role", "delta", "delta", "finish", "usage", "done")


def answer():
    steps = [
        Step(0.5, b'data: {"n":%d}\n\n' % number, kind)
        for number, kind in enumerate(KINDS)
    ]
    return Answer(steps=steps, length=10)


def numbers(spoilt):
    return [int(step.data[11:-3]) for step in spoilt.steps]


def data(spoilt):
    return [step.data for step in spoilt.steps]


def test_a_cut_keeps_what_came_before():
    assert numbers(Cut(2)(answer())) == [0, 1]
    assert numbers(Cut(0)(answer())) == []
    assert numbers(Cut(-1)(answer())) == [0, 1, 2, 3, 4]
    assert numbers(Cut(-9)(answer())) == []
    assert numbers(Cut(99)(answer())) == [0, 1, 2, 3, 4, 5]


def test_a_cut_can_be_inside_an_event():
    assert data(Cut(1, 7)(answer())) == [b'data: {"n":0}\n\n', b"data: {"]
    assert len(data(Cut(99, 7)(answer()))) == 6


@pytest.mark.parametrize("ending", ["eof", "leave", "close", "reset", "hang"])
def test_a_cut_ends_as_it_says(ending):
    assert Cut(1, ending=ending)(answer()).ending == ending
    assert Ended(ending, 2.0)(answer()).ending == ending
    assert Ended(ending, 2.0)(answer()).ending_delay == 2.0


def test_headers_can_be_late():
    assert SlowHeaders(1.5)(SlowHeaders(1)(answer())).head_delay == 2.5


def test_a_pause_delays_one_step():
    delays = [step.delay for step in Pause(2.0, before=1)(answer()).steps]
    assert delays == [0.5, 2.5, 0.5, 0.5, 0.5, 0.5]


def test_events_can_be_left_out_by_meaning():
    assert numbers(Without("finish", "done")(answer())) == [0, 1, 2, 4]
    assert repr(Without("done")) == "Without('done',)"


def test_anything_can_be_inserted_anywhere():
    assert data(Insert(b"raw", 0)(answer()))[0] == b"raw"
    assert data(Insert(None, 2)(answer()))[2] == b"data: null\n\n"
    assert data(Insert({"a": 1})(answer()))[-1] == b'data: {"a":1}\n\n'
    assert data(Insert(b"x", -1)(answer()))[-2] == b"x"


def test_chunks_can_be_rewritten_but_not_the_rest():
    def change(index, chunk):
        return b"raw" if index == 1 else {**chunk, "at": index}

    steps = data(Rewrite(change)(Insert(b"x", 0)(answer())))
    assert steps[:3] == [b"x", b"raw", b'data: {"n":1,"at":2}\n\n']
    assert steps[-1] == b'data: {"n":5}\n\n'


def test_pings_come_between_or_for_ever():
    some = data(Ping(0.1, before=1, count=2)(answer()))
    assert some[:4] == [
        b'data: {"n":0}\n\n',
        b": ping\n\n",
        b": ping\n\n",
        b'data: {"n":1}\n\n',
    ]
    endless = iter(Ping(0.1, before=1)(answer()).steps)
    assert [next(endless).data for _ in range(50)][1:] == [b": ping\n\n"] * 49


def test_lines_can_end_otherwise():
    assert data(LineEnding(b"\r\n")(answer()))[0] == b'data: {"n":0}\r\n\r\n'


def test_a_mark_can_come_first():
    assert data(BOM()(answer()))[0] == b"\xef\xbb\xbf"


def test_slices_are_written_one_by_one():
    spoilt = Sliced(4, gap=0.25)(answer())
    steps = list(spoilt.steps)
    assert not spoilt.joined
    assert b"".join(step.data for step in steps) == b"".join(data(answer()))
    assert max(len(step.data) for step in steps) == 4
    assert [step.delay for step in steps[:5]] == [0.5, 0.25, 0.25, 0.25, 0.5]


def test_a_batch_comes_when_its_last_event_is_due():
    steps = list(Batched(4)(answer()).steps)
    assert [step.delay for step in steps] == [2.0, 1.0]
    assert steps[0].data == b"".join(data(answer())[:4])


def test_compressed_events_can_each_be_read_when_they_come():
    spoilt = Gzipped()(answer())
    assert spoilt.headers["Content-Encoding"] == "gzip"
    assert spoilt.length is None
    unpack = zlib.decompressobj(wbits=31)
    steps = data(spoilt)
    assert [unpack.decompress(step) for step in steps[:-1]] == data(answer())
    assert gzip.decompress(b"".join(steps)) == b"".join(data(answer()))


def test_faults_combine_in_turn():
    spoilt = spoil(answer(), (Without("role"), Cut(1), LineEnding(b"\r\n")))
    assert data(spoilt) == [b'data: {"n":1}\r\n\r\n']


def chunks_of(raw):
    """The sizes of the HTTP chunks, and whether the last one is there."""
    body = raw.partition(b"\r\n\r\n")[2]
    sizes = []
    while body:
        size, _, body = body.partition(b"\r\n")
        sizes.append(int(size, 16))
        body = body[sizes[-1] + 2 :]
    return sizes


async def test_a_closed_stream_has_no_terminator(sim):
    sim.script((Reply(text="a b c"), Cut(2, 30)))
    raw = await exchange(sim)
    assert raw.endswith(b"\r\n")
    assert 0 not in chunks_of(raw)
    assert raw.count(b"data: ") == 3
    assert not sim.requests[0].finished
    assert sim.requests[0].left_at is None


async def test_a_reset_stream_delivers_what_came_before(sim):
    sim.script((Reply(text="a b c"), Cut(2, ending="reset")))
    reader, writer = await connect(sim)
    writer.write(wire_request(sim))
    assert await reader.readuntil(b'"content":"a"')
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_clean_end_in_the_middle_keeps_the_connection(sim):
    sim.script((Reply(text="a b c"), Cut(2, ending="eof")))
    raw = await exchange_until(sim, b"\r\n0\r\n\r\n")
    assert raw.count(b"data: ") == 2
    assert sim.requests[0].finished


async def test_a_connection_can_be_closed_after_a_whole_answer(sim):
    sim.script((Reply(text="a b c"), Ended("leave")))
    raw = await exchange(sim)
    assert raw.endswith(b"[DONE]\n\n\r\n0\r\n\r\n")
    assert b"connection: close" not in raw.lower()
    assert sim.requests[0].finished


async def test_a_stream_that_hangs_is_told_when_its_reader_leaves(sim):
    sim.script((Reply(text="a b c"), Cut(2, ending="hang")))
    await exchange_until(sim, b'"content":"a"')
    await sim.until(lambda: sim.in_flight == 0)
    [request] = sim.requests
    assert not request.finished
    assert request.left_at >= request.arrived_at


async def test_a_held_stream_goes_on_when_it_is_released(sim):
    hold = Hold(before=2)
    sim.script((Reply(text="a b"), hold))
    reader, writer = await connect(sim)
    writer.write(wire_request(sim))
    before = await reader.readuntil(b'"content":"a"')
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readuntil(b"\n\ndata: "), 0.05)
    hold.released.set()
    after = await reader.readuntil(b"[DONE]")
    assert before.count(b"data: ") == 2
    assert after.count(b"data: ") == 3
    writer.close()


async def test_single_bytes_are_single_chunks(sim):
    sim.script((Raw((b"data: 12\n\n", b"x")), Sliced(1)))
    raw = await exchange_until(sim, b"0\r\n\r\n")
    assert chunks_of(raw) == [1] * 11 + [0]


async def test_compression_is_undone_by_any_client(sim):
    sim.script((Reply(text="a b"), Gzipped()))
    answered = await ask(sim, stream=True)
    assert answered.headers["content-encoding"] == "gzip"
    assert answered.events[-1] == "[DONE]"


async def test_less_can_come_than_was_promised(sim):
    sim.script((Reply(stream=False), Cut(0, 20)))
    head, _, body = (await exchange(sim)).partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert len(body) == 20


async def test_a_request_that_is_refused_is_not_spoilt(sim):
    sim.script(Cut(0))
    answered = await ask(sim, nonsense=1)
    assert json.loads(answered.data)["error"]
