import pytest

from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._loadtest_words import json_object, numbers, one_of


def test_what_can_be_read():
    assert numbers("n", None, int) is None
    assert numbers("n", "1,2", int) == [1, 2]
    assert one_of("n", "a", ("a", "b")) == "a"
    assert json_object("n", None) == {}
    assert json_object("n", '{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize(
    "read",
    [
        lambda: numbers("n", "1,,2", int),
        lambda: one_of("n", "c", ("a", "b")),
        lambda: json_object("n", "[1]"),
        lambda: json_object("n", "{"),
    ],
)
def test_what_cannot_is_told_by_its_option(read):
    with pytest.raises(UsageError, match=r"^--n "):
        read()
