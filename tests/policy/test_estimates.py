"""What a call will use, from those before it."""

import pytest

from fireworks_async._policy.estimates import Estimator, Need


def need(estimator, prompt_bytes=400, max_tokens=None, choices=1):
    return estimator.need(
        prompt_bytes=prompt_bytes, max_tokens=max_tokens, choices=choices
    )


def learn(estimator, times=1, *, prompt_bytes=400, max_tokens=None, choices=1, **used):
    given = {"prompt_tokens": 100, "cached_tokens": 0, "completion_tokens": 10} | used
    for _ in range(times):
        estimator.learn(
            prompt_bytes=prompt_bytes, max_tokens=max_tokens, choices=choices, **given
        )


def test_before_any_answer_a_token_is_four_bytes_and_answers_are_as_long_as_allowed():
    estimator = Estimator()
    assert need(estimator) == Need(100, 100, 256)
    assert need(estimator, max_tokens=2_000) == Need(100, 100, 2_000)
    assert need(estimator, max_tokens=3) == Need(100, 100, 3)
    assert need(estimator, max_tokens=3, choices=4).generated == 12


def test_prompts_are_measured_by_the_bytes_of_those_before():
    estimator = Estimator()
    learn(estimator, prompt_tokens=50)
    assert need(estimator, prompt_bytes=800).prompt == pytest.approx(100)


def test_answers_are_as_long_as_those_before_not_as_allowed():
    estimator = Estimator()
    learn(estimator, 100, completion_tokens=40, max_tokens=500)
    learn(estimator, 100, completion_tokens=60, max_tokens=500)
    assert 50 < need(estimator, max_tokens=500).generated < 61


def test_small_and_large_limits_are_learned_apart():
    estimator = Estimator()
    learn(estimator, 10, completion_tokens=3, max_tokens=4)
    learn(estimator, 10, completion_tokens=700, max_tokens=1_000)
    assert need(estimator, max_tokens=4).generated == pytest.approx(3)
    assert need(estimator, max_tokens=1_000).generated == pytest.approx(700)
    assert need(estimator, max_tokens=600).generated <= 600


def test_a_limit_not_seen_before_is_taken_for_a_usual_one():
    estimator = Estimator()
    learn(estimator, 10, completion_tokens=30)
    assert need(estimator, max_tokens=10_000).generated == pytest.approx(30)
    assert need(estimator, max_tokens=8).generated == 8


def test_an_estimate_never_exceeds_the_calls_own_limit():
    estimator = Estimator()
    learn(estimator, 10, completion_tokens=500, max_tokens=512)
    assert need(estimator, max_tokens=513, choices=2).generated <= 2 * 513


def test_several_choices_are_counted_each():
    estimator = Estimator()
    learn(estimator, completion_tokens=30, choices=3)
    assert need(estimator, choices=2).generated == pytest.approx(20)


def test_the_cached_share_is_learned():
    estimator = Estimator()
    learn(estimator, 200, cached_tokens=75)
    assert need(estimator).prompt == pytest.approx(100)
    assert need(estimator).uncached == pytest.approx(25, abs=1)


def test_what_was_not_reported_teaches_nothing():
    estimator = Estimator()
    learn(estimator, prompt_tokens=None, cached_tokens=None, completion_tokens=None)
    learn(estimator, prompt_tokens=0, prompt_bytes=0, completion_tokens=None)
    assert need(estimator) == Need(100, 100, 256)


def test_old_answers_are_forgotten():
    estimator = Estimator()
    learn(estimator, 1_000, completion_tokens=10)
    learn(estimator, 250, completion_tokens=100)
    assert need(estimator).generated > 95
