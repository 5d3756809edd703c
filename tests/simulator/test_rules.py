import pytest

from fireworks_async.simulator._rules import (
    Rule,
    anything,
    array,
    boolean,
    closed,
    either,
    integer,
    literal,
    mapping,
    nullable,
    number,
    string,
)


def problems(rule: Rule, value: object) -> list[str]:
    return list(rule.problems(value, "f"))


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (string, "x"),
        (boolean, False),
        (integer(1, 5), 5),
        (integer(), 5.0),
        (number(0, 1), 1),
        (literal("a", "b"), "b"),
        (array(string, 1, 2), ["x"]),
        (mapping(integer()), {"x": 1}),
        (closed({"a": string}, ("a",)), {"a": "x"}),
        (either(string, array(string)), ["x"]),
        (nullable(string), None),
        (nullable(integer(1)), 1),
        (anything, {"x": [None]}),
    ],
)
def test_a_value_that_follows_its_rule_is_not_complained_of(rule, value):
    assert problems(rule, value) == []


@pytest.mark.parametrize(
    ("rule", "value", "complaint"),
    [
        (string, 1, "Input should be a valid string, field: 'f', value: 1"),
        (boolean, 1, "Input should be a valid boolean, field: 'f', value: 1"),
        (integer(), True, "Input should be a valid integer, field: 'f', value: True"),
        (
            integer(),
            1.5,
            (
                "Input should be a valid integer, got a number with a fractional part,"
                " field: 'f', value: 1.5"
            ),
        ),
        (
            integer(1),
            0,
            "Input should be greater than or equal to 1, field: 'f', value: 0",
        ),
        (
            number(None, 2),
            2.5,
            "Input should be less than or equal to 2, field: 'f', value: 2.5",
        ),
        (
            literal("a", "b", "c"),
            "d",
            "Input should be 'a', 'b' or 'c', field: 'f', value: 'd'",
        ),
        (literal("a"), "d", "Input should be 'a', field: 'f', value: 'd'"),
        (
            array(string, 1),
            [],
            (
                "List should have at least 1 item after validation, not 0,"
                " field: 'f', value: []"
            ),
        ),
        (
            array(string, 0, 1),
            ["x", "y"],
            (
                "List should have at most 1 items after validation, not 2,"
                " field: 'f', value: ['x', 'y']"
            ),
        ),
        (
            array(string),
            ["x", 1],
            "Input should be a valid string, field: 'f[1]', value: 1",
        ),
        (
            mapping(string),
            {"k": 1},
            "Input should be a valid string, field: 'f.k', value: 1",
        ),
        (
            closed({}),
            {"k": {"v": 1}},
            "Extra inputs are not permitted, field: 'f.k', value: {'v': 1}",
        ),
        (closed({"a": string}, ("a",)), {}, "Field required, field: 'f.a'"),
        (nullable(string), 1, "Input should be a valid string, field: 'f', value: 1"),
    ],
)
def test_a_value_that_breaks_its_rule_is_told_where_and_why(rule, value, complaint):
    assert problems(rule, value) == [complaint]


def test_every_alternative_complains_when_none_fits():
    rule = either(string, array(integer()))
    assert problems(rule, ["x"]) == [
        "Input should be a valid string, field: 'f', value: ['x']",
        "Input should be a valid integer, field: 'f[0]', value: 'x'",
    ]
    assert [text.split(",")[0] for text in problems(rule, 1)] == [
        "Input should be a valid string",
        "Input should be a valid list",
    ]


def test_a_long_value_is_shown_in_part():
    [complaint] = problems(integer(), "x" * 10_000)
    assert complaint.endswith("xxx...")
    assert len(complaint) < 1000
