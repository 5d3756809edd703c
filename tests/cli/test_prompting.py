from collections.abc import Callable

import pytest

from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._prompting import PromptOptions
from fireworks_async.errors import MissingAPIKeyError

SIMULATED = ServerOptions(simulate=True)
WITH_KEY = ServerOptions(api_key="fw_test")


def test_the_words_are_one_prompt_and_each_option_is_another():
    options = PromptOptions(words=["Why", "so?"], prompt=["And", "then?"])
    assert options.read() == ["Why so?", "And", "then?"]


def test_without_any_standard_input_is_read(stdin: Callable[[bytes], None]):
    stdin(b"piped\n")
    assert PromptOptions().read() == ["piped"]


def test_only_the_simulator_needs_no_model():
    options = PromptOptions()
    assert options.open_client(SIMULATED)
    assert options.model_name
    with pytest.raises(UsageError, match=r"--model.*FIREWORKS_MODEL"):
        options.open_client(WITH_KEY)
    assert PromptOptions(model="m").open_client(WITH_KEY)
    assert PromptOptions(model="m").model_name == "m"


def test_two_forms_exclude_each_other():
    with pytest.raises(UsageError, match="--json and --raw"):
        PromptOptions(json=True, raw=True).open_client(SIMULATED)


def test_the_key_is_asked_for_before_the_model():
    with pytest.raises(MissingAPIKeyError):
        PromptOptions().open_client(ServerOptions())
