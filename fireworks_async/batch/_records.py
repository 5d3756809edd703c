"""How an outcome is written down, one line each, and read again.

The lines are those of OpenAI's result and error files, with one more field, ``batch``:
what a later run needs to know whether the line still answers the row. So there is no
ledger beside the results that could disagree with them: the line is the record.
"""

from typing import Any

import msgspec

from fireworks_async._protocol.completions import Usage
from fireworks_async.batch._interfaces import Cause
from fireworks_async.batch._present import present
from fireworks_async.batch._rows import Problem
from fireworks_async.errors import APIError, APIStatusError, FireworksError

__all__ = ("BatchResult", "Recorded", "encode", "encode_copy", "encode_problem", "read")


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row.

    Attributes:
        custom_id: Its name.
        line: Its number in the input, from 1.
        endpoint: Where it went.
        request: Its body.
        response: A ``ChatCompletion``, ``Completion``, ``EmbeddingResponse`` or
            ``RerankResponse``; None when it failed.
        error: Why it failed; None when it did not. What had come of the answer is in
            the error's ``partial``.
        cause: The error's class in one word; None when there is none.
        attempts: How often it was sent in this run.
        request_id: The API's id of the last request, or None.
        usage: Tokens, or None when not reported.
        ttft: Seconds from sending to the first token, or None.
        e2e: Seconds from sending to the end of the last attempt.
        cost: US dollars, all attempts together, by list prices; at most so much where
            a price or a count is not known; None when nothing is.
        digest: SHA-256 of the request, in hexadecimal.
    """

    custom_id: str
    line: int
    endpoint: str
    request: dict[str, object]
    response: Any = None
    error: FireworksError | None = None
    cause: Cause | None = None
    attempts: int = 1
    request_id: str | None = None
    usage: Usage | None = None
    ttft: float | None = None
    e2e: float = 0.0
    cost: float | None = None
    digest: str = ""


class _Answer(msgspec.Struct, gc=False):
    status_code: int
    request_id: str | None
    body: Any


class _Failure(msgspec.Struct, omit_defaults=True):
    code: str
    message: str
    type: str | None = None
    line: int | None = None


class _Facts(msgspec.Struct, omit_defaults=True, gc=False):
    """What is known beside the answer."""

    digest: str = ""
    line: int = 0
    run: int = 0
    attempts: int = 0
    ttft: float | None = None
    e2e: float | None = None
    cost: float | None = None
    shared_with: str | None = None


class _Success(msgspec.Struct, gc=False):
    id: str
    custom_id: str
    response: _Answer
    error: None
    batch: _Facts


class _Failed(msgspec.Struct):
    id: str
    custom_id: str | None
    response: _Answer | None
    error: _Failure
    partial: Any
    batch: _Facts


class _StatusSeen(msgspec.Struct):
    status_code: int | None = None


class _ErrorSeen(msgspec.Struct):
    code: str | int | None = None


class Recorded(msgspec.Struct):
    """What a line of either file says, as far as a later run wants to know.

    Attributes:
        custom_id: Of which row; None for a row that had no name.
        response: Its status.
        error: Its cause; None for a success.
        batch: The facts; at their defaults in lines that another program wrote.
    """

    custom_id: str | None
    response: _StatusSeen | msgspec.UnsetType | None = msgspec.UNSET
    error: _ErrorSeen | msgspec.UnsetType | None = msgspec.UNSET
    batch: _Facts = msgspec.field(default_factory=_Facts)

    @property
    def has_failed(self) -> bool:
        """Whether it is the record of a failure."""
        return bool(self.error) or not self.response

    @property
    def cause(self) -> str:
        """The cause of the failure."""
        code = self.error.code if self.error else None
        return str(code or "server")

    @property
    def status(self) -> int | None:
        """The HTTP status, if there was one."""
        return self.response.status_code if self.response else None


class _Copied(msgspec.Struct):
    custom_id: str
    response: msgspec.Raw


_encode = msgspec.json.Encoder(enc_hook=str).encode
_recorded = msgspec.json.Decoder(Recorded).decode
_copied = msgspec.json.Decoder(_Copied).decode


def encode(result: BatchResult, *, run: int) -> bytes:
    """Write a result down, line break included.

    Args:
        result: What became of a row.
        run: The number of the run; of two records of a row, that of the later counts.
    """
    ttft, cost = result.ttft, result.cost
    facts = _Facts(
        digest=result.digest,
        line=result.line,
        run=run,
        attempts=result.attempts,
        # Rounded; ``round`` writes the number out for that, which takes long.
        ttft=ttft if ttft is None else int(ttft * 1e6 + 0.5) / 1e6,
        e2e=int(result.e2e * 1e6 + 0.5) / 1e6,
        cost=cost if cost is None else int(cost * 1e12 + 0.5) / 1e12,
    )
    name = f"batch_req_{result.digest[:24]}"
    if result.error is None:
        answer = _Answer(200, result.request_id, present(result.response))
        line = _encode(_Success(name, result.custom_id, answer, None, facts))
    else:
        line = _encode(_failed(name, result, result.error, facts))
    return line + b"\n"


def encode_problem(problem: Problem, *, run: int) -> bytes:
    """Write down that a row makes no request."""
    facts = _Facts(digest=problem.digest.hex(), line=problem.line, run=run)
    failure = _Failure("invalid", problem.text, "invalid_row", problem.line)
    name = f"batch_req_{facts.digest[:24]}"
    line = _Failed(name, problem.custom_id or None, None, failure, None, facts)
    return _encode(line) + b"\n"


def encode_copy(line: bytes, *, custom_id: str, number: int, run: int) -> bytes:
    """Write down for a row what was answered to another of the same body.

    Args:
        line: The record of the other.
        custom_id: The row's name.
        number: The row's number in the input.
        run: As for ``encode``.
    """
    other, facts = _copied(line), _recorded(line).batch
    copy = _Facts(
        digest=facts.digest, line=number, run=run, shared_with=other.custom_id, cost=0.0
    )
    answer: dict[str, object] = {
        "id": f"batch_req_{facts.digest[:24]}",
        "custom_id": custom_id,
        "response": other.response,
        "error": None,
        "batch": copy,
    }
    return _encode(answer) + b"\n"


def read(line: bytes) -> Recorded | None:
    """What a line says; None when it is no whole record."""
    try:
        recorded = _recorded(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    # A line of an input has a name too, and is nobody's answer.
    is_request = recorded.response is recorded.error is msgspec.UNSET
    return None if is_request else recorded


def _failed(
    name: str, result: BatchResult, error: FireworksError, facts: _Facts
) -> _Failed:
    answer = None
    if isinstance(error, APIStatusError):
        answer = _Answer(error.status_code, error.request_id, error.body)
    partial = error.partial if isinstance(error, APIError) else None
    failure = _Failure(result.cause or "protocol", error.message, type(error).__name__)
    return _Failed(name, result.custom_id, answer, failure, partial, facts)
