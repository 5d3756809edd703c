"""Rows about the bytes of an answer: how it ends, what is in it, what it is at all."""

import codecs

from benchmarks.faults.scripts import (
    COMPLETION,
    FINISH,
    GARBAGE,
    STREAM,
    WHOLE_ANSWER,
    begun,
    events,
)
from benchmarks.faults.trials import Row, trial
from benchmarks.faults.words import ending, reported_usage, timing_out
from tests.support.raw_server import (
    Fin,
    Hang,
    Pause,
    ReceivedRequest,
    Repeat,
    Reset,
    Script,
    Send,
    Step,
)
from tests.support.wire import (
    DONE,
    LAST_CHUNK,
    USAGE,
    chunk,
    http_chunk,
    json_response,
    sse,
    stream_body,
    stream_head,
)

__all__ = ("ANSWERS", "CONTENTS", "ENDINGS", "USAGES")

_TWIN = trial(WHOLE_ANSWER)
_END = Send(LAST_CHUNK)
_REST = Send(stream_body(STREAM[2], FINISH, DONE) + LAST_CHUNK)
# Long enough that the client has read what was sent before.
_A_MOMENT = Pause(0.05)
_A_SECOND = {"timeout": 1.0}
_PING = [Send(http_chunk(b": ping\n\n")), Pause(0.1)]


def _row(title: str, *script: Step) -> Row:
    return Row(title, trial(script), _TWIN, ending)


ENDINGS = (
    _row("cut mid-way: FIN, the body unfinished", begun(), Fin()),
    _row("connection reset mid-way", begun(), _A_MOMENT, Reset()),
    _row("clean end, no `finish_reason`, no `[DONE]`", begun(), _END),
    _row("`[DONE]` without `finish_reason`", begun(DONE), _END),
    _row("`finish_reason`, no `[DONE]`", *events(*STREAM, FINISH)),
    Row(
        "silence mid-way, `timeout=1`",
        trial([begun(), Hang()], keywords=_A_SECOND),
        trial([begun(), _A_MOMENT, _REST], keywords=_A_SECOND),
        timing_out,
    ),
    Row(
        "only `: ping` comments mid-way, `timeout=1`",
        trial([begun(), Repeat(_PING, times=25), _REST], keywords=_A_SECOND),
        trial([begun(), Repeat(_PING, times=2), _REST], keywords=_A_SECOND),
        timing_out,
    ),
)

_ERROR = {"message": "Internal server error", "code": "INTERNAL", "type": "error"}
_NAMED = b"event: error\n"
_BROKEN_UTF8 = sse(STREAM[0]).replace(b"amber", b"a\xffber")
_CRLF = sse(*STREAM, FINISH, DONE).replace(b"\n", b"\r\n")

CONTENTS = (
    _row("error object in a data event", begun({"error": _ERROR}), _END),
    _row("`event: error`, its data an object", begun(_NAMED + sse(_ERROR)), _END),
    _row(
        "`event: error`, its data a JSON string",
        begun(_NAMED + sse('"Internal server error"')),
        _END,
    ),
    _row("malformed JSON in an event", begun('{"choices": [', FINISH, DONE), _END),
    _row("broken UTF-8 in a delta", *events(_BROKEN_UTF8, *STREAM[1:], FINISH, DONE)),
    _row(
        "BOM before the first delta",
        *events(codecs.BOM_UTF8 + sse(STREAM[0]), *STREAM[1:], FINISH, DONE),
    ),
    _row("CRLF line ends", *events(_CRLF)),
)

_HTML = b"<html><head><title>Welcome</title></head><body>Sign in.</body></html>"

ANSWERS = (
    _row("200 with a JSON error body", Send(json_response(200, {"error": _ERROR}))),
    _row(
        "200 with HTML", Send(json_response(200, _HTML, {"content-type": "text/html"}))
    ),
    _row("200 with nothing", Send(stream_head() + LAST_CHUNK)),
    _row("200 with a JSON completion instead of a stream", *COMPLETION),
    _row("garbage instead of HTTP", GARBAGE, Fin()),
)

_LAST = chunk(finish_reason="stop", usage=USAGE)
_TRAILING = chunk(choices=[], usage=USAGE)
_BARE = {name: value for name, value in _TRAILING.items() if name != "choices"}


def _counts_if_asked(request: ReceivedRequest) -> list[Step]:
    options = request.json.get("stream_options") or {}
    if options.get("include_usage"):
        return events(*STREAM, FINISH, _TRAILING, DONE)
    return WHOLE_ANSWER


def _usage_row(where: str, script: Script) -> Row:
    title = f"usage for a caller that did not ask: {where}"
    return Row(title, trial(script), _TWIN, reported_usage)


USAGES = (
    _usage_row("on the finish chunk", events(*STREAM, _LAST, DONE)),
    _usage_row("on a trailing chunk", events(*STREAM, FINISH, _TRAILING, DONE)),
    _usage_row("trailing, no `choices` key", events(*STREAM, FINISH, _BARE, DONE)),
    _usage_row("sent if `stream_options` asks", _counts_if_asked),
)
