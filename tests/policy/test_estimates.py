"""What a call will use, from those before it."""

import pytest

from fireworks_async._policy.estimates import Estimator, Need


def need(estimator, prompt_bytes=400, max_tokens=None, choices=1):
    return estimator.need(prompt_bytes, max_tokens, choices)


def learn(estimator, times=1, *, prompt_bytes=400, max_tokens=None, choices=1, **used):
    given = {"prompt": 100, "uncached": 100, "generated": 10} | used
    for _ in range(times):
        estimator.learn(Need(**given), prompt_bytes, max_tokens, choices)


def test_before_any_answer_a_token_is_four_bytes_and_answers_are_as_long_as_allowed():
    estimator = Estimator()
    assert need(estimator) == Need(100, 100, 256)
    assert need(estimator, max_tokens=2_000) == Need(100, 100, 2_000)
    assert need(estimator, max_tokens=3) == Need(100, 100, 3)
    assert need(estimator, max_tokens=3, choices=4).generated == 12


def test_prompts_are_measured_by_the_bytes_of_those_before():
    estimator = Estimator()
    learn(estimator, prompt=50)
    assert need(estimator, prompt_bytes=800).prompt == pytest.approx(100)


def test_answers_are_as_long_as_those_before_not_as_allowed():
    estimator = Estimator()
    learn(estimator, 100, generated=40, max_tokens=500)
    learn(estimator, 100, generated=60, max_tokens=500)
    assert 50 < need(estimator, max_tokens=500).generated < 61


def test_small_and_large_limits_are_learned_apart():
    estimator = Estimator()
    learn(estimator, 10, generated=3, max_tokens=4)
    learn(estimator, 10, generated=700, max_tokens=1_000)
    assert need(estimator, max_tokens=4).generated == pytest.approx(3)
    assert need(estimator, max_tokens=1_000).generated == pytest.approx(700)
    assert need(estimator, max_tokens=600).generated <= 600


def test_a_limit_not_seen_before_is_taken_for_a_usual_one():
    estimator = Estimator()
    learn(estimator, 10, generated=30)
    assert need(estimator, max_tokens=10_000).generated == pytest.approx(30)
    assert need(estimator, max_tokens=8).generated == 8


def test_an_estimate_never_exceeds_the_calls_own_limit():
    estimator = Estimator()
    learn(estimator, 10, generated=500, max_tokens=512)
    assert need(estimator, max_tokens=513, choices=2).generated <= 2 * 513


def test_several_choices_are_counted_each():
    estimator = Estimator()
    learn(estimator, generated=30, choices=3)
    assert need(estimator, choices=2).generated == pytest.approx(20)


def test_the_cached_share_is_learned():
    estimator = Estimator()
    learn(estimator, 200, uncached=25)
    assert need(estimator).prompt == pytest.approx(100)
    assert need(estimator).uncached == pytest.approx(25, abs=1)


def test_long_prompts_count_for_more_than_short_ones():
    estimator = Estimator()
    for _ in range(100):
        learn(estimator, prompt_bytes=100, prompt=100)
        learn(estimator, prompt_bytes=9_900, prompt=1_900)
    # 2,000 tokens in 10,000 bytes; the mean of the two ratios would be 0.6.
    assert need(estimator, 1_000).prompt == pytest.approx(200, rel=0.05)


def test_a_call_without_a_prompt_teaches_nothing_of_prompts():
    estimator = Estimator()
    learn(estimator, prompt=0, uncached=0, prompt_bytes=0, generated=7)
    assert need(estimator) == Need(100, 100, 7)


def test_old_answers_are_forgotten():
    estimator = Estimator()
    learn(estimator, 1_000, generated=10)
    learn(estimator, 250, generated=100)
    assert need(estimator).generated > 95
