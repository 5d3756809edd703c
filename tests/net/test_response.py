"""The border to aiohttp: what crosses it, and what never does."""

import asyncio
import errno
import ssl
from types import MappingProxyType

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http_exceptions import TransferEncodingError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from fireworks_async._net.drains import DRAIN, Drains
from fireworks_async._net.response import (
    BORDER_ERRORS,
    PooledResponse,
    is_silence,
    translate,
)
from fireworks_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    StreamStateError,
)
from tests.support.leaks import settle
from tests.support.manual_clock import ManualClock

ORIGIN = "https://api.test:8443"
SECRET = "Bearer fw_CANARY"


def connection_key():
    return ConnectionKey("api.test", 8443, True, True, None, None, None, None)


def request_info():
    url = URL(f"{ORIGIN}/v1/chat/completions")
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": SECRET}))
    return aiohttp.RequestInfo(url, "POST", headers, url)


def bad_http(message="Bad status line"):
    return aiohttp.ClientResponseError(
        request_info(), (), status=400, message=message, headers=CIMultiDict(x=SECRET)
    )


def half_an_answer():
    """What aiohttp has in the place of a text when the headers were cut."""
    return aiohttp.ServerDisconnectedError(MappingProxyType({"code": 200}))


# As asyncio words it; uvloop gives the system's words.
REFUSED = OSError(errno.ECONNREFUSED, "Connect call failed ('192.0.2.1', 9)")


class TestTranslation:
    @pytest.mark.parametrize(
        ("problem", "text"),
        [
            pytest.param(
                aiohttp.ClientConnectorError(connection_key(), REFUSED),
                f"cannot connect to {ORIGIN}: Connection refused",
                id="refused",
            ),
            pytest.param(
                aiohttp.ClientConnectorError(
                    connection_key(),
                    OSError(errno.ECONNREFUSED, "Multiple exceptions: [Errno 111] ..."),
                ),
                f"cannot connect to {ORIGIN}: Connection refused",
                id="refused-by-all-addresses",
            ),
            pytest.param(
                aiohttp.ClientConnectorDNSError(
                    connection_key(), OSError(-2, "Name or service not known")
                ),
                f"cannot connect to {ORIGIN}: Name or service not known",
                id="dns",
            ),
            pytest.param(
                aiohttp.ClientConnectorSSLError(
                    connection_key(), ssl.SSLError(1, "[SSL] wrong version number")
                ),
                f"cannot connect to {ORIGIN}: [SSL] wrong version number",
                id="tls",
            ),
            pytest.param(
                aiohttp.ClientConnectorError(connection_key(), OSError()),
                f"cannot connect to {ORIGIN}: OSError",
                id="wordless",
            ),
            pytest.param(
                aiohttp.ServerDisconnectedError(),
                f"{ORIGIN} closed the connection before it answered",
                id="silence",
            ),
            pytest.param(
                half_an_answer(),
                f"{ORIGIN} closed the connection before it answered",
                id="half an answer",
            ),
            pytest.param(
                bad_http(), f"the answer of {ORIGIN} is not valid HTTP", id="not http"
            ),
            pytest.param(
                aiohttp.ClientPayloadError("Response payload is not completed"),
                f"the connection to {ORIGIN} was lost before the answer was whole",
                id="cut",
            ),
            pytest.param(
                TransferEncodingError("zz"),
                f"the connection to {ORIGIN} was lost before the answer was whole",
                id="a bad chunk, as the parser in Python says it",
            ),
            pytest.param(
                aiohttp.ClientOSError(errno.ECONNRESET, "Connection reset by peer"),
                f"the connection to {ORIGIN} was lost: Connection reset by peer",
                id="reset",
            ),
            pytest.param(
                aiohttp.ClientConnectionResetError("Cannot write to closing transport"),
                f"the connection to {ORIGIN} was lost: ClientConnectionResetError",
                id="closing",
            ),
            pytest.param(
                RuntimeError("Connection closed."),
                f"the connection to {ORIGIN} was lost",
                id="closed",
            ),
            pytest.param(
                aiohttp.ClientConnectionError("Connector is closed."),
                f"the connection to {ORIGIN} was lost",
                id="closed connector",
            ),
        ],
    )
    def test_says_what_happened_and_where(self, problem, text):
        assert isinstance(problem, BORDER_ERRORS)
        error = translate(problem, ORIGIN)
        assert type(error) is APIConnectionError
        assert str(error) == text
        assert error.code is None
        assert SECRET not in repr(vars(error))

    @pytest.mark.parametrize(
        ("problem", "phase"),
        [
            (TimeoutError(), "receive"),
            (aiohttp.ServerTimeoutError(), "receive"),
            (aiohttp.SocketTimeoutError(), "receive"),
            (aiohttp.ConnectionTimeoutError(), "connect"),
        ],
    )
    def test_the_limits_of_a_session_are_timeouts(self, problem, phase):
        assert isinstance(problem, BORDER_ERRORS)
        error = translate(problem, ORIGIN)
        assert type(error) is APITimeoutError
        assert error.phase == phase
        assert "that its session allows" in str(error)

    def test_a_certificate_is_told_apart(self):
        refused = ssl.SSLCertVerificationError(1, "[SSL] self-signed certificate")
        problem = aiohttp.ClientConnectorCertificateError(connection_key(), refused)
        error = translate(problem, ORIGIN)
        assert error.code == "certificate_verify_failed"
        assert str(error) == (
            f"the certificate of {ORIGIN} could not be verified: "
            "[SSL] self-signed certificate"
        )

    def test_a_wrong_name_in_the_certificate(self):
        problem = aiohttp.ClientConnectorCertificateError(
            connection_key(), ssl.CertificateError("hostname mismatch")
        )
        assert translate(problem, ORIGIN).code == "certificate_verify_failed"


