"""Rows, files and senders for tests of batches."""

import asyncio
import json
import random
from pathlib import Path

from fireworks_async._protocol.completions import (
    ChatCompletion,
    ChatMessage,
    Choice,
    Usage,
)
from fireworks_async.batch._causes import cause_of
from fireworks_async.batch._options import Job
from fireworks_async.batch._rows import Row, RowReader
from fireworks_async.batch._run import BatchControl, default_errors, run_job
from fireworks_async.batch._senders import Attempt
from fireworks_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
)
from tests.support.places import FixedPlaces

MODEL = "deepseek-v3p1"
STATUSES = {
    400: BadRequestError,
    401: AuthenticationError,
    429: RateLimitError,
    500: InternalServerError,
}


async def until(condition):
    """Wait, for as long as a test may take."""
    while not condition():  # noqa: ASYNC110 - threads set what is waited for
        await asyncio.sleep(0.001)


def line(name=None, text="Hi", **fields):
    """A line of the input, as an object."""
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 8,
        **fields,
    }
    return {"body": body} if name is None else {"custom_id": name, "body": body}


def row(name="a", number=1, text="Hi", **fields):
    """A row, read."""
    read = RowReader().read(number, line(name, text, **fields))
    assert isinstance(read, Row), read
    return read


def write_lines(path, lines):
    Path(path).write_text("".join(json.dumps(each) + "\n" for each in lines))


def read_lines(path):
    if not Path(path).exists():
        return []
    return [json.loads(each) for each in Path(path).read_text().splitlines()]


def ids(path):
    return [each["custom_id"] for each in read_lines(path)]


def completion(text="Hello", prompt=10, cached=None, generated=5):
    usage = Usage(
        prompt_tokens=prompt,
        completion_tokens=generated,
        total_tokens=prompt + generated,
    )
    choice = Choice(0, ChatMessage(content=text), finish_reason="stop")
    return ChatCompletion("c", 1, MODEL, [choice], usage=usage)


def answered(**usage):
    """An attempt that succeeded."""
    whole = completion(**usage)
    return Attempt(response=whole, usage=whole.usage, ttft=0.1, e2e=0.2)


def refused(status, *, retry_after=None, message="no"):
    """An attempt that ended in an error status."""
    kind = STATUSES.get(status, APIStatusError)
    return failed(kind(message, status_code=status, retry_after=retry_after))


def failed(error, *, has_begun=False):
    """An attempt that failed."""
    return Attempt(error=error, cause=cause_of(error), has_begun=has_begun)


class FakeSender:
    """Answers by a function of the row, at once or when let go.

    Attributes:
        sent: Names, in the order of their sending.
        most: In flight at once at most.
    """

    def __init__(self, answer=None, *, held=False):
        self._answer = answer or (lambda row: answered())
        self._gate = asyncio.Event()
        if not held:
            self._gate.set()
        self.sent = []
        self.affinities = []
        self.in_flight = 0
        self.most = 0

    def release(self):
        self._gate.set()

    async def send(self, row, *, affinity=None):
        self.sent.append(row.custom_id)
        self.affinities.append(affinity)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await self._gate.wait()
            await asyncio.sleep(0)
            return self._answer(row)
        finally:
            self.in_flight -= 1


def in_turn(*attempts):
    """One attempt after the other, and the last for ever."""
    waiting = list(attempts)

    def answer(row):
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return answer


async def run(folder, sender, *, places=8, control=None, **options):
    """Run ``in.jsonl`` of a folder to ``out.jsonl``."""
    random.seed(1)
    results = Path(folder) / "out.jsonl"
    job = Job(**{"drain": 5.0, **options})
    return await run_job(
        job,
        str(Path(folder) / "in.jsonl"),
        results,
        default_errors(results),
        sender=sender,
        limiter=FixedPlaces(places),
        control=control or BatchControl(),
    )
