from dataclasses import fields

import pytest

from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._sampling import SamplingOptions
from fireworks_async.types import ChatParams


def test_what_was_not_said_is_not_sent():
    assert SamplingOptions().params() == {}
    assert SamplingOptions().extra_body() == {}
    assert SamplingOptions(stop=[], extra=[]).params() == {}


def test_a_zero_is_said():
    options = SamplingOptions(temperature=0.0, top_k=0, seed=0)
    assert options.params() == {"temperature": 0.0, "top_k": 0, "seed": 0}


def test_flags_and_lists_are_sent_when_given():
    options = SamplingOptions(ignore_eos=True, logprobs=True, stop=["a", "b"])
    assert options.params() == {
        "ignore_eos": True,
        "logprobs": True,
        "stop": ["a", "b"],
    }


def test_every_option_is_a_keyword_of_the_call():
    names = {field.name for field in fields(SamplingOptions)}
    assert names - {"extra"} <= ChatParams.__optional_keys__


@pytest.mark.parametrize(("effort", "sent"), [("high", "high"), ("2048", 2048)])
def test_an_effort_is_a_word_or_a_cap(effort: str, sent: object):
    params = SamplingOptions(reasoning_effort=effort).params()
    assert params["reasoning_effort"] == sent


def test_extra_fields_are_json():
    options = SamplingOptions(
        extra=['user="me"', 'logit_bias={"5": -1}', "echo=true", 'grammar="a=b"']
    )
    assert options.params() == {}
    assert options.extra_body() == {
        "user": "me",
        "logit_bias": {"5": -1},
        "echo": True,
        "grammar": "a=b",
    }


@pytest.mark.parametrize("text", ["user", "=1", ""])
def test_an_extra_field_without_name_or_value_is_an_error(text: str):
    with pytest.raises(UsageError, match="expected FIELD=JSON"):
        SamplingOptions(extra=[text]).extra_body()


def test_an_extra_value_that_is_no_json_is_an_error_that_shows_how_text_is_written():
    with pytest.raises(UsageError) as caught:
        SamplingOptions(extra=["user=me"]).extra_body()
    assert """--extra 'user="..."'""" in str(caught.value)
