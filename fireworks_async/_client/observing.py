"""What a client tells of its calls, and to whom; how calls are made is not known here."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

import msgspec

from fireworks_async._measure.timings import StreamTimings
from fireworks_async._protocol.completions import Usage
from fireworks_async.errors import FireworksError

__all__ = ("CallOutcome", "Ending", "Observation", "ObservedCall", "Observer")

Ending: TypeAlias = Literal["succeeded", "failed", "cancelled", "left"]
"""How a call ended; ``left`` is a stream that its reader did not want to the end."""


class ObservedCall(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a call when it is first used; nothing that was said in it.

    Attributes:
        method: The HTTP method.
        path: What is called, below the base URL: ``/chat/completions``.
        url: All of the URL but its query.
        model: As it is sent; None when the call names none.
        parameters: What is sent of the fields that steer a model, such as
            ``temperature``; of ``response_format`` its type.
    """

    method: str
    path: str
    url: str
    model: str | None
    parameters: Mapping[str, object]


class CallOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended, and what it gave.

    Attributes:
        ending: How.
        error: What the caller gets when it ended with ``failed`` or ``cancelled``.
        status: Of the last answer; None when there was none.
        request_id: The API's, or None.
        retries_taken: Attempts beyond the first.
        timings: The call's marks; an answer that is no stream has no deltas.
        response_id: What the answer calls itself, or None.
        response_model: The model, as the answer calls it, or None.
        finish_reasons: Of each choice that began; None where none came.
        usage: As reported, or None; also of calls that failed later.
    """

    ending: Ending
    error: BaseException | None
    status: int | None
    request_id: str | None
    retries_taken: int
    timings: StreamTimings
    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: tuple[str | None, ...] = ()
    usage: Usage | None = None


class Observation(Protocol):
    """One call being observed, from its first use to its end."""

    @property
    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """Sent with each attempt, unless the call names the same ones."""

    @abstractmethod
    def repeated(self, error: FireworksError) -> None:
        """An attempt ended with this error, and the next begins now."""

    @abstractmethod
    def ended(self, outcome: CallOutcome) -> None:
        """The call is over: told once, whatever ended it."""


class Observer(Protocol):
    """Is told of every call of a client: see ``AsyncFireworks.with_observer``.

    It is called in the event loop, between the steps of the call, so it must not wait
    for anything. What it raises is logged, and never the caller's.
    """

    @abstractmethod
    def begun(self, call: ObservedCall) -> Observation:
        """A call is used for the first time, in the task and the context of its user.

        Nothing has been sent. A call that is never used is never told of.
        """
