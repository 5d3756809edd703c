"""One answer as a value: its head and the steps of its body, ready to be spoilt.

Nothing here decides what an answer says, and nothing here sends it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

__all__ = ("Answer", "Ending", "Step", "StepKind")

StepKind = Literal["role", "delta", "finish", "usage", "done", "comment", "other"]

Ending = Literal["eof", "leave", "close", "reset", "hang"]
"""How an answer ends.

`eof`: as HTTP has it. `leave`: the same, and then the connection is closed, which no
header announced. `close` and `reset`: by FIN or RST in the middle. `hang`: never.
"""


class Step(NamedTuple):
    """One piece of the body.

    Attributes:
        delay: Seconds between the moment the step before was due and this one is.
        data: The bytes; for a stream, one whole event.
        kind: What the event is, for faults that pick by meaning.
        gate: When given, the step also waits until it is set.
        tokens: How many tokens it brings.
    """

    delay: float
    data: bytes
    kind: StepKind = "other"
    gate: asyncio.Event | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it will go over the wire, if nothing spoils it.

    Attributes:
        status: The HTTP status.
        headers: The headers, but for those that frame the body.
        steps: The body; read once.
        ending: What follows the last step.
        ending_delay: Seconds between the last step and the ending.
        head_delay: Seconds before the headers.
        length: The Content-Length to promise; None for a chunked body.
        framed: False sends the steps alone, past HTTP: no status, headers or chunks.
        joined: Whether neighbours with no delay between them share one write.
        merged: The same body in fewer steps, for who need not tell its events apart.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    steps: Iterable[Step] = ()
    ending: Ending = "eof"
    ending_delay: float = 0.0
    head_delay: float = 0.0
    length: int | None = None
    framed: bool = True
    joined: bool = True
    merged: Iterable[Step] | None = None

    @classmethod
    def of_json(
        cls, data: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> "Answer":
        """Make an answer of one JSON value."""
        body = msgspec.json.encode(data)
        headers = {"Content-Type": "application/json", **(headers or {})}
        return cls(status, headers, (Step(0.0, body),), length=len(body))
