"""Sends an answer at its pace; the only file here that waits for the clock."""

import asyncio
import time
from itertools import chain

from aiohttp import web

from fireworks_async._web.sse_writer import SSEWriter
from fireworks_async.simulator._answers import Answer, Step
from fireworks_async.simulator._script import RecordedRequest

__all__ = ("play",)

# Enough to make a write cheap, and little enough to let the loop run others between.
_ENOUGH_BYTES = 16 * 1024


async def play(
    answer: Answer, request: web.Request, record: RecordedRequest
) -> web.StreamResponse:
    """Send `answer`; return when it has ended the way it says.

    Each step is due at a fixed moment, the sum of the delays up to it: what is late
    does not make later steps late, and steps that are late together share a write.
    `record` is told when and how much was sent.

    Raises:
        ReaderLeftError: The client left before the end.
    """
    due = asyncio.get_running_loop().time() + answer.head_delay
    if answer.head_delay > 0:
        await asyncio.sleep(answer.head_delay)
    writer = SSEWriter(
        request, status=answer.status, headers=answer.headers, length=answer.length
    )
    if answer.framed:
        await writer.open()
    record.first_byte_at = time.monotonic()
    await _send_body(answer, writer, record, due)
    await _end(answer, writer)
    return writer.response


async def _send_body(
    answer: Answer, writer: SSEWriter, record: RecordedRequest, due: float
) -> None:
    now = asyncio.get_running_loop().time
    send = writer.write if answer.framed else writer.write_unframed
    enough = _ENOUGH_BYTES if answer.joined else 1
    pieces: list[bytes] = []
    size = tokens = 0
    steps = answer.steps if answer.merged is None else answer.merged
    for delay, data, _, gate, brought in chain(
        steps, (Step(answer.ending_delay, b""),)
    ):
        wait = 0.0
        if delay > 0:
            due += delay
            wait = due - now()
        if wait > 0 or gate is not None or size >= enough:
            await send(b"".join(pieces))
            record.add_tokens(tokens)
            pieces.clear()
            size = tokens = 0
            # Also when nothing is due in the future: other answers want their turn.
            await asyncio.sleep(max(0.0, wait))
            if gate is not None:
                await gate.wait()
                due = max(due, now())
        pieces.append(data)
        size += len(data)
        tokens += brought
    await send(b"".join(pieces))
    record.add_tokens(tokens)


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
