import itertools

import pytest

from fireworks_async._protocol.lifecycle import TRANSITIONS, Lifecycle, Signal, State

LIVE = (State.OPEN, State.STREAMING, State.FINISHED)
OVER = (State.DONE, State.TRUNCATED, State.FAILED)
ENDS = (Signal.SENTINEL, Signal.END, Signal.LOST)

# Written out once more, by another rule than the module's own.
EXPECTED = {
    **{(state, Signal.CHUNKS): State.STREAMING for state in LIVE},
    **{(state, Signal.FINISHED): State.FINISHED for state in LIVE},
    **{(state, Signal.ERROR): State.FAILED for state in LIVE},
    (State.OPEN, Signal.SENTINEL): State.TRUNCATED,
    (State.OPEN, Signal.END): State.TRUNCATED,
    (State.OPEN, Signal.LOST): State.TRUNCATED,
    (State.STREAMING, Signal.SENTINEL): State.TRUNCATED,
    (State.STREAMING, Signal.END): State.TRUNCATED,
    (State.STREAMING, Signal.LOST): State.TRUNCATED,
    (State.FINISHED, Signal.SENTINEL): State.DONE,
    (State.FINISHED, Signal.END): State.DONE,
    (State.FINISHED, Signal.LOST): State.DONE,
}


def at(state):
    life = Lifecycle()
    life.state = state
    return life


@pytest.mark.parametrize("signal", Signal, ids=lambda signal: signal.name)
@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_every_pair_of_state_and_signal(state, signal):
    life = at(state)
    if (state, signal) in EXPECTED:
        assert life.on(signal) is life.state is EXPECTED[state, signal]
    else:
        with pytest.raises(KeyError):
            life.on(signal)
        assert life.state is state


def test_nothing_happens_after_the_end():
    assert not [pair for pair in TRANSITIONS if pair[0] in OVER]


def test_a_stream_begins_open():
    assert Lifecycle().state is State.OPEN


def test_one_way_leads_to_a_good_end():
    """However a stream goes, it is done only if its last chunks finished it."""
    for length in range(1, 5):
        for signals in itertools.product(Signal, repeat=length):
            life = Lifecycle()
            try:
                for signal in signals:
                    life.on(signal)
            except KeyError:
                continue
            if life.state is State.DONE:
                assert signals[-1] in ENDS
                assert signals[-2] is Signal.FINISHED
