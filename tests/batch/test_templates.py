import pytest

from fireworks_async.batch._templates import Template


def test_columns_are_filled_in():
    body = Template("{a} and {b}: {{x}}", system="Be {tone}.").body(
        {"a": 1, "b": "", "tone": "brief"}
    )
    assert body == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "1 and : {x}"},
        ]
    }


def test_what_is_filled_in_is_not_a_template():
    (message,) = Template("{a}").body({"a": "{b}"})["messages"]
    assert message["content"] == "{b}"


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column 'b'"):
        Template("{b}").body({"a": 1})
    with pytest.raises(ValueError, match="column 'b' has no value"):
        Template("{b}").body({"b": None})


@pytest.mark.parametrize("text", ["{}", "{a.b}", "{a[0]}", "{a!r}", "{a:>3}", "{"])
def test_only_names_are_places(text):
    with pytest.raises(ValueError, match=r"template|expected|Single"):
        Template(text)


@pytest.mark.parametrize("text", ["a {b", "a } b"])
def test_a_brace_alone_is_told_of(text):
    with pytest.raises(ValueError, match=r"template: .*; a brace is written twice"):
        Template(text)
