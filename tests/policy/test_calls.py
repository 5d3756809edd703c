"""What is known of a call that was admitted."""

import pytest

from fireworks_async._policy.calls import Admission
from fireworks_async._policy.estimates import Need

NEED = Need(100.0, 60.0, 40.0)
OTHER = Need(1.0, 1.0, 1.0)


def test_what_was_taken_for_a_call_is_what_it_needs_whatever_is_learned_since():
    call = Admission(1, 1, "m", lambda: pytest.fail("asked"), NEED, {})
    assert call.need == NEED


def test_where_nothing_is_counted_it_is_estimated_when_asked_for():
    estimates = iter([NEED, OTHER])
    call = Admission(1, 1, "m", lambda: next(estimates), None, {})
    assert [call.need, call.need] == [NEED, OTHER]
