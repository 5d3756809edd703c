import asyncio
from types import SimpleNamespace

import pytest

from fireworks_async._policy.catalogue import Prices, lookup
from fireworks_async._policy.estimates import Need
from fireworks_async._protocol.completions import PromptTokensDetails, Usage
from fireworks_async.errors import APIConnectionError, APIStatusError
from fireworks_async.proxy._accounts import Accounts, status_of
from fireworks_async.proxy._callers import Caller, KeyLimits
from fireworks_async.proxy._estimates import NOTHING
from tests.support.manual_clock import ManualClock

MODEL = "accounts/fireworks/models/deepseek-v3p1"
USAGE = Usage(1000, 1500, 500, PromptTokensDetails(400))


def call(model=MODEL, prices=None):
    used = []
    deployment = SimpleNamespace(
        settings=SimpleNamespace(prices=prices, tpm=None),
        used=lambda tokens, **_: used.append(tokens),
    )
    return SimpleNamespace(
        deployment=deployment,
        model=model,
        asked="a",
        used=used,
        reserved=NOTHING,
        tier=None,
        took=lambda usage: None,
        need=lambda: Need(1000.0, 1000.0, 500.0),
        likely=lambda: (deployment, model),
    )


class Noted:
    def __init__(self):
        self.entries = []

    def record(self, entry):
        self.entries.append(entry)


def settled(usage=USAGE, **changes):
    accounts, caller, made = Accounts(ManualClock()), Caller("k"), call(**changes)
    accounts.ledger = Noted()
    accounts.settle(caller, made, usage)
    return accounts, caller, made


def test_an_answer_is_priced_by_the_catalogue():
    prices = lookup(MODEL).prices
    accounts, caller, made = settled(usage=Usage(1000, 1500, 500))
    usd = (1000 * prices.input + 500 * prices.output) / 1e6
    [entry] = accounts.ledger.entries
    assert entry.usd == pytest.approx(usd) == caller.spent
    assert (entry.key, entry.model, entry.prompt, entry.completion) == (
        "k",
        "a",
        1000,
        500,
    )
    assert accounts.recorded == {"k": entry.usd}
    assert made.used == [1500]


def test_configured_prices_win():
    accounts, caller, _ = settled(prices=Prices(1.0, 2.0, cached_input=0.5))
    assert caller.spent == pytest.approx((600 * 1.0 + 400 * 0.5 + 500 * 2.0) / 1e6)
    assert accounts.ledger.entries[0].cached == 400


def test_a_price_that_is_not_known_is_never_zero():
    accounts, caller, _ = settled(model="accounts/x/models/unknown")
    [entry] = accounts.ledger.entries
    assert entry.usd is None
    assert caller.spent == 0
    numbers = accounts.metrics.models["a"]
    assert (numbers.unpriced, numbers.completion_tokens) == (1, 500)


def test_usage_that_did_not_come_is_counted_as_such():
    accounts, _, _ = settled(usage=None)
    assert accounts.ledger.entries == []
    assert accounts.metrics.models["a"].unreported == 1


def test_tokens_count_against_the_key():
    accounts, caller = Accounts(ManualClock()), Caller("k", KeyLimits(tpm=1500))
    accounts.settle(caller, call(), USAGE)
    with pytest.raises(APIStatusError):
        caller.enter(now=1000.0)


class TestWhatIsSetAside:
    def test_counts_until_it_is_known_what_was_taken(self):
        accounts, caller = Accounts(ManualClock()), Caller("k", KeyLimits(tpm=4000))
        first, second = call(), call()
        accounts.reserve(caller, first, now=1000.0)
        accounts.reserve(caller, second, now=1000.0)
        with pytest.raises(APIStatusError, match="4000 tokens a minute"):
            accounts.reserve(caller, call(), now=1000.0)
        # Much less than was thought.
        accounts.settle(caller, first, Usage(10, 20, 10))
        accounts.reserve(caller, call(), now=1000.0)

    def test_is_given_back_once_when_nothing_was_taken(self):
        accounts, caller = Accounts(ManualClock()), Caller("k", KeyLimits(tpm=1500))
        made = call()
        for _ in range(2):
            accounts.reserve(caller, made, now=1000.0)
            accounts.release(caller, made)
            accounts.release(caller, made)
        accounts.reserve(caller, made, now=1000.0)
        with pytest.raises(APIStatusError):
            accounts.reserve(caller, call(), now=1000.0)

    def test_is_money_too(self):
        prices = Prices(1000.0, 1000.0, cached_input=0.0)
        accounts, caller = Accounts(ManualClock()), Caller("k", KeyLimits(budget=2.0))
        made = [call(prices=prices) for _ in range(3)]
        accounts.reserve(caller, made[0], now=0.0)
        accounts.reserve(caller, made[1], now=0.0)
        with pytest.raises(APIStatusError, match="set aside") as raised:
            accounts.reserve(caller, made[2], now=0.0)
        assert raised.value.status_code == 429
        accounts.settle(caller, made[0], USAGE)
        accounts.settle(caller, made[1], Usage(1000, 1500, 500))
        with pytest.raises(APIStatusError, match="used up") as raised:
            accounts.reserve(caller, made[2], now=0.0)
        assert raised.value.status_code == 400

    def test_what_a_leaver_saw_counts_for_its_limits_and_is_in_no_ledger(self):
        prices = Prices(1000.0, 1000.0, cached_input=0.0)
        accounts, caller = Accounts(ManualClock()), Caller("k", KeyLimits(budget=2.0))
        accounts.ledger = Noted()
        accounts.settle(caller, call(prices=prices), None, made=200)
        assert caller.spent == pytest.approx(1.2) == accounts.guessed["k"]
        assert not accounts.ledger.entries
        assert not accounts.recorded


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (APIStatusError("x", status_code=429), 429),
        (APIConnectionError("x"), 502),
        (ValueError("x"), 500),
        (asyncio.CancelledError(), 499),
        (ConnectionResetError("x"), 499),
    ],
)
def test_every_end_has_a_status(error, status):
    assert status_of(error) == status
