"""The key is in no text that the library makes, whatever happens.

Every way in which a call can fail is gone through with everything that talks turned up:
logging at DEBUG, asyncio's debug mode with every callback reported as slow, tracebacks
with the values of local variables, pickles.
"""

import asyncio
import gc
import io
import linecache
import logging
import pickle
import socket
import traceback
import warnings
from types import TracebackType

import pytest

from fireworks_async import AsyncFireworks, Timeout
from tests.support.leaks import settle
from tests.support.raw_server import Fin, Hang, RawServer, Reset, Send
from tests.support.wire import (
    answer,
    chunk,
    json_response,
    stream_body,
    stream_head,
    stream_response,
)

# In two parts, so that this file's own text, which tracebacks quote, is innocent.
CANARY = "fw_CAN" + "ARY0123456789abcdef"
MESSAGES = [{"role": "user", "content": "Hi"}]

OPEN = stream_head() + stream_body(chunk("a"))


def echoing(status):
    """An answer that repeats what it was sent."""

    def script(request):
        said = {"error": {"message": request.headers["authorization"]}}
        return [Send(json_response(status, said, {"x-echo": CANARY}))]

    return script


def echoing_stream(request):
    said = {"error": {"message": f"bad key {CANARY}", "code": CANARY}}
    return [Send(stream_response(said))]


async def give_key():
    return CANARY


FAILURES = {
    "none": [Send(stream_response(*answer("a")))],
    "401": [Send(json_response(401, {"error": {"message": "no", "code": "x"}}))],
    "401 that repeats the key": echoing(401),
    "503": [Send(json_response(503, {}))],
    "redirect": [Send(json_response(307, {}, {"location": "http://127.0.0.1:9/"}))],
    "connection closed": [Fin()],
    "connection reset": [Reset()],
    "no http": [Send(b"garbage\r\n\r\n"), Fin()],
    "half a head": [Send(b"HTTP/1.1 200 OK\r\ncontent-"), Fin()],
    "head too long": [Send(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 70_000 + b"\r\n\r\n")],
    "silence": [Hang()],
    "silence in the stream": [Send(OPEN), Hang()],
    "cut stream": [Send(OPEN), Fin()],
    "reset stream": [Send(OPEN), Reset()],
    "no chunk size": [Send(OPEN + b"zz\r\n"), Hang()],
    "no stream": [Send(json_response(200, b"<html>", {"content-type": "text/html"}))],
    "no chunk": [Send(stream_response("nonsense"))],
    "error in the stream": [Send(stream_response({"error": {"message": "m"}}))],
    "error in the stream that repeats the key": echoing_stream,
    "nobody listens": None,
    "cancelled": [Hang()],
    "cancelled in the stream": [Send(OPEN), Hang()],
    "closed": [Hang()],
    "closed in the stream": [Send(OPEN), Hang()],
}


class Ears:
    """All that is said while they are open."""

    def __init__(self):
        self.heard = io.StringIO()
        self._handler = logging.StreamHandler(self.heard)
        self._handler.setLevel(logging.DEBUG)

    def __enter__(self):
        self._logger = logging.getLogger()
        self._level = self._logger.level
        self._logger.addHandler(self._handler)
        self._logger.setLevel(logging.DEBUG)
        # Warnings as text: as objects they would keep alive what they warn of.
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        # The debug mode looks at each source file again for every callback.
        self._check = linecache.checkcache
        linecache.checkcache = lambda filename=None: None
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 0
        return self

    def __exit__(self, *exc):
        asyncio.get_running_loop().set_debug(False)
        linecache.checkcache = self._check
        logging.captureWarnings(False)
        self._warnings.__exit__(*exc)
        self._logger.setLevel(self._level)
        self._logger.removeHandler(self._handler)

    @property
    def text(self):
        return self.heard.getvalue()


def chain(error):
    """The error and all that hangs on it."""
    waiting, seen = [error], []
    while waiting:
        each = waiting.pop()
        if each is not None and each not in seen:
            seen.append(each)
            waiting += [each.__cause__, each.__context__]
    return seen


