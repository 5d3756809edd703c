"""What the client asks of the network: a transport, an answer, a clock.

No third-party import: tests and other transports stand behind the same interfaces.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, Self

import msgspec

from fireworks_async._measure.timings import StreamTimings
from fireworks_async._policy.timeouts import Timeout
from fireworks_async.errors import FireworksError, TimeoutPhase

if TYPE_CHECKING:
    from fireworks_async._protocol.multipart import MultipartBody

__all__ = (
    "ByteResponse",
    "Clock",
    "Limit",
    "PoolStatistics",
    "Timer",
    "Transport",
    "WireCall",
)


class Timer(Protocol):
    """A callback that has been scheduled."""

    @abstractmethod
    def cancel(self) -> None:
        """Forget the callback; a no-op when it has run."""


class Clock(Protocol):
    """Time, so that tests can move it."""

    @abstractmethod
    def now(self) -> float:
        """Monotonic seconds."""

    @abstractmethod
    def wall(self) -> float:
        """Seconds since the epoch, to compare with HTTP dates."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait; ends at once when the task is cancelled."""

    @abstractmethod
    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run the callback once ``now()`` has reached ``when``."""


class Limit(Protocol):
    """Ends a call's waiting after a while, by what runs out first: phase or total.

    A context manager around waits; for the many reads of an answer, ``guard`` once, and
    ``watch`` and ``rest`` around each.
    """

    @abstractmethod
    def during(self, phase: TimeoutPhase) -> Self:
        """Set what the block waits for, and start its clock anew."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        """Leave the block.

        Raises:
            APITimeoutError: The block was ended by this limit.
        """

    @abstractmethod
    def guard(self, end: Callable[[FireworksError], None]) -> None:
        """From now on reads are watched, and ended by ``end`` with the error given."""

    @abstractmethod
    def watch(self, now: float, waited: float) -> None:
        """A read begins, to be ended when it takes too long before ``rest``.

        Args:
            now: Monotonic seconds.
            waited: Seconds of the same silence that have been waited before.

        Raises:
            APITimeoutError: The time is over.
        """

    @abstractmethod
    def rest(self) -> None:
        """Nothing is read any more; the caller's own time does not count."""

    @abstractmethod
    def abort(self, error: FireworksError) -> None:
        """End the waiting, or the answer under guard, with this error."""

    @abstractmethod
    def close(self) -> None:
        """Stop being watched; idempotent."""


class WireCall(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request, ready to be sent any number of times.

    Its ``repr`` shows no header: one of them holds the API key.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: "bytes | MultipartBody"

    def __repr__(self) -> str:
        return f"<WireCall {self.method} {self.url}, {len(self.body)} bytes>"


class ByteResponse(Protocol):
    """An answer whose body is still coming. Whoever holds it holds the lease.

    Attributes:
        status: HTTP status.
        headers: Found by their names in lower case, whatever case they came in.
    """

    status: int
    headers: Mapping[str, str]

    @property
    @abstractmethod
    def is_held(self) -> bool:
        """Whether the lease has not been given back, here or by the pool's closing."""

    @abstractmethod
    async def read(self) -> bytes:
        """Wait for bytes, and take all that have come; ``b""`` at the end of the body.

        Raises:
            APIConnectionError: The connection was lost. What had come before has been
                handed out by earlier calls.
        """

    @abstractmethod
    def finish(self) -> None:
        """Give the lease back; what is left of the body is drained, within a bound."""

    @abstractmethod
    def close(self, reason: FireworksError | None = None) -> None:
        """Give the lease back and close the connection at once.

        A no-op after ``finish``, and when called again. A task that waits in ``read``
        gets ``reason``.
        """


class PoolStatistics(msgspec.Struct, frozen=True):
    """What a pool holds at one moment.

    Attributes:
        connections: Open connections, busy or idle.
        in_flight: Calls admitted and not ended.
        waiting: Calls waiting to be admitted.
        draining: Ended calls whose connection is being read to its end for reuse.
        limit: How many calls are admitted at once.
    """

    connections: int
    in_flight: int
    waiting: int
    draining: int
    limit: int


class Transport(Protocol):
    """Sends calls; the session pool is one."""

    clock: Clock

    @abstractmethod
    def limit(self, timeout: Timeout) -> Limit:
        """The time limits of one call; its total counts from now."""

    @abstractmethod
    async def send(
        self, call: WireCall, *, limit: Limit, timings: StreamTimings
    ) -> ByteResponse:
        """Wait to be admitted, send, and wait for the answer's headers.

        Raises:
            APIConnectionError: No answer came.
            APITimeoutError: A limit ran out first.
            ClientClosedError: The transport is closed, or belongs to another loop.
        """

    @abstractmethod
    def statistics(self) -> PoolStatistics:
        """What the transport holds now."""

    @abstractmethod
    async def aclose(self) -> None:
        """End all calls and close all connections; idempotent."""
