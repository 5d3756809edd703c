from types import SimpleNamespace

import pytest

from fireworks_async._measure.cost import Cost, cost_of_tokens, unknown_cost

PRICES = {
    "input": 2.0,
    "output": 8.0,
    "cached_input": 0.5,
    "priority_input": 4.0,
    "priority_output": 16.0,
    "priority_cached_input": 1.0,
}


def cost(prompt=1_000_000, cached=0, completion=0, *, priority=False, **prices):
    return cost_of_tokens(
        SimpleNamespace(**{**PRICES, **prices}),
        prompt_tokens=prompt,
        cached_tokens=cached,
        completion_tokens=completion,
        priority=priority,
    )


def test_every_kind_of_token_has_its_price():
    assert cost(1_000_000, 400_000, 500_000) == Cost(
        status="priced",
        usd=pytest.approx(1.2 + 0.2 + 4.0),
        input_usd=pytest.approx(1.2),
        cached_input_usd=pytest.approx(0.2),
        output_usd=pytest.approx(4.0),
    )


def test_the_priority_tier_has_its_own():
    assert cost(1_000_000, 400_000, 500_000, priority=True).usd == pytest.approx(
        2.4 + 0.4 + 8.0
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"cached": 1, "cached_input": None}, "no price of cached input tokens"),
        ({"priority": True, "priority_input": None}, "no price of priority input"),
        (
            {"priority": True, "completion": 1, "priority_output": None},
            "no price of priority output",
        ),
        ({"prompt": 1, "cached": 2}, "negative"),
    ],
)
def test_what_is_missing_makes_it_unknown(given, words):
    found = cost(**given)
    assert (found.status, found.usd) == ("unknown", None)
    assert words in found.reason


def test_a_price_that_is_not_needed_is_not_missed():
    assert cost(cached_input=None).status == "priced"


def test_a_price_of_nothing_is_a_price():
    assert cost(input=0.0) == Cost(
        status="priced", usd=0, input_usd=0, cached_input_usd=0, output_usd=0
    )


def test_unknown_has_a_reason_and_no_number():
    assert unknown_cost("why") == Cost(status="unknown", reason="why")
