"""What passes between the two processes: an order to the client, its report of the call.

Standard library only: every peer's environment imports it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

__all__ = ("API_KEY", "DELTAS", "WHOLE", "Failure", "Order", "Report")

# A key that is easily found again, wherever it ends up.
API_KEY = "fw_CANARY3c0ffee5"
# The answer of every script that is not about another one.
DELTAS = ("amber", " birch", " cedar")
WHOLE = "".join(DELTAS)


@dataclass(frozen=True)
class Order:
    """One exercise (``exercises.py``), and how it is done.

    Attributes:
        base: The URL that ends in ``/v1``.
        exercise: What the caller does.
        calls: How often, one after the other.
        settle: Seconds between two calls.
        max_retries: Given to the client; None leaves it as it comes.
        keywords: Given to each call beside model, messages and ``stream``.
        limit: Seconds after which the caller stops waiting.
    """

    base: str
    exercise: str = "read"
    calls: int = 1
    settle: float = 0.0
    max_retries: int | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    limit: float = 4.0

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Failure:
    """What was raised.

    Attributes:
        name: The class, with its package before it when that is not the peer's own.
        is_own: Whether the class is the peer's own.
        message: Its text, cut.
        keeps_partial: Whether the text that had come is in one of its attributes.
        key_in_chain: Whether a ``str`` or ``repr`` of it, of what it holds, or of an
            error in its chain shows the API key.
        key_in_locals: Whether its traceback does, printed with local variables.
    """

    name: str
    is_own: bool
    message: str
    keeps_partial: bool
    key_in_chain: bool
    key_in_locals: bool


@dataclass(frozen=True)
class Report:
    """What the caller got.

    Attributes:
        texts: The content that each call delivered, before its error if it had one.
        usage: ``completion_tokens``, if any chunk had them.
        unusable: Chunks that hold nothing that a chunk holds.
        failure: What was raised, or None.
        seconds: From the first call to the end or the error.
        left_at: When the caller left a stream, by the system's monotonic clock.
        waited_in_vain: Whether neither end nor error came within the limit.
    """

    texts: list[str]
    usage: int | None
    unusable: int
    failure: Failure | None
    seconds: float
    left_at: float | None
    waited_in_vain: bool

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str | bytes) -> Self:
        """The report that ``to_json`` wrote."""
        fields = json.loads(line)
        if fields["failure"] is not None:
            fields["failure"] = Failure(**fields["failure"])
        return cls(**fields)
