import pytest

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._yaml import located, parse_yaml


def test_values_know_the_line_of_their_key():
    root = parse_yaml("a:\n  b: 1\n  c:\n    - x\n    - y\n", source="f")
    assert root.value["a"].line == 1
    assert root.value["a"].value["b"].line == 2
    assert [item.line for item in root.value["a"].value["c"].value] == [4, 5]
    assert root.plain() == {"a": {"b": 1, "c": ["x", "y"]}}


def test_an_empty_file_is_an_empty_mapping():
    assert parse_yaml("# nothing\n", source="f").plain() == {}


def test_anchors_and_merges_work():
    text = "base: &b\n  x: 1\n  y: 2\nother:\n  <<: *b\n  y: 3\n"
    assert parse_yaml(text, source="f").plain()["other"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [\n", 3),
        ("a: 1\na: 2\n", 2),
        ("? [x]\n: 1\n", 1),
        ("a: 1\nb: \x01\n", 2),
    ],
    ids=["no yaml", "a key twice", "a key that is no text", "a control character"],
)
def test_what_is_wrong_has_a_line(text, line):
    with pytest.raises(ProxyConfigError, match=rf"^f:{line}: "):
        parse_yaml(text, source="f")


def test_a_second_document_is_told_of():
    with pytest.raises(ProxyConfigError, match=r"^f:2: expected a single document"):
        parse_yaml("a: 1\n---\nb: 2\n", source="f")


def test_no_object_is_made_of_a_tag():
    with pytest.raises(ProxyConfigError):
        parse_yaml("a: !!python/object/apply:os.system ['true']\n", source="f")


def test_an_excerpt_is_never_shown():
    with pytest.raises(ProxyConfigError) as raised:
        parse_yaml("key: fw_CANARY\n  more: [", source="f")
    assert "CANARY" not in str(raised.value)


def test_plain_values_are_located_too():
    assert located({"a": [1, {"b": None}]}).plain() == {"a": [1, {"b": None}]}
    with pytest.raises(ProxyConfigError, match="object"):
        located({"a": object()})
