"""The life of a stream of completions, as one table.

Rule 1: everything that moves a stream from one state to another stands in this file.
Rule 2: this file does not know where the signals come from.

A stream is whole when every choice that appeared in it has its ``finish_reason``. The
sentinel ``[DONE]`` proves nothing either way: some servers never send it, and some send
it after half an answer. So the end of a stream is good in one state only, ``FINISHED``,
and everywhere else it is a truncation::

    OPEN ──chunks──▶ STREAMING ──finished──▶ FINISHED ──sentinel, end, lost──▶ DONE
      └──────────────────┴──────sentinel, end, lost──────▶ TRUNCATED
    any of the three ──error──▶ FAILED

A stream may go back from ``FINISHED`` to ``STREAMING``: with several choices one can
finish before another has begun.
"""

import enum

import msgspec

__all__ = ("TRANSITIONS", "Lifecycle", "Signal", "State")


class State(enum.StrEnum):
    """Where a stream stands."""

    OPEN = "open"
    STREAMING = "streaming"
    FINISHED = "finished"
    DONE = "done"
    TRUNCATED = "truncated"
    FAILED = "failed"


class Signal(enum.StrEnum):
    """What can happen to a stream."""

    CHUNKS = "chunks came, and some choice is not finished"
    FINISHED = "chunks came, and every choice seen is finished"
    SENTINEL = "[DONE] came"
    END = "the body ended"
    LOST = "the connection was lost"
    ERROR = "an error came, or something that is no chunk"


_ENDS = (Signal.SENTINEL, Signal.END, Signal.LOST)

# StrEnum: its members hash as fast as text, and every read asks the table once.
# An absent pair is illegal: nothing happens to a stream after its end.
TRANSITIONS: dict[tuple[State, Signal], State] = {
    **{
        (state, signal): target
        for state in (State.OPEN, State.STREAMING, State.FINISHED)
        for signal, target in (
            (Signal.CHUNKS, State.STREAMING),
            (Signal.FINISHED, State.FINISHED),
            (Signal.ERROR, State.FAILED),
        )
    },
    **{
        (state, signal): State.TRUNCATED
        for state in (State.OPEN, State.STREAMING)
        for signal in _ENDS
    },
    **{(State.FINISHED, signal): State.DONE for signal in _ENDS},
}


class Lifecycle(msgspec.Struct, gc=False):
    """One stream's walk through the table."""

    state: State = State.OPEN

    def on(self, signal: Signal) -> State:
        """Take a step.

        Raises:
            KeyError: The table has no such step; a fault of the caller.
        """
        self.state = TRANSITIONS[self.state, signal]
        return self.state
