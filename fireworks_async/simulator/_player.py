"""Sends an answer at its pace; the only file here that waits for the clock."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import chain

from aiohttp import web

from fireworks_async._web.sse_writer import SSEWriter
from fireworks_async.simulator._answers import Answer, Step

__all__ = ("play",)

# Enough to make a write cheap, and little enough to let the loop run others between.
_JOIN_AT_MOST = 64


async def play(answer: Answer, request: web.Request) -> web.StreamResponse:
    """Send `answer`; return when it has ended the way it says.

    Each step is due at a fixed moment, the sum of the delays up to it: what is late
    does not make later steps late.

    Raises:
        ReaderLeftError: The client left before the end.
    """
    loop = asyncio.get_running_loop()
    due = loop.time() + answer.head_delay
    if answer.head_delay > 0:
        await asyncio.sleep(answer.head_delay)
    writer = SSEWriter(
        request, status=answer.status, headers=answer.headers, length=answer.length
    )
    send = writer.write if answer.framed else writer.write_unframed
    if answer.framed:
        await writer.open()
    steps = _join(answer.steps) if answer.joined else answer.steps
    for step in chain(steps, (Step(answer.ending_delay, b""),)):
        if step.delay > 0:
            due += step.delay
        # Also when nothing is due in the future: other answers want their turn.
        await asyncio.sleep(max(0.0, due - loop.time()) if step.delay > 0 else 0)
        if step.gate is not None:
            await step.gate.wait()
            due = max(due, loop.time())
        await send(step.data)
    await _end(answer, writer)
    return writer.response


async def _end(answer: Answer, writer: SSEWriter) -> None:
    match answer.ending:
        case "eof" if answer.framed:
            await writer.close()
        case "leave" if answer.framed:
            await writer.close()
            writer.hang_up()
        case "eof" | "leave" | "close":
            writer.hang_up()
        case "reset":
            await writer.reset()
        case "hang":
            await asyncio.Event().wait()


def _join(steps: Iterable[Step]) -> Iterator[Step]:
    first: Step | None = None
    pieces: list[bytes] = []
    for step in steps:
        if first is None:
            first = step
        elif step.delay > 0 or step.gate or len(pieces) >= _JOIN_AT_MOST:
            yield first._replace(data=b"".join(pieces))
            first = step
            pieces = []
        pieces.append(step.data)
    if first is not None:
        yield first._replace(data=b"".join(pieces))
