"""What tests ordered in place of normal answers, and for which requests."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from fireworks_async.simulator._faults import Fault
from fireworks_async.simulator._replies import ErrorReply, Raw, RawHTTP, Reply

__all__ = ("Order", "Part", "RecordedRequest", "Script")


@dataclass(slots=True)
class RecordedRequest:
    """One request that came.

    Attributes:
        number: Requests count from 1.
        method: The HTTP method.
        path: The path and query, as they came.
        headers: The headers, names in lower case, without `authorization`.
        body: The decoded JSON, or the fields of a form; the bytes when it is neither;
            None until it came.
        arrived_at: When its head had come. All times are of `time.monotonic`.
        connection: The number of the connection, from 1.
        status: The status answered; None when no status was.
        finished: Whether a whole answer was sent.
        left_at: When the client left before that; None when it did not.
        first_byte_at: When the head of the answer was sent.
        first_token_at: When the first token was sent.
        ended_at: When the answer had ended, in whatever way.
        queued: Seconds that it waited for a slot.
        started_at: When it had one; None when it was refused.
        prompt_tokens: Tokens of the prompt; None when it was not let in.
        cached_tokens: How many of them were in the prompt cache.
        generated_tokens: Tokens of the answer that were sent.
    """

    number: int
    method: str
    path: str
    headers: dict[str, str]
    arrived_at: float
    connection: int
    body: Any = None
    status: int | None = None
    finished: bool = False
    left_at: float | None = None
    first_byte_at: float | None = None
    first_token_at: float | None = None
    ended_at: float | None = None
    queued: float = 0.0
    started_at: float | None = None
    prompt_tokens: int | None = None
    cached_tokens: int = 0
    generated_tokens: int = 0

    def add_tokens(self, count: int) -> None:
        """Remember that so many tokens more were sent just now."""
        if count and self.first_token_at is None:
            self.first_token_at = time.monotonic()
        self.generated_tokens += count


_SOURCES = (Reply, ErrorReply, Raw, RawHTTP)

Part = (
    Reply
    | ErrorReply
    | Raw
    | RawHTTP
    | Fault
    | tuple[Reply | ErrorReply | Raw | RawHTTP | Fault, ...]
)
"""A reply, a fault of the normal answer, or one reply and faults together."""


@dataclass(frozen=True, slots=True)
class Order:
    """One answer as ordered: a source, and the faults that spoil it in turn."""

    source: Reply | ErrorReply | Raw | RawHTTP = field(default_factory=Reply)
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, part: Part) -> "Order":
        """Read what a test wrote.

        Raises:
            TypeError: It is no reply and no fault, or has two replies.
        """
        parts: tuple[object, ...] = part if isinstance(part, tuple) else (part,)
        sources = [item for item in parts if isinstance(item, _SOURCES)]
        faults = [item for item in parts if not isinstance(item, _SOURCES)]
        if len(sources) > 1:
            raise TypeError("an answer has at most one reply")
        for fault in faults:
            if not callable(fault) or isinstance(fault, type):
                raise TypeError(f"neither a reply nor a fault: {fault!r}")
        return cls(sources[0] if sources else Reply(), cast("Any", tuple(faults)))


@dataclass(frozen=True, slots=True)
class _Rule:
    order: Order
    when: Callable[[RecordedRequest], bool] | None
    until: float | None

    def fits(self, request: RecordedRequest) -> bool:
        if self.until is not None and time.monotonic() >= self.until:
            return False
        return self.when is None or self.when(request)


class Script:
    """Orders, and which request gets which."""

    def __init__(self) -> None:
        self._next: deque[Order] = deque()
        self._rules: list[_Rule] = []

    def add(self, *parts: Part) -> None:
        """Order the next answers."""
        self._next.extend([Order.of(part) for part in parts])

    def add_rule(
        self,
        part: Part,
        *,
        when: Callable[[RecordedRequest], bool] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Order all answers that no other order is for."""
        until = None if seconds is None else time.monotonic() + seconds
        self._rules.append(_Rule(Order.of(part), when, until))

    def clear(self) -> None:
        """Forget all orders."""
        self._next.clear()
        self._rules.clear()

    def order_for(self, request: RecordedRequest) -> Order:
        """Take the order for a request: the next, else the latest rule that fits."""
        if self._next:
            return self._next.popleft()
        for rule in reversed(self._rules):
            if rule.fits(request):
                return rule.order
        return Order()
