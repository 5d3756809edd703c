import asyncio
import random

import aiohttp
import pytest

from fireworks_async._net import intake
from fireworks_async._net.intake import is_known, more, take
from tests.support.costs import calls_made
from tests.support.leaks import settle


class FakeProtocol:
    """What a reader asks of its connection."""

    def __init__(self):
        self.connected = True
        self.paused = False

    def pause_reading(self):
        self.paused = True

    def resume_reading(self, resume_parser=True):
        self.paused = False


async def take_all(reader):
    while (data := take(reader)) is None:
        await more(reader)
    return data


@pytest.fixture
def protocol():
    return FakeProtocol()


@pytest.fixture
async def reader(protocol):
    loop = asyncio.get_running_loop()
    return aiohttp.StreamReader(protocol, limit=64, loop=loop)


async def test_takes_all_that_has_come(reader):
    for piece in (b"a", b"b", b"c"):
        reader.feed_data(piece)
    assert await take_all(reader) == b"abc"


async def test_nothing_has_come_yet(reader):
    assert take(reader) is None


async def test_waits_for_bytes(reader):
    task = asyncio.create_task(take_all(reader))
    await settle()
    assert not task.done()
    reader.feed_data(b"a")
    reader.feed_data(b"b")
    assert await task == b"ab"


async def test_gives_nothing_at_the_end(reader):
    reader.feed_data(b"a")
    reader.feed_eof()
    assert [await take_all(reader) for _ in range(3)] == [b"a", b"", b""]


async def test_an_end_that_comes_while_waiting(reader):
    task = asyncio.create_task(take_all(reader))
    await settle()
    reader.feed_eof()
    assert await task == b""


async def test_what_came_before_an_error_is_given_first(reader):
    reader.feed_data(b"a")
    reader.set_exception(aiohttp.ClientPayloadError("lost"))
    assert await take_all(reader) == b"a"
    for _ in range(2):
        with pytest.raises(aiohttp.ClientPayloadError):
            await take_all(reader)


async def test_bytes_and_an_error_in_one_step(reader):
    task = asyncio.create_task(take_all(reader))
    await settle()
    reader.feed_data(b"a")
    reader.set_exception(aiohttp.ClientPayloadError("lost"))
    assert await task == b"a"
    with pytest.raises(aiohttp.ClientPayloadError):
        await take_all(reader)


async def test_an_error_that_comes_while_waiting(reader):
    task = asyncio.create_task(take_all(reader))
    await settle()
    reader.set_exception(aiohttp.ClientPayloadError("lost"))
    with pytest.raises(aiohttp.ClientPayloadError):
        await task


async def test_a_connection_that_is_gone(reader, protocol):
    protocol.connected = False
    with pytest.raises(RuntimeError, match="Connection closed"):
        await take_all(reader)


async def test_a_wait_that_is_cancelled_loses_nothing(reader):
    task = asyncio.create_task(take_all(reader))
    await settle()
    task.cancel()
    reader.feed_data(b"a")
    await asyncio.wait([task])
    assert task.cancelled()
    assert await take_all(reader) == b"a"


async def test_the_server_is_let_go_on_after_it_was_held_back(reader, protocol):
    reader.feed_data(b"x" * 1_000)
    assert protocol.paused
    assert len(await take_all(reader)) == 1_000
    assert not protocol.paused


async def test_many_small_http_chunks_hold_the_server_back_too(reader, protocol):
    for _ in range(20):
        reader.begin_http_chunk_receiving()
        reader.feed_data(b"x")
        reader.end_http_chunk_receiving()
    assert protocol.paused
    assert await take_all(reader) == b"x" * 20
    assert not protocol.paused
    for _ in range(3):
        reader.begin_http_chunk_receiving()
        reader.feed_data(b"y")
        reader.end_http_chunk_receiving()
    assert not protocol.paused
    assert await take_all(reader) == b"yyy"


class TestReadersThatAreNotAsKnown:
    """Their public face, which does the same, is to be used."""

    async def test_one_that_somebody_else_has_begun_to_read(self, reader):
        assert is_known(reader)
        reader.feed_data(b"abc")
        reader.read_nowait(2)
        assert not is_known(reader)

    async def test_one_of_another_kind(self, protocol):
        class Other(aiohttp.StreamReader):
            pass

        loop = asyncio.get_running_loop()
        assert not is_known(Other(protocol, 64, loop=loop))
        assert not is_known(aiohttp.streams.EMPTY_PAYLOAD)

    async def test_that_of_a_future_aiohttp(self, reader, monkeypatch):
        monkeypatch.setattr(intake, "_IS_AS_KNOWN", False)
        assert not is_known(reader)

    def test_that_of_the_installed_aiohttp_is(self):
        assert intake._IS_AS_KNOWN


async def test_it_leaves_the_reader_as_its_own_methods_would():
    loop = asyncio.get_running_loop()
    rng = random.Random(2)
    for _ in range(50):
        ours, theirs = (
            aiohttp.StreamReader(FakeProtocol(), limit=64, loop=loop) for _ in range(2)
        )
        chunked = rng.random() < 0.5
        for _ in range(rng.randint(1, 30)):
            piece = b"x" * rng.randint(1, 60)
            for reader in (ours, theirs):
                if chunked:
                    reader.begin_http_chunk_receiving()
                reader.feed_data(piece)
                if chunked:
                    reader.end_http_chunk_receiving()
            if rng.random() < 0.3:
                assert await take_all(ours) == await theirs.readany()
            for name in ("_size", "_cursor", "total_bytes", "_buffer_offset"):
                assert getattr(ours, name) == getattr(theirs, name), name
            # In chunks, aiohttp keeps the last border, and so pauses one chunk earlier.
            assert chunked or ours._protocol.paused == theirs._protocol.paused


async def test_one_call_takes_any_number_of_pieces(protocol):
    loop = asyncio.get_running_loop()

    def calls_for(pieces):
        reader = aiohttp.StreamReader(protocol, limit=2**20, loop=loop)
        for _ in range(pieces):
            reader.feed_data(b"x")
        return calls_made(lambda: take(reader))

    # Joining the pieces is one more.
    assert calls_for(400) == calls_for(1) + 1
