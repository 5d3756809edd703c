"""One request, one answer that is read whole: for what the API does not stream."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from fireworks_async._client.attempts import Attempts, Service
from fireworks_async._client.options import CallOptions
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.interfaces import ByteResponse
from fireworks_async._protocol.forgiving import decode_object
from fireworks_async._protocol.metadata import request_id
from fireworks_async._protocol.requests import WireRequest
from fireworks_async.errors import APIError, FireworksError

__all__ = ("fetch", "fetch_all")

# Parts of one call in flight at once: enough to fill a server, too few to be a flood.
_AT_ONCE: Final = 16
_LONGEST_EXCERPT: Final = 2000

ResultT = TypeVar("ResultT")
Decoder = Callable[[bytes], ResultT]


async def fetch(
    service: Service,
    request: WireRequest,
    options: CallOptions,
    decode: Decoder[ResultT],
    *,
    base_url: str | None = None,
) -> ResultT:
    """Send, read the answer to its end, and give what it decodes to.

    An answer that is cut in the middle has been handed to nobody, so the request is
    repeated as if none had come.

    Args:
        service: What the client's calls share.
        request: What is sent.
        options: How.
        decode: Makes the result of a body; a ValueError says that it is none.
        base_url: Where to, when that is not the client's.

    Raises:
        APIError: The call failed, or what came cannot be decoded.
    """
    attempts = service.attempts(request, options, StreamTimings(), base_url=base_url)
    try:
        result = await _answer(attempts, decode)
    except FireworksError as error:
        failure = attempts.redacted(error)
        attempts.close(succeeded=False, problem=failure)
    except BaseException as error:
        attempts.close(succeeded=False, problem=error)
        raise
    else:
        attempts.close(succeeded=True, answer=result)
        return result
    # Outside the handler, without the frames and the contexts of the attempts: those
    # may hold the request's headers.
    failure.__context__ = failure.__cause__ = None
    raise failure.with_traceback(None)


async def fetch_all(
    service: Service,
    requests: Iterable[tuple[WireRequest, Decoder[ResultT]]],
    options: CallOptions,
) -> list[ResultT]:
    """``fetch`` several at once; their results are in the order of the requests.

    The first that fails ends the others.
    """
    numbered = list(enumerate(requests))
    if len(numbered) == 1:
        [(_, (request, decode))] = numbered
        return [await fetch(service, request, options, decode)]
    results: dict[int, ResultT] = {}
    waiting = iter(numbered)

    async def work() -> None:
        for number, (request, decode) in waiting:
            results[number] = await fetch(service, request, options, decode)

    workers = [asyncio.ensure_future(work()) for _ in numbered[:_AT_ONCE]]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        # Each puts back what it holds before this call is over.
        await asyncio.gather(*workers, return_exceptions=True)
    return [results[number] for number, _ in numbered]


async def _answer(attempts: Attempts, decode: Decoder[ResultT]) -> ResultT:
    while True:
        response = await attempts.open()
        try:
            body = await attempts.read_whole(response)
        except APIError as error:
            if not await attempts.may_repeat(error):
                raise
            continue
        try:
            return decode(body)
        except ValueError as problem:
            failure = _unreadable(response, body, str(problem))
        if not await attempts.may_repeat(failure):
            raise failure


def _unreadable(response: ByteResponse, body: bytes, reason: str) -> APIError:
    text = body[:_LONGEST_EXCERPT].decode(errors="replace")
    if _reports_error(body):
        from fireworks_async._protocol.failures import (  # noqa: PLC0415 - on first use
            error_from_event,
        )

        return error_from_event(
            body,
            event="answer",
            request_id=request_id(response.headers),
            headers=response.headers,
            otherwise=APIError,
        )
    return APIError(
        f"the answer (status {response.status}) is not what this call gives: {reason}",
        request_id=request_id(response.headers),
        body=text or None,
    )


def _reports_error(body: bytes) -> bool:
    """Whether this is an error that came with the status of a success."""
    try:
        answer = decode_object(body.decode(errors="replace"))
    except ValueError:
        return False
    return answer.get("error") is not None
