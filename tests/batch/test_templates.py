from datetime import date

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


@pytest.mark.parametrize("text", ["{}", "{a!r}", "{a:>3}", "{"])
def test_only_names_are_places(text):
    with pytest.raises(ValueError, match=r"template|expected|Single"):
        Template(text)


def test_a_name_may_have_dots_and_leads_nowhere_else():
    (message,) = Template("{user.name}, {a[0]}").body({"user.name": "Jo", "a[0]": 1})[
        "messages"
    ]
    assert message["content"] == "Jo, 1"
    with pytest.raises(ValueError, match=r"no column 'a\.__class__', but 'a'$"):
        Template("{a.__class__}").body({"a": 1})


def test_many_columns_are_not_all_named():
    with pytest.raises(ValueError, match=r"but 'c0', .*, 'c7', 2 more$"):
        Template("{b}").body({f"c{n}": 1 for n in range(10)})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["a", 1], '["a",1]'),
        ({"k": None, "d": date(2026, 1, 2)}, '{"k":null,"d":"2026-01-02"}'),
        (True, "true"),
        (1.5, "1.5"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_what_is_no_text_is_filled_in_as_json(value, text):
    (message,) = Template("{a}").body({"a": value})["messages"]
    assert message["content"] == text


@pytest.mark.parametrize("text", ["a {b", "a } b"])
def test_a_brace_alone_is_told_of(text):
    with pytest.raises(ValueError, match=r"template: .*; a brace is written twice"):
        Template(text)
