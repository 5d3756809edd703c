"""Texts with calls in them, by the rules in the module's docstring."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fireworks_async._protocol.completions import FunctionCall
from fireworks_async._protocol.written_call_reader import WrittenCallReader
from tests.support.costs import calls_made

NAMES = frozenset({"weather", "wait", "no"})
CALL = '{"name": "weather", "arguments": {"city": "Bonn"}}'
OTHER = '{"name": "wait", "parameters": {}}'
CITY = FunctionCall("weather", '{"city": "Bonn"}')
WAIT = FunctionCall("wait", "{}")
TAGGED = f"<tool_call>\n{CALL}\n</tool_call>"


def joined(pieces):
    """Neighbouring texts as one: how a text was cut says nothing."""
    whole = []
    for piece in pieces:
        if isinstance(piece, str) and whole and isinstance(whole[-1], str):
            whole[-1] += piece
        else:
            whole.append(piece)
    return whole


def read(*texts, may_call=True):
    reader, quick = WrittenCallReader(NAMES), WrittenCallReader(NAMES)
    pieces, quickly = [], []
    for text in texts:
        pieces += reader.feed(text)
        quickly += [text] if text and quick.skips(text) else quick.feed(text)
    pieces += reader.close(may_call=may_call)
    assert joined(quickly + quick.close(may_call=may_call)) == joined(pieces)
    assert all(pieces)
    assert reader.has_called == any(isinstance(each, FunctionCall) for each in pieces)
    assert reader.held == ""
    return joined(pieces)


def read_in_every_way(text, *, may_call=True):
    whole = read(text, may_call=may_call)
    for place in range(1, len(text)):
        assert read(text[:place], text[place:], may_call=may_call) == whole
    assert read(*text, may_call=may_call) == whole
    return whole


class TestContentThatIsNothingButCalls:
    @pytest.mark.parametrize(
        "text",
        [
            CALL,
            f"\n\n {CALL} \n",
            f"[{CALL}]",
            f"[\n  {CALL}\n]",
            f"```json\n{CALL}\n```",
            f"```\n{CALL}\n```\n",
            f"```tool_call\r\n[{CALL}]```",
            # Cut off by a stop text.
            f"```json\n{CALL}",
            f"```json\n{CALL}\n``",
            CALL.replace("arguments", "parameters"),
            '{"type": "function", "name": "weather", "arguments": {"city": "Bonn"}}',
            f'{{"type": "function", "function": {CALL}, "id": "call_1"}}',
            f'{{"function": {CALL}}}',
            '{"arguments": {"city": "Bonn"}, "name": "weather"}',
            r'{"name": "weather", "arguments": "{\"city\": \"Bonn\"}"}',
            r'{"name": "we\u0061ther", "arguments": {"city": "Bonn"}}',
        ],
    )
    def test_one(self, text):
        assert read_in_every_way(text) == [CITY]

    @pytest.mark.parametrize(
        "text",
        [
            f"[{CALL}, {OTHER}]",
            f"{CALL}{OTHER}",
            f"{CALL}\n\n{OTHER}",
            f"```json\n{CALL}\n{OTHER}\n```",
        ],
    )
    def test_several(self, text):
        assert read_in_every_way(text) == [CITY, WAIT]

    def test_arguments_stay_as_they_were_written(self):
        arguments = '{ "a":1.0, "a" : "\\u00e9é",\n"b": [1e400, {"`": "```"}] }'
        text = f'{{"name": "wait", "arguments": {arguments}}}'
        assert read_in_every_way(text) == [FunctionCall("wait", arguments)]

    @pytest.mark.parametrize("arguments", ["null", '""', '" "', "{}", '"{}"'])
    def test_no_arguments_are_an_empty_object(self, arguments):
        text = f'{{"name": "wait", "arguments": {arguments}}}'
        assert read_in_every_way(text) == [WAIT]


class TestContentThatIsText:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            " \n",
            "Hello, <b>you</b> there: 1 < 2 <",
            # Another tool's, or nobody's.
            CALL.replace("weather", "whether"),
            CALL.replace("weather", "weat"),
            CALL.replace("weather", ""),
            CALL.replace('"weather"', "3"),
            f"[{CALL}, {CALL.replace('weather', 'whether')}]",
            "[]",
            # Not all of it is a call.
            f"Here you are: {CALL}",
            f"{CALL} That is it.",
            f"{CALL}, {OTHER}",
            f"```json\n{CALL}\n```\nThat is it.",
            f"```python\n{CALL}\n```",
            f"```json {CALL}```",
            f"````\n{CALL}\n````",
            f"`{CALL}`",
            # Values of another form.
            '{"name": "weather"}',
            '{"arguments": {}}',
            '{"name": "weather", "arguments": {}, "why": "so"}',
            '{"name": "weather", "arguments": {}, "parameters": {}}',
            '{"name": "weather", "arguments": [1]}',
            '{"name": "weather", "arguments": "in Bonn"}',
            '{"name": "weather", "arguments": "[1]"}',
            '{"name": "weather", "arguments": 3}',
            '{"type": "object", "name": "weather", "arguments": {}}',
            f'{{"name": "weather", "function": {CALL}}}',
            '{"function": {"name": "weather", "arguments": {}, "id": "a"}}',
            '{"function": "weather", "arguments": {}}',
            '{"city": "Bonn"}',
            '["Bonn"]',
            "[1, 2]",
            # Not JSON.
            "{",
            "{ a set of words, without any quotes }",
            "[Note] See below.",
            "{'name': 'weather', 'arguments': {}}",
            '{"name": "weather", "arguments": {"city": "Bonn}}',
            '{"name": "weather", "arguments": {"city": Bonn}}',
            '{"name": "weather", "arguments": {"a": "\n"}}',
            '{"name": "weather", "arguments": {} "id": 1}',
            CALL[:-1],
            '{"name": "weather", "arguments": {"a": "\ud800"}}',
        ],
    )
    def test_it_comes_out_as_it_went_in(self, text):
        assert read_in_every_way(text) == ([text] if text else [])

    @pytest.mark.parametrize("text", [CALL, f"```json\n{CALL}\n```", f"[{CALL}]"])
    def test_an_answer_that_was_cut_short(self, text):
        assert read_in_every_way(text, may_call=False) == [text]

    def test_json_that_is_nested_too_deeply(self):
        deep = f'{{"name": "wait", "arguments": {{"a": {"[" * 9999}{"]" * 9999}}}}}'
        assert read(deep) == [deep]


class TestTags:
    @pytest.mark.parametrize(
        ("text", "pieces"),
        [
            (TAGGED, [CITY]),
            (f"\n\n{TAGGED}\n", [CITY]),
            (f"<tool_call>{CALL}</tool_call>", [CITY]),
            (f"<tool_call>[{CALL},{OTHER}]</tool_call>", [CITY, WAIT]),
            (f"<tool_call>{CALL}\n{OTHER}</tool_call>", [CITY, WAIT]),
            (f"{TAGGED}\n{TAGGED}{TAGGED}", [CITY, CITY, CITY]),
            (f"Let me see.\n\n{TAGGED}", ["Let me see.\n\n", CITY]),
            (f"Let me see. {TAGGED} \n", ["Let me see. ", CITY]),
            (f"<think>Hm</think>{TAGGED}", ["<think>Hm</think>", CITY]),
            (f"{TAGGED}\n\nWait.\n", [CITY, "\n\nWait.\n"]),
            (f"a\n{TAGGED}\nb\n{TAGGED}", ["a\n", CITY, "\nb\n", CITY]),
            (f"{CALL}\n{TAGGED}", [f"{CALL}\n", CITY]),
            ('{"a": 1}\n' + TAGGED, ['{"a": 1}\n', CITY]),
            # Without an end, as a stop text leaves it.
            (f"<tool_call>\n{CALL}\n", [CITY]),
            (f"<tool_call>\n{CALL}\n</tool", [CITY]),
            (f"{TAGGED}<tool_call>{OTHER}", [CITY, WAIT]),
            # The tag says that it is a call.
            ('<tool_call>{"name": "wait"}</tool_call>', [WAIT]),
        ],
    )
    def test_what_stands_between_them_is_a_call(self, text, pieces):
        assert read_in_every_way(text) == pieces

    @pytest.mark.parametrize(
        "text",
        [
            "<tool_call>",
            "<tool_call>weather</tool_call>",
            f"<tool_call>{CALL.replace('weather', 'whether')}</tool_call>",
            f"<tool_call>{CALL} or so</tool_call>",
            f"<tool_call>{CALL[:-1]}</tool_call>",
            f"<tool_call>{CALL}</tool_calls>",
            f"<tool_call><tool_call>{CALL}x",
            f"<tool_call><tool_calls>{CALL}</tool_calls>",
            # Quoted, not meant.
            f"Write `<tool_call>{CALL}</tool_call>` for that.",
            f'Write "<tool_call>{CALL}</tool_call>" for that.',
            f"Write:\n```\n{TAGGED}\n```\n",
            f"```xml\n{TAGGED}\n```",
            f"```\n{TAGGED}\n```",
            f"```json\n{CALL}\n{TAGGED}```",
        ],
    )
    def test_what_is_no_call_comes_out_as_it_went_in(self, text):
        assert read_in_every_way(text) == [text]

    @pytest.mark.parametrize(
        "before",
        [
            "```py\n1\n```\n",
            "````md\n``` ```\n````\n",
            "```json\n[1]\n```\n",
            f"```json\n{CALL}\n```\nSo:\n",
            "<tool_call>x</tool_call>",
            "<tool_call>",
            "<<tool_<tool_call",
        ],
    )
    def test_a_call_behind_what_is_none(self, before):
        assert read_in_every_way(before + TAGGED) == [before, CITY]

    def test_one_that_is_whole_is_a_call_however_the_answer_ended(self):
        text = f"{TAGGED} <tool_call>{OTHER}"
        assert read_in_every_way(text, may_call=False) == [
            CITY,
            f" <tool_call>{OTHER}",
        ]


class TestWhenItIsDecided:
    @pytest.mark.parametrize(
        ("text", "held"),
        [
            ("\n", "\n"),
            ("Hello", ""),
            ("Hello\n", ""),
            ("a <", "<"),
            ("a <tool", "<tool"),
            ("a <b", ""),
            ("a `", "`"),
            ('{"', '{"'),
            ('{"city": "', ""),
            ('{"name": "', '{"name": "'),
            ('{"name": "Bo', '{"name": "Bo'),
            ('{"name": "Bonn"', ""),
            ('{"name": "weather"', '{"name": "weather"'),
            ('[{"name": "weather"', '[{"name": "weather"'),
            ('{"name": "weather", "days"', '{"name": "weather", "days"'),
            ('{"name": "weather", "days": "', ""),
            (f"{CALL} ", f"{CALL} "),
            (f"{CALL} T", ""),
            ("```py", "```py"),
            ("```py\n", ""),
            (f"```json\n{CALL}\n```\n", f"```json\n{CALL}\n```\n"),
            (TAGGED, ""),
            (f"{TAGGED}\n", "\n"),
            (f"a\n{TAGGED}\n\n<tool", "\n\n<tool"),
        ],
    )
    def test_what_may_become_a_call_is_held_and_nothing_else(self, text, held):
        reader = WrittenCallReader(NAMES)
        reader.feed(text)
        assert reader.held == held
        one_by_one = WrittenCallReader(NAMES)
        for letter in text:
            one_by_one.feed(letter)
        assert one_by_one.held == held

    def test_only_plain_text_is_skipped(self):
        reader = WrittenCallReader(NAMES)
        assert not reader.skips("Hello")
        reader.feed("Hello")
        assert reader.skips(" you")
        assert not reader.skips("a <b")
        assert not reader.skips("a `b")
        reader.feed("<")
        assert not reader.skips("b")

    def test_behind_the_end_all_is_text(self):
        reader = WrittenCallReader(NAMES)
        assert reader.feed(CALL) == []
        assert reader.close(may_call=True) == [CITY]
        assert reader.feed(TAGGED) == [TAGGED]
        assert reader.close(may_call=True) == []


BLOCKS = st.sampled_from(
    [
        *("\n", " ", "a", "`", "```", "```json\n", "\n```", "<", "<tool", "</"),
        *('"', "'", "{", "}", "[", "]", ",", '{"', '"}', '"name": "', '"weather"'),
        *(CALL, OTHER, TAGGED, "<tool_call>", "</tool_call>", "<tool_call>\n"),
        *('{"name": "whether", "arguments": {}}', f"[{CALL}]", '{"a": "'),
        *(CALL[:20], CALL[20:], "wait", "é", "😀", "\\"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(BLOCKS, max_size=8), st.data())
@example(["\n", "<", "tool_call>", CALL, "</tool_call>"], None)
@example(["`", "`", "`", "`", TAGGED, "```"], None)
def test_any_cut_gives_the_same(blocks, data):
    text = "".join(blocks)
    cuts = [len("".join(blocks[: number + 1])) for number in range(len(blocks))]
    if data is not None:
        place = st.integers(0, len(text))
        cuts = sorted(data.draw(st.lists(place, max_size=12)))
    pieces = [
        text[start:end]
        for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
    ]
    for may_call in (True, False):
        whole = read(text, may_call=may_call)
        assert read(*pieces, may_call=may_call) == whole
        assert read(*text, may_call=may_call) == whole
        if not any(isinstance(piece, FunctionCall) for piece in whole):
            assert "".join(whole) == text


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=9),
        st.text(max_size=9) | st.lists(st.integers() | st.text(max_size=9), max_size=4),
        max_size=4,
    ),
    st.sampled_from(["{}", "```json\n{}\n```", "<tool_call>{}</tool_call>", "[{}]"]),
    st.integers(1, 9),
)
def test_any_arguments_come_out_as_they_were_written(arguments, around, size):
    written = json.dumps(arguments, ensure_ascii=False)
    call = f'{{"name": "wait", "arguments": {written}}}'
    text = around.replace("{}", call)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert read(*pieces) == [FunctionCall("wait", written)]


@pytest.mark.parametrize(
    "unit",
    ["word ", "a < b ", "```\n", "\n", "<tool_call>", '{"a', '"}', "`", TAGGED],
)
@pytest.mark.parametrize("before", ["", '{"name": "wait", "arguments": {"a": "'])
def test_reading_is_linear(unit, before):
    def work(size):
        reader = WrittenCallReader(NAMES)
        reader.feed(before)
        for _ in range(size):
            reader.feed(unit)
        reader.close(may_call=True)

    few, many = (calls_made(lambda size=size: work(size)) for size in (100, 400))
    assert many < 4.6 * few
