"""When one call reached each of its stages, and the spans in between; no clock here."""

import msgspec

__all__ = ("StreamTimings",)


class StreamTimings(msgspec.Struct, gc=False):
    """The marks of one call, in seconds of one monotonic clock; None is "not yet".

    Whoever does a step sets its mark. A call that is attempted again overwrites the
    marks of the attempt that failed, but for ``queued_at``.

    Attributes:
        queued_at: The call asked to be admitted.
        sent_at: It was admitted and its request began to be sent.
        headers_at: The status line and the headers of the answer were in.
        first_delta_at: The first delta that carries output was in: content, reasoning
            or a tool call; a chunk with a role only does not count.
        last_delta_at: The latest delta that carries output was in.
        done_at: The answer ended, well or not.
    """

    queued_at: float | None = None
    sent_at: float | None = None
    headers_at: float | None = None
    first_delta_at: float | None = None
    last_delta_at: float | None = None
    done_at: float | None = None

    @property
    def queue_time(self) -> float | None:
        """Seconds from asking to being sent; with retries, what they took too."""
        begin, end = self.queued_at, self.sent_at
        return None if begin is None or end is None else end - begin

    @property
    def ttft(self) -> float | None:
        """Time to first token: seconds from sending to the first delta with output.

        Reasoning counts as output. The first delta may hold several tokens.
        """
        begin, end = self.sent_at, self.first_delta_at
        return None if begin is None or end is None else end - begin

    @property
    def e2e(self) -> float | None:
        """End-to-end latency: seconds from sending to the end; no queue time."""
        begin, end = self.sent_at, self.done_at
        return None if begin is None or end is None else end - begin
