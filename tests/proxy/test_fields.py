import pytest

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._fields import Block, Scope
from fireworks_async.proxy._yaml import parse_yaml


def block(text, **environ):
    return Block(Scope("f", environ), "b", parse_yaml(text, source="f"))


def test_values_are_taken_by_their_kind():
    b = block("t: text\nn: 3\nx: 0.5\nf: true\nl: [a, b]\none: a\n")
    assert (b.text("t"), b.count("n"), b.amount("x"), b.flag("f")) == (
        "text",
        3,
        0.5,
        True,
    )
    assert b.names_in("l", b.take("l")) == ("a", "b")
    assert b.names_in("one", b.take("one")) == ("a",)
    assert b.text("absent") is None


@pytest.mark.parametrize(
    ("text", "take"),
    [
        ("k: 3", lambda b: b.text("k")),
        ("k: yes please", lambda b: b.flag("k")),
        ("k: -1", lambda b: b.count("k")),
        ("k: 1.5", lambda b: b.count("k")),
        ("k: .nan", lambda b: b.amount("k")),
        ("k: 0", lambda b: b.amount("k", positive=True)),
        ("k: [1]", lambda b: b.names_in("k", b.take("k"))),
        ("k: shufle", lambda b: b.word("k", {"shuffle": 1})),
    ],
)
def test_a_wrong_value_is_named_with_its_line(text, take):
    with pytest.raises(ProxyConfigError, match=r"^f:2: b\.k: expected"):
        take(block(f"other: 1\n{text}\n"))


def test_a_word_that_is_nearly_right_is_guessed():
    with pytest.raises(ProxyConfigError, match="did you mean shuffle"):
        block("k: shufle").word("k", {"shuffle": 1})


def test_the_environment_stands_in_wherever_it_is_named():
    b = block("k: os.environ/KEY\nn: os.environ/N\n", KEY="secret", N="7")
    assert (b.text("k"), b.count("n")) == ("secret", 7)


def test_a_variable_that_is_not_set_is_an_error_with_its_line():
    with pytest.raises(ProxyConfigError, match=r"^f:1: b\.k: .* KEY is not set"):
        block("k: os.environ/KEY").text("k")


def test_a_variable_that_is_not_set_may_have_a_stand_in():
    root = parse_yaml("k: os.environ/KEY", source="f")
    assert Block(Scope("f", {}, missing="x"), "b", root).text("k") == "x"


def test_an_unknown_key_is_warned_of_with_its_line_and_the_nearest():
    b = block("timeout: 1\ntimeuot: 2\n")
    b.amount("timeout")
    with pytest.warns(UserWarning, match=r"^f:2: b\.timeuot .* did you mean timeout\?"):
        b.finish()


def test_a_block_must_be_a_mapping():
    with pytest.raises(ProxyConfigError, match=r"^f:1: b: expected keys"):
        block("- 1")
