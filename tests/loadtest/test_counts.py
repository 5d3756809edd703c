"""What became of a run's requests, in words."""

import pytest

from fireworks_async.loadtest._counts import counts_of
from tests.support.loads import dropped, record, run


def test_what_there_was_none_of_is_not_told():
    one = record()
    one.prompt_tokens = one.completion_tokens = None
    assert list(counts_of(run([one]).summary)) == ["1 requests", "1 completed"]


@pytest.mark.parametrize(
    ("prompt", "output", "told"),
    [
        (2000, 5, "2,000 prompt and 5 output tokens"),
        (2000, 0, "2,000 prompt tokens"),
        (0, 5, "5 output tokens"),
    ],
)
def test_tokens_are_told_where_they_are_counted(prompt, output, told):
    one = record(prompt_tokens=prompt, completion_tokens=output)
    assert list(counts_of(run([one]).summary))[-1] == told


def test_other_ends_are_told():
    ends = list(counts_of(run([record(), dropped()]).summary))
    assert "1 never started" in ends