def frames(trace: TracebackType | None):
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def texts_of(error):
    """What can be made of an error, by name."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    yield "traceback with locals", "".join(told.format())
    yield "pickle", repr(pickle.dumps(error))
    for each in chain(error):
        yield "repr", repr(each)
        yield "str", str(each)
        yield "args", repr(each.args)
        yield "attributes", repr(vars(each))
        yield "notes", repr(getattr(each, "__notes__", ""))
        for frame in frames(each.__traceback__):
            for name, value in frame.f_locals.items():
                where = f"{name} in {frame.f_code.co_qualname}"
                yield f"the value of {where}", repr(value)
                for attribute in ("__dict__", "headers"):
                    held = getattr(value, attribute, None)
                    if isinstance(value, Exception | RawServer) or held is None:
                        continue
                    if frame.f_globals["__name__"].startswith("fireworks_async"):
                        yield f"{attribute} of {where}", repr(held)


def client_for(url, key, failure=""):
    silent = failure.startswith("silence")
    return AsyncFireworks(
        api_key=key,
        base_url=url,
        max_retries=1,
        timeout=Timeout(receive=0.05 if silent else 10),
    )


async def use(client, how):
    call = client.chat.completions.create(model="m", messages=MESSAGES, max_retries=0)
    if how == "collect":
        return await call
    async with call as stream:
        async for _ in stream:
            pass
        return stream.snapshot


async def fail(client, server, how, failure):
    """The error that the failure ends a call with."""
    if failure.startswith(("cancelled", "closed")):
        patient = client.with_options(timeout=None)
        task = asyncio.create_task(use(patient, how))
        await server.request()
        # What the server has sent by now is read, and the call waits for more.
        await asyncio.sleep(0.01)
        if failure.startswith("closed"):
            await client.aclose()
        else:
            task.cancel()
        await asyncio.wait([task])
        try:
            task.result()
        except BaseException as error:  # noqa: BLE001 - the cancellation too
            return error
    try:
        await use(client, how)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    return None


@pytest.mark.parametrize("how", ["iterate", "collect"])
@pytest.mark.parametrize("failure", FAILURES)
async def test_the_key_is_in_no_text(failure, how):
    script = FAILURES[failure]
    with Ears() as ears:
        async with RawServer(default=script or []) as server:
            url = server.base_url
            if script is None:
                with socket.socket() as taken:
                    taken.bind(("127.0.0.1", 0))
                    url = "http://{}:{}/v1".format(*taken.getsockname())
            # One of the two ways gets its key in the other way.
            client = client_for(url, CANARY if how == "iterate" else give_key, failure)
            error = await fail(client, server, how, failure)
            assert (error is None) == (failure == "none"), error
            said = [("repr of the client", repr(client))]
            said += [(f"repr of {n}", repr(v)) for n, v in vars(client).items()]
            await client.aclose()
        await settle()
        gc.collect()
        said.append(("logs and warnings", ears.text))
    if error is not None:
        said += texts_of(error)
    told = sorted({where for where, text in said if CANARY in text})
    assert told == []


def betray():
    value = [CANARY]
    raise LookupError(len(value))


async def test_what_is_said_would_be_heard():
    with Ears() as ears:
        logging.getLogger("fireworks_async").debug("said %s", CANARY)
        warnings.warn(f"warned of {CANARY}", stacklevel=1)
        await asyncio.sleep(0)
    assert f"said {CANARY}" in ears.text
    assert f"warned of {CANARY}" in ears.text
    assert "took" in ears.text
    with pytest.raises(LookupError) as caught:
        betray()
    assert [where for where, text in texts_of(caught.value) if CANARY in text]


async def test_a_stream_that_is_thrown_away_is_reported_without_the_key():
    with Ears() as ears:
        async with RawServer([Send(OPEN), Hang()]) as server:
            client = client_for(server.base_url, CANARY)
            stream = client.chat.completions.create(model="m", messages=MESSAGES)
            await anext(stream)
            del stream
            gc.collect()
            del client
            gc.collect()
        await settle()
        said = ears.text
    assert "unclosed <Stream" in said
    assert "unclosed <AsyncFireworks" in said
    assert CANARY not in said
