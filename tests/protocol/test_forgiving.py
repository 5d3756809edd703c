"""JSON that is not as documented, and what becomes of it."""

import pytest

from fireworks_async._protocol.chunks import ChatCompletionChunk
from fireworks_async._protocol.forgiving import (
    decode_object,
    forgiven,
    is_list,
    is_object,
)
from fireworks_async._protocol.text_completions import CompletionChunk

KINDS = [ChatCompletionChunk, CompletionChunk]


@pytest.mark.parametrize("kind", KINDS)
class TestForgiven:
    @pytest.mark.parametrize("choices", [{}, {"choices": None}, {"choices": []}])
    def test_choices_may_be_missing(self, kind, choices):
        assert forgiven(dict(choices), kind).choices == []

    def test_numbers_may_be_text(self, kind):
        usage = {"prompt_tokens": "3", "total_tokens": 4}
        assert forgiven({"usage": usage}, kind).usage.prompt_tokens == 3

    def test_the_time_may_have_a_fraction(self, kind):
        assert forgiven({"created": 1_780_000_000.75}, kind).created == 1_780_000_000

    def test_nulls_give_way_to_defaults(self, kind):
        chunk = forgiven({"id": None, "choices": [{"index": None}, None]}, kind)
        assert chunk.id == ""
        assert [choice.index for choice in chunk.choices] == [0]

    def test_an_error_is_given_as_it_is(self, kind):
        value = {"error": {"message": "no"}, "choices": None}
        assert forgiven(value, kind) == value

    def test_an_error_of_null_is_none(self, kind):
        assert type(forgiven({"error": None}, kind)) is kind

    @pytest.mark.parametrize("value", [{"choices": "x"}, {"created": "soon"}])
    def test_what_has_no_plain_meaning_is_refused(self, kind, value):
        with pytest.raises(ValueError, match=r"Expected|Invalid"):
            forgiven(value, kind)


class TestDecodeObject:
    def test_an_object(self):
        assert decode_object('{"a": [1]}') == {"a": [1]}

    @pytest.mark.parametrize("text", ["[]", "1", '"x"', "null"])
    def test_anything_else_is_named(self, text):
        with pytest.raises(ValueError, match="a JSON object was expected"):
            decode_object(text)

    def test_what_is_no_json(self):
        with pytest.raises(ValueError, match="truncated"):
            decode_object("{")

    def test_what_is_nested_too_deeply(self):
        with pytest.raises(ValueError, match="nested too deeply"):
            decode_object('{"a":' * 100_000)


def test_kinds_of_values():
    assert is_object({})
    assert not is_object([])
    assert is_list([])
    assert not is_list({})
