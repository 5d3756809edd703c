import pytest

from fireworks_async.batch import BatchOptions, Prices
from fireworks_async.cli._batch_options import PaceOptions, RowOptions, options_of
from fireworks_async.cli._exits import UsageError


def options(*, simulate=False, **words):
    rows = {name: words[name] for name in words if hasattr(RowOptions, name)}
    running = {name: words[name] for name in words if name not in rows}
    return options_of(
        RowOptions(**rows), PaceOptions(**running), max_retries=3, simulate=simulate
    )


def test_there_is_a_word_for_every_option():
    assert options().keys() == BatchOptions.__optional_keys__
    assert options()["max_retries"] == 3


def test_values_of_fields_are_json_or_text():
    found = options(param=["max_tokens=5", "stop=[1]", "user=me", "x=a=b", "y="])
    assert found["params"] == {
        "max_tokens": 5,
        "stop": [1],
        "user": "me",
        "x": "a=b",
        "y": "",
    }


def test_rows_without_a_model_have_one_in_a_simulation():
    assert options(simulate=True)["params"] == {"model": "kimi-k2p6"}
    assert options(simulate=True, param=["model=mine"])["params"] == {"model": "mine"}
    assert options(simulate=True)["model"] is None


def test_prices_and_shards_are_read():
    assert options(price="1,2")["prices"] == Prices(input=1.0, output=2.0)
    assert options(price="1,2,0.5")["prices"].cached_input == 0.5
    assert options(shard="2/3")["shard"] == (2, 3)


@pytest.mark.parametrize(
    "words",
    [
        {"param": ["x"]},
        {"param": ["=1"]},
        {"price": "1"},
        {"price": "a,b"},
        {"price": "1,2,3,4,5,6,7"},
        {"shard": "1"},
        {"shard": "a/b"},
    ],
)
def test_what_has_no_meaning_is_usage(words):
    (name,) = words
    with pytest.raises(UsageError, match=f"--{name}: expected"):
        options(**words)
