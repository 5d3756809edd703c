"""The drift of the time to first token."""

import pytest

from fireworks_async._policy.drift import TTFTDrift


def test_the_first_is_the_usual():
    assert TTFTDrift().excess(0.4, prompt_tokens=100, now=0.0) == (0.0, 0.4)


def test_what_takes_longer_is_in_excess_of_the_usual():
    drift = TTFTDrift()
    drift.excess(0.4, prompt_tokens=100, now=0.0)
    excess, usual = drift.excess(1.4, prompt_tokens=100, now=0.1)
    assert excess == pytest.approx(1.0)
    assert usual == pytest.approx(0.4, abs=0.001)


def test_prompts_are_compared_with_those_of_their_size():
    drift = TTFTDrift()
    drift.excess(0.4, prompt_tokens=100, now=0.0)
    assert drift.excess(9.0, prompt_tokens=100_000, now=0.1)[0] == 0
    assert drift.excess(9.5, prompt_tokens=100_500, now=0.2)[0] == pytest.approx(0.5)


def test_shorter_times_soon_become_the_usual():
    drift = TTFTDrift()
    drift.excess(2.0, prompt_tokens=1, now=0.0)
    for _ in range(30):
        excess, usual = drift.excess(0.5, prompt_tokens=1, now=0.0)
        assert excess == 0
    assert usual == pytest.approx(0.5, abs=0.01)


def test_longer_times_become_the_usual_in_minutes():
    drift = TTFTDrift()
    drift.excess(0.5, prompt_tokens=1, now=0.0)
    excess = [
        drift.excess(2.5, prompt_tokens=1, now=float(now))[0] for now in range(1, 1_801)
    ]
    assert excess[10] > 1.9
    assert excess[-1] < 0.2
    # After a long silence the past says nothing.
    assert drift.excess(50.0, prompt_tokens=1, now=10_000.0)[1] == 50


def test_forgotten_it_begins_anew():
    drift = TTFTDrift()
    drift.excess(0.5, prompt_tokens=1, now=0.0)
    drift.forget()
    assert drift.excess(5.0, prompt_tokens=1, now=0.0)[0] == 0
