import pytest

from fireworks_async.proxy._patterns import captured, closest, filled, listed


@pytest.mark.parametrize(
    ("pattern", "name", "part"),
    [
        ("*", "", ""),
        ("*", "a/b", "a/b"),
        ("a/*", "a/b/c", "b/c"),
        ("a/*", "b/a/", None),
        ("*-x", "b-x", "b"),
        ("aba*aba", "aba", None),
        ("aba*aba", "abaaba", ""),
        ("a", "a", None),
    ],
)
def test_the_star_stands_for_a_part(pattern, name, part):
    assert captured(pattern, name) == part


def test_the_longest_pattern_is_the_closest():
    assert closest({"*", "a/*", "a/b*", "a/b"}, "a/bc") == "a/b*"
    assert closest({"a/*"}, "b") is None
    assert closest((), "b") is None


def test_the_part_goes_where_the_deployments_star_is():
    assert filled("accounts/me/models/*", "mine/*", "mine/x") == "accounts/me/models/x"
    assert filled("text-completion-openai/*", "*", "x") == "x"
    assert filled("fixed", "*", "x") == "fixed"


def test_the_apis_names_become_those_of_callers():
    assert listed("fireworks_ai/*", "fw/*", "accounts/a/models/b") == (
        "fw/accounts/a/models/b"
    )
    assert listed("accounts/a/models/*", "*", "accounts/a/models/b") == "b"
    assert listed("accounts/a/models/*", "*", "accounts/c/models/b") is None
    assert listed("fixed", "*", "accounts/c/models/b") is None