@pytest.mark.parametrize(
    ("problem", "silent"),
    [
        (aiohttp.ServerDisconnectedError(), True),
        (aiohttp.ServerDisconnectedError("Server disconnected"), True),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset"), True),
        (aiohttp.ClientOSError(errno.EPIPE, "broken pipe"), True),
        (half_an_answer(), False),
        (aiohttp.ClientConnectorError(connection_key(), REFUSED), False),
        (bad_http(), False),
        (aiohttp.ClientPayloadError(), False),
        (RuntimeError(), False),
    ],
    ids=repr,
)
def test_silence_is_a_loss_before_any_byte(problem, silent):
    assert is_silence(problem) is silent


class FakeProtocol:
    """A connection, and whether it is one."""

    def __init__(self):
        self.connected = True
        self.protocol = self
        self.closed = asyncio.get_running_loop().create_future()

    def pause_reading(self):
        pass

    def resume_reading(self, resume_parser=True):
        pass


class FakeAnswer:
    """As much of aiohttp's answer as the border touches."""

    def __init__(self, reader=aiohttp.StreamReader):
        loop = asyncio.get_running_loop()
        self.connection = FakeProtocol()
        self.content = reader(self.connection, 2**16, loop=loop)
        self.status = 200
        self.headers = CIMultiDictProxy(
            CIMultiDict([("Content-Type", "a"), ("X-A", "1"), ("x-a", "2")])
        )
        self.closed = 0

    def close(self):
        self.closed += 1
        self.connection.connected = False
        self.content.set_exception(aiohttp.ClientConnectionError("Connection closed"))


class Rig:
    """An answer at the border, with all that it may give back."""

    def __init__(self, reader=aiohttp.StreamReader):
        self.clock = ManualClock()
        self.places = 0
        self.drains = Drains(self.clock, self.give_place)
        self.answer = FakeAnswer(reader)
        self.ended = []
        self.response = PooledResponse(
            self.answer, url=ORIGIN, drains=self.drains, on_end=self.ended.append
        )

    def give_place(self):
        self.places += 1

    @property
    def content(self):
        return self.answer.content


class OtherReader(aiohttp.StreamReader):
    """One of a kind that is read by its public face."""


@pytest.fixture
async def rig():
    return Rig()


@pytest.fixture(params=[aiohttp.StreamReader, OtherReader], ids=["known", "other"])
async def any_rig(request):
    return Rig(request.param)


async def test_status_and_headers(rig):
    assert rig.response.status == 200
    assert rig.response.headers["content-type"] == "a"
    assert rig.response.headers.get("x-a") in {"1", "2"}
    assert rig.response.headers.get("x-b") is None


class TestReading:
    async def test_to_the_end(self, any_rig):
        any_rig.content.feed_data(b"a")
        any_rig.content.feed_data(b"b")
        any_rig.content.feed_eof()
        read = any_rig.response.read
        assert [await read() for _ in range(3)] == [b"ab", b"", b""]

    async def test_waits_for_bytes(self, any_rig):
        reading = asyncio.create_task(any_rig.response.read())
        await settle()
        assert not reading.done()
        any_rig.content.feed_data(b"a")
        assert await reading == b"a"

    async def test_what_came_before_a_loss_comes_first(self, rig):
        rig.content.feed_data(b"a")
        rig.content.set_exception(aiohttp.ClientPayloadError("cut"))
        assert await rig.response.read() == b"a"
        errors = []
        for _ in range(2):
            with pytest.raises(APIConnectionError) as caught:
                await rig.response.read()
            errors.append(caught.value)
        assert errors[0] is errors[1]
        assert errors[0].__cause__ is errors[0].__context__ is None


