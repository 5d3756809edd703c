import pytest

from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._loadtest_options import (
    LimitOptions,
    LoadOptions,
    MeasuredServer,
)
from fireworks_async.cli._loadtest_prompts import PromptOptions
from fireworks_async.cli._loadtest_reports import OutputOptions
from fireworks_async.loadtest import LoadTestOptions
from fireworks_async.loadtest._options import Options


def test_every_keyword_can_be_said_and_has_the_same_default():
    given = {}
    for group in (
        MeasuredServer,
        LoadOptions,
        PromptOptions,
        LimitOptions,
        OutputOptions,
    ):
        given |= group().options()
    assert given.keys() == LoadTestOptions.__optional_keys__
    given |= {name: int(given[name]) for name in ("input_tokens", "output_tokens")}
    assert Options(model="m", **given) == Options(model="m")


def test_lists_and_objects():
    load = LoadOptions(concurrency="1,8", rate="0.5").options()
    assert (load["concurrency"], load["rate"]) == ([1, 8], [0.5])
    assert LimitOptions(prices="1,2.5").options()["prices"] == (1.0, 2.5)


@pytest.mark.parametrize(
    "group",
    [
        LoadOptions(concurrency="1,x"),
        LoadOptions(arrival="x"),
        MeasuredServer(endpoint="x"),
        LimitOptions(prices="1,2,3"),
    ],
)
def test_what_cannot_be_read(group):
    with pytest.raises(UsageError):
        group.options()


def test_the_key_is_not_shown():
    assert "fw_secret" not in repr(MeasuredServer(api_key="fw_secret"))
