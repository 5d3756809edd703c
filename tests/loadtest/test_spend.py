import pytest

from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._spend import (
    Account,
    Prices,
    Purse,
    estimate,
    is_local,
    per_request,
    prices_of,
)
from fireworks_async.loadtest._workload import Part, Workload
from tests.support.loads import dropped, record

WORKLOAD = Workload(
    parts=(Part(input=Lengths("fixed", 1000), output=Lengths("fixed", 500)),)
)
PRICES = Prices(1.0, 2.0)


def test_a_request_costs_its_tokens():
    assert per_request(PRICES, WORKLOAD) == pytest.approx(0.002)


def test_each_turn_sends_all_again():
    talk = Workload(parts=WORKLOAD.parts, turns=2)
    assert per_request(PRICES, talk) == pytest.approx((1000 + 1750 + 2 * 1000) / 1e6)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:80/v1", True),
        ("https://api.fireworks.ai/inference/v1", False),
        ("http://10.0.0.1/v1", False),
    ],
)
def test_this_machine_or_another(url, local):
    assert is_local(url) == local


def test_the_estimate_in_words():
    url = "https://api.fireworks.ai/inference/v1"
    guess = estimate(base_url=url, requests=100, prices=PRICES, workload=WORKLOAD)
    assert guess.total == pytest.approx(0.2)
    assert str(guess) == "100 requests to api.fireworks.ai, about $0.2"
    guess = estimate(base_url=url, requests=None, prices=PRICES, workload=WORKLOAD)
    assert guess.total is None
    assert "about $0.002 each" in str(guess)
    guess = estimate(base_url=url, requests=5, prices=None, workload=WORKLOAD)
    assert "a price that is not known" in str(guess)


def test_list_prices():
    prices = prices_of("deepseek-v3p1", "chat")
    assert 0 < prices.input < prices.output
    assert prices_of("nobody/knows-this", "embeddings") is None


def test_a_purse_is_never_overdrawn():
    purse = Purse(0.0101, PRICES, WORKLOAD)
    started = 0
    while purse.may_start():
        purse.start()
        started += 1
    assert started == 5
    # One that was cheaper than expected leaves room for another.
    purse.settle(record(prompt_tokens=0, completion_tokens=0))
    assert purse.may_start()
    purse.start()
    purse.settle(record(prompt_tokens=1000, completion_tokens=500))
    assert not purse.may_start()


def test_what_is_not_counted_costs_what_was_expected():
    purse = Purse(0.0041, PRICES, WORKLOAD)
    purse.start()
    purse.settle(record(prompt_tokens=None, completion_tokens=None))
    assert purse.may_start()
    purse.start()
    assert not purse.may_start()


def test_what_was_refused_costs_nothing():
    purse = Purse(0.0021, PRICES, WORKLOAD)
    purse.start()
    refused = record(error="429", prompt_tokens=None)
    refused.headers_at = None
    purse.settle(refused)
    purse.settle(dropped())
    assert purse.may_start()


def test_an_account_knows_what_is_left():
    account = Account(PRICES, 1.0)
    assert account.can_pay(1_000_000, 0)
    account.pay(200_000, 300_000)
    assert (account.paid, account.left) == (pytest.approx(0.8), pytest.approx(0.2))
    assert account.can_pay(100_000, 0)
    assert not account.can_pay(300_000, 0)


@pytest.mark.parametrize("account", [Account(PRICES, None), Account(None, 1.0)])
def test_an_account_without_limit_or_prices_pays_all(account):
    assert account.can_pay(10**12, 0)
    account.pay(1_000_000, 0)
    assert account.paid == (0.0 if account.prices is None else 1.0)
