import pytest

from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._loadtest_prompts import PromptOptions


def test_objects_and_answers_of_any_length():
    prompts = PromptOptions(params='{"top_p": 1}', output_tokens="0").options()
    assert (prompts["params"], prompts["output_tokens"]) == ({"top_p": 1}, None)


def test_what_cannot_be_read():
    with pytest.raises(UsageError, match="a JSON object"):
        PromptOptions(params="x").options()
