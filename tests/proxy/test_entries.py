import warnings

import pytest

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._config import settings_of


def entry(name="a", *, info=None, **params):
    given = {"model": "m", "api_key": "k", **params}
    return {"model_name": name, "litellm_params": given, "model_info": info or {}}


def deployment(**params):
    [only] = settings_of({"model_list": [entry(**params)]}).deployments
    return only


def test_two_entries_that_are_alike_are_two():
    both = settings_of({"model_list": [entry(), entry()]}).deployments
    assert len({each.id for each in both}) == 2


def test_an_entry_keeps_its_id_when_others_come():
    [alone] = settings_of({"model_list": [entry()]}).deployments
    both = settings_of({"model_list": [entry("b"), entry()]}).deployments
    assert alone.id == both[1].id


def test_prices_may_stand_in_either_block():
    of_params = deployment(input_cost_per_token=1e-6, output_cost_per_token=2e-6)
    assert (of_params.prices.input, of_params.prices.output) == (1.0, 2.0)
    info = {"input_cost_per_token": 0, "cache_read_input_token_cost": 5e-7}
    both = deployment(input_cost_per_token=1e-6, info=info).prices
    assert (both.input, both.cached_input, both.output) == (0.0, 0.5, 0.0)
    assert deployment().prices is None


def test_an_entry_may_drop_what_the_others_do_not():
    rows = [entry(drop_params=False), entry(additional_drop_params=["store", "x"])]
    blocks = {"litellm_settings": {"drop_params": True}}
    first, second = settings_of({"model_list": rows, **blocks}).deployments
    assert (first.drop_params, second.drop_params) == (False, True)
    assert (first.dropped, second.dropped) == (frozenset(), {"store", "x"})


def test_a_name_that_holds_blanks_is_no_model():
    with pytest.raises(ProxyConfigError, match=r"litellm_params\.model: .* a blank"):
        deployment(model="kimi k2")


def test_another_providers_model_is_warned_of_where_it_would_be_sent_to_fireworks():
    with pytest.warns(UserWarning, match=r"openai/gpt-4o is sent to Fireworks, its"):
        deployment(model="openai/gpt-4o")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deployment(model="openai/gpt-4o", api_base="https://example.com/v1")
        deployment(model="nomic-ai/nomic-embed-text-v1.5")
