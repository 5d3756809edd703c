"""Rows about what a client does: closes, repeats, waits, sends, and keeps to itself."""

from benchmarks.faults import words
from benchmarks.faults.outcome import API_KEY, WHOLE
from benchmarks.faults.scripts import (
    COMPLETION,
    FINISH,
    GARBAGE,
    STREAM,
    WHOLE_ANSWER,
    refusal,
)
from benchmarks.faults.trials import Row, trial
from tests.support.raw_server import (
    Fin,
    Hang,
    Pause,
    ReceivedRequest,
    Repeat,
    Script,
    Send,
    Step,
)
from tests.support.wire import DONE, LAST_CHUNK, stream_body, stream_head

__all__ = ("CLOSINGS", "KEYS", "REFUSALS", "REQUESTS", "RETRIES")

_TWIN = trial(WHOLE_ANSWER)

_GENERATING: list[Step] = [
    Send(stream_head()),
    Repeat([Send(stream_body(STREAM[0])), Pause(0.02)]),
]
_GENERATED: list[Step] = [
    Send(stream_head() + stream_body(STREAM[0])),
    Pause(0.02),
    Send(stream_body(*STREAM[1:], FINISH, DONE) + LAST_CHUNK),
]


def _closing_row(title: str, exercise: str) -> Row:
    fault = trial(_GENERATING, exercise=exercise)
    return Row(title, fault, trial(_GENERATED), words.closing)


def _terminated_after(seconds: float) -> list[Step]:
    said_all = Send(stream_head() + stream_body(*STREAM, FINISH, DONE))
    return [said_all, Pause(seconds), Send(LAST_CHUNK)]


CLOSINGS = (
    _closing_row("`break` at the first delta, stream kept", "leave"),
    _closing_row("`break` at the first delta, stream dropped", "drop"),
    _closing_row("reading task cancelled", "cancel"),
    Row(
        "20 streams in turn, body ends 5 ms after `[DONE]`: connections",
        trial(_terminated_after(0.005), calls=20),
        trial(WHOLE_ANSWER, calls=20),
        words.connections,
    ),
    Row(
        "body ends 2 s after `[DONE]`",
        trial(_terminated_after(2.0)),
        _TWIN,
        words.letting_go,
    ),
)


def _limited(seconds: int) -> list[Step]:
    text = "rate limit exceeded, please try again later"
    return refusal(429, text, "RATE_LIMITED", {"retry-after": str(seconds)})


def _retry_row(title: str, *scripts: Script) -> Row:
    fault = trial(*scripts, WHOLE_ANSWER, max_retries=2)
    twin = trial(WHOLE_ANSWER, max_retries=2)
    return Row(f"{title}, `max_retries=2`", fault, twin, words.retries)


def _closes_the_first(request: ReceivedRequest) -> list[Step]:
    return [Fin()] if request.connection.number == 0 else WHOLE_ANSWER


_OVERLOADED = refusal(503, "Service overloaded", "SERVER_OVERLOADED")
_TWICE = {"calls": 2, "settle": 0.1}
_IMPATIENT = {"keywords": {"timeout": 0.5}, "limit": 5.0}

RETRIES = (
    _retry_row("429 with `Retry-After: 1`", _limited(1)),
    _retry_row("503 twice", _OVERLOADED, _OVERLOADED),
    Row(
        "429 with `Retry-After: 100`",
        trial(_limited(100), WHOLE_ANSWER, limit=3.0),
        _TWIN,
        words.long_wait,
    ),
    Row(
        "kept-alive connection closed under the next POST",
        trial(WHOLE_ANSWER, _closes_the_first, WHOLE_ANSWER, **_TWICE),
        trial(WHOLE_ANSWER, **_TWICE),
        words.stale,
    ),
    Row(
        "no answer, `timeout=0.5`",
        trial([Hang()], **_IMPATIENT),
        trial(WHOLE_ANSWER, **_IMPATIENT),
        words.sendings,
    ),
)


def _refusal_row(status: int, message: str, code: str) -> Row:
    script = refusal(status, message, code)
    return Row(f"status {status}", trial(script), _TWIN, words.refusal)


REFUSALS = (
    _refusal_row(402, "Payment required", "PAYMENT_REQUIRED"),
    _refusal_row(403, "unauthorized", "FORBIDDEN"),
    _refusal_row(412, "Account fw-test is suspended", "PRECONDITION_FAILED"),
)


def _caps_what_is_not_streamed(request: ReceivedRequest) -> list[Step]:
    if request.json.get("stream"):
        return WHOLE_ANSWER
    if request.json["max_tokens"] <= 4096:
        return COMPLETION
    text = "Requests with max_tokens > 4096 must have stream=true"
    return refusal(400, text, "invalid_request_error")


def _refuses_what_it_does_not_know(request: ReceivedRequest) -> list[Step]:
    for number, message in enumerate(request.json["messages"]):
        if "metadata" in message:
            field = f"messages[{number}].metadata"
            text = f"Extra inputs are not permitted, field: '{field}'"
            return refusal(400, text, "invalid_request_error")
    return WHOLE_ANSWER


def _second_turn(**more: object) -> dict[str, object]:
    """A call whose history holds an earlier answer."""
    messages = [
        {"role": "user", "content": "Name three woods."},
        {"role": "assistant", "content": WHOLE, **more},
        {"role": "user", "content": "Again."},
    ]
    return {"keywords": {"messages": messages}}


def _collected(max_tokens: int) -> dict[str, object]:
    return {"exercise": "collect", "keywords": {"max_tokens": max_tokens}}


REQUESTS = (
    Row(
        "`max_tokens=5000` without `stream=True`",
        trial(_caps_what_is_not_streamed, **_collected(5000)),
        trial(_caps_what_is_not_streamed, **_collected(4096)),
        words.ending,
    ),
    Row(
        "history with a message key that the API refuses",
        trial(_refuses_what_it_does_not_know, **_second_turn(metadata={"turn": 1})),
        trial(_refuses_what_it_does_not_know, **_second_turn()),
        words.replayed,
    ),
    Row(
        "misspelt keyword, `temprature=0.5`",
        trial(WHOLE_ANSWER, keywords={"temprature": 0.5}),
        trial(WHOLE_ANSWER, keywords={"temperature": 0.5}),
        words.unknown_keyword,
    ),
)

_WRONG_KEY = refusal(401, "The API key you provided is invalid.", "UNAUTHORIZED")
_REPEATED = refusal(401, f"Incorrect API key provided: {API_KEY}.", "UNAUTHORIZED")

KEYS = (
    Row(
        "API key in the `repr` of an error's chain: garbage instead of HTTP",
        trial([GARBAGE, Fin()]),
        _TWIN,
        words.key_in_chain,
    ),
    Row(
        "API key in the `repr` of an error's chain: 401 that repeats the key",
        trial(_REPEATED),
        _TWIN,
        words.key_in_chain,
    ),
    Row(
        "API key in a traceback with local variables: 401",
        trial(_WRONG_KEY),
        _TWIN,
        words.key_in_locals,
    ),
)
