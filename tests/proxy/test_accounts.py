import asyncio
from types import SimpleNamespace

import pytest

from fireworks_async._policy.catalogue import Prices, lookup
from fireworks_async._protocol.completions import PromptTokensDetails, Usage
from fireworks_async.errors import APIConnectionError, APIStatusError
from fireworks_async.proxy._accounts import Accounts, status_of
from fireworks_async.proxy._callers import Caller, KeyLimits
from tests.support.manual_clock import ManualClock

MODEL = "accounts/fireworks/models/deepseek-v3p1"
USAGE = Usage(1000, 1500, 500, PromptTokensDetails(400))


def call(model=MODEL, prices=None):
    used = []
    deployment = SimpleNamespace(
        settings=SimpleNamespace(prices=prices),
        used=lambda tokens, **_: used.append(tokens),
    )
    return SimpleNamespace(deployment=deployment, model=model, asked="a", used=used)


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
