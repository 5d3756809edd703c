import re

import pytest

from fireworks_async.simulator._patterns import matching


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "abc",
        r"^\d{3}-\d{4}$",
        r"^[A-Z]{2}[0-9]{6}[A-D]?$",
        r"^(red|green|blue)$",
        r"^#([0-9a-fA-F]{3}){1,2}$",
        r"^[^a-z]+$",
        r"^\w+@\w+\.(com|org)$",
        r"^(?:a|b)*c+?$",
        r"(?P<year>\d{4})-(?P<month>\d\d)",
        r"^(a)(b)\2\1$",
        r"^[]x]$",
        r"^[\]\-]+$",
        r"^\x41é$",
        r"^\S+\s\S+$",
        r"\bword\b",
        r"^.{5,8}$",
        r"^a{,3}$",
        r"^x(?#why)y$",
        r"^(?!bad)good$",
        r"^\{\}\(\)$",
        r"^\D\W$",
        r"^\t\n$",
    ],
)
def test_a_match_is_found(pattern):
    text = matching(pattern)
    assert text is not None
    assert re.search(pattern, text)


@pytest.mark.parametrize(("least", "most"), [(0, None), (7, None), (0, 2), (3, 4)])
def test_the_length_is_within_bounds(least, most):
    text = matching("^[a-c]+$", least, most)
    assert re.fullmatch("[a-c]+", text)
    assert least <= len(text)
    assert most is None or len(text) <= most


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[",
        "a**",
        r"^\p{L}$",
        "(?=b)a",
        r"\1",
        "^a(?<!a)$",
        r"[^\x00-\U0010ffff]",
        "(a)?(?(1)b|c)",
    ],
)
def test_what_is_wrong_or_too_clever_gives_nothing(pattern):
    assert matching(pattern) is None


def test_a_length_that_cannot_be_gives_nothing():
    assert matching("^ab$", 3) is None
    assert matching("^a{5}$", 0, 4) is None
