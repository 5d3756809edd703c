"""What is kept of one request: its instants and its tokens; nothing is computed here.

Every measure is taken from these, after the run, so that measuring disturbs the run as
little as it can. Times are seconds from the run's origin, of one monotonic clock.
"""

from array import array
from collections.abc import Mapping

import msgspec

__all__ = ("Record", "unpacked")


class Record(msgspec.Struct, kw_only=True, gc=False):
    """One request, from its place in the schedule to its end.

    Attributes:
        index: Its place in the schedule.
        turn: Its place in its conversation, from 0.
        label: Which part of the mix it was.
        process: Which process sent it.
        intended_at: When the schedule meant it to start; in a closed loop, when it did.
        started_at: When it did start; None: never, there was no time left for it.
        sent_at: When it was admitted by the client and began to be sent.
        headers_at: When status and headers were in.
        first_event_at: When the first chunk of any kind was in.
        first_token_at: When the first chunk with output was in: content, reasoning, a
            tool call. A chunk with a role only is none.
        first_visible_at: The same, of content alone.
        last_token_at: When the last chunk with output was in.
        ended_at: When the answer had ended, well or not.
        prompt_tokens: As counted by the server; None: not reported. So are the others.
        cached_tokens: Of the prompt, found in the cache.
        completion_tokens: Of the answer, reasoning included.
        reasoning_tokens: Of the reasoning.
        counted_by: What the tokens of single chunks are known by: ``token_ids``,
            ``logprobs``, ``usage`` (a count on each chunk), ``events`` (as many chunks
            as tokens), ``text`` (shared out by length of text), or ``chunks`` (the
            server counted nothing: one each).
        read_at: When each network read with output was in; packed doubles.
        read_tokens: Tokens in each of them; packed floats.
        read_events: Chunks with output in each of them; packed unsigned shorts.
        other_at: When each chunk of a choice without output was in, such as the role's
            or the last one's; packed doubles. No measure here takes it for a token;
            others do.
        error: The class of the failure; None: none.
        message: What the failure said.
        cancelled: Whether it was left on purpose.
        finish_reason: As sent.
        server: The server's own times in seconds, by their name in ``perf_metrics``.
        speculation: Which proposals of a draft model were taken, as the server has it:
            ``position:hits/total,...``.
    """

    index: int
    turn: int = 0
    label: str = ""
    process: int = 0
    intended_at: float
    started_at: float | None = None
    sent_at: float | None = None
    headers_at: float | None = None
    first_event_at: float | None = None
    first_token_at: float | None = None
    first_visible_at: float | None = None
    last_token_at: float | None = None
    ended_at: float | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    counted_by: str = ""
    read_at: bytes = b""
    read_tokens: bytes = b""
    read_events: bytes = b""
    other_at: bytes = b""
    error: str | None = None
    message: str | None = None
    cancelled: bool = False
    finish_reason: str | None = None
    server: Mapping[str, float] = {}
    speculation: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether there is a whole answer to measure."""
        return self.error is None and not self.cancelled and self.ended_at is not None

    @property
    def was_dropped(self) -> bool:
        """Whether it never started."""
        return self.started_at is None


def unpacked(record: Record) -> dict[str, object]:
    """The record with its reads as lists, for JSON."""
    plain = msgspec.structs.asdict(record)
    for name, code in (
        ("read_at", "d"),
        ("read_tokens", "f"),
        ("read_events", "H"),
        ("other_at", "d"),
    ):
        values: array[float] = array(code)
        values.frombytes(plain[name])
        plain[name] = [round(value, 9) for value in values]
    return plain