class TestConnectionsThatCloseUnseen:
    """After a broken chunk size, aiohttp does not tell the reader of the body."""

    async def test_end_the_read_that_waits(self, rig):
        reading = asyncio.create_task(rig.response.read())
        await settle()
        rig.answer.connection.closed.set_result(None)
        with pytest.raises(APIConnectionError, match="before the answer was whole"):
            await reading

    async def test_end_the_next_read(self, rig):
        rig.content.feed_data(b"a")
        problem = aiohttp.ClientOSError(errno.ECONNRESET, "Connection reset by peer")
        rig.answer.connection.closed.set_exception(problem)
        await settle()
        assert await rig.response.read() == b"a"
        with pytest.raises(APIConnectionError, match="reset by peer"):
            await rig.response.read()

    async def test_by_cancelling(self, rig):
        rig.answer.connection.closed.cancel()
        await settle()
        with pytest.raises(APIConnectionError):
            await rig.response.read()

    async def test_change_nothing_at_the_end_of_the_body(self, rig):
        rig.content.feed_eof()
        rig.answer.connection.closed.set_result(None)
        await settle()
        assert await rig.response.read() == b""

    async def test_change_nothing_for_a_reader_that_was_told(self, rig):
        rig.content.set_exception(aiohttp.ClientOSError(errno.EPIPE, "Broken pipe"))
        rig.answer.connection.closed.set_result(None)
        await settle()
        with pytest.raises(APIConnectionError, match="Broken pipe"):
            await rig.response.read()

    @pytest.mark.parametrize("leave", ["finish", "close"])
    async def test_are_not_listened_to_after_the_answer(self, rig, leave):
        getattr(rig.response, leave)()
        told = rig.content.exception()
        rig.answer.connection.closed.set_result(None)
        await settle()
        assert rig.content.exception() is told
        rig.drains.close()

    @pytest.mark.parametrize("gone", ["connection", "protocol"])
    async def test_before_the_answer_was_taken(self, rig, gone):
        if gone == "connection":
            rig.answer.connection = None
        else:
            rig.answer.connection.protocol = None
        response = PooledResponse(
            rig.answer, url=ORIGIN, drains=rig.drains, on_end=rig.ended.append
        )
        rig.content.feed_data(b"a")
        rig.content.feed_eof()
        assert [await response.read(), await response.read()] == [b"a", b""]
        response.finish()
        assert rig.ended == [response]


class TestFinishing:
    @pytest.mark.parametrize("way", ["finish", "close"])
    async def test_it_is_held_no_longer(self, rig, way):
        assert rig.response.is_held
        getattr(rig.response, way)()
        assert not rig.response.is_held

    async def test_at_the_end_of_the_body(self, rig):
        rig.content.feed_eof()
        rig.response.finish()
        assert rig.ended == [rig.response]
        assert not rig.response.is_draining
        assert len(rig.drains) == 0
        assert rig.answer.closed == 0

    async def test_before_the_end_waits_for_it(self, rig):
        rig.response.finish()
        assert rig.ended == [rig.response]
        assert rig.response.is_draining
        assert (len(rig.drains), rig.places) == (1, 0)
        rig.content.feed_data(b"rest")
        rig.content.feed_eof()
        assert (len(rig.drains), rig.places) == (0, 1)
        assert rig.answer.closed == 0
        assert rig.clock.pending == 0

    async def test_a_body_that_does_not_end_is_closed(self, rig):
        rig.response.finish()
        rig.clock.advance(DRAIN)
        assert (len(rig.drains), rig.places) == (0, 1)
        assert rig.answer.closed == 1

    async def test_a_connection_that_is_lost_while_it_is_drained(self, rig):
        rig.response.finish()
        rig.content.set_exception(aiohttp.ClientPayloadError("cut"))
        rig.clock.advance(DRAIN)
        assert (len(rig.drains), rig.places) == (0, 1)

    async def test_after_a_loss_closes(self, rig):
        rig.content.set_exception(aiohttp.ClientPayloadError("cut"))
        with pytest.raises(APIConnectionError):
            await rig.response.read()
        rig.response.finish()
        assert rig.ended == [rig.response]
        assert not rig.response.is_draining
        assert rig.answer.closed == 1

    async def test_gives_back_once(self, rig):
        rig.response.finish()
        rig.response.finish()
        rig.response.close()
        assert rig.ended == [rig.response]
        assert rig.answer.closed == 0
        rig.content.feed_eof()
        assert rig.places == 1


class TestClosing:
    async def test_closes_the_connection_and_gives_back_once(self, rig):
        rig.response.close()
        rig.response.close()
        rig.response.finish()
        assert rig.ended == [rig.response]
        assert not rig.response.is_draining
        assert (rig.answer.closed, len(rig.drains)) == (1, 0)

    async def test_ends_a_read_with_the_reason(self, rig):
        reading = asyncio.create_task(rig.response.read())
        await settle()
        reason = ClientClosedError("the client is closed")
        rig.response.close(reason)
        with pytest.raises(ClientClosedError) as caught:
            await reading
        assert caught.value is reason

    async def test_without_a_reason(self, rig):
        reading = asyncio.create_task(rig.response.read())
        await settle()
        rig.response.close()
        for task in (reading, rig.response.read()):
            with pytest.raises(StreamStateError, match="the stream was closed"):
                await task
