import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from fireworks_async.cli._forms import JSONForm, TextForm, closing_line
from fireworks_async.cli._output import Output
from fireworks_async.errors import StreamTruncatedError
from fireworks_async.types import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
    CompletionChoice,
    CompletionChunk,
    StreamTimings,
    Usage,
)

Say = Callable[[Callable[[], None]], None]


@dataclass
class Answered:
    usage: Usage | None = None
    finish_reason: str | None = "stop"
    timings: StreamTimings = field(default_factory=StreamTimings)


class Watching(Output):
    """Shows reasoning, and keeps what is done in order."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[str, str]] = []

    def answer(self, text: str) -> None:
        self.done.append(("answer", text))

    def aside(self, text: str) -> None:
        self.done.append(("aside", text))

    def heading(self, text: str) -> None:
        self.done.append(("heading", text))

    def end_answer(self) -> None:
        self.done.append(("end", ""))

    def step(self, text: str) -> None:
        self.done.append(("step", text))

    def note(self, text: str) -> None:
        self.done.append(("note", text))

    def complaint(self, text: str) -> None:
        self.done.append(("complaint", text))


def now(action: Callable[[], None]) -> None:
    action()


def chunk(
    content: str | None = None, reasoning: str | None = None, index: int = 0
) -> ChatCompletionChunk:
    delta = ChoiceDelta(content=content, reasoning_content=reasoning)
    return ChatCompletionChunk(choices=[ChunkChoice(index=index, delta=delta)])


TIMED = StreamTimings(sent_at=1.0, first_delta_at=1.31, last_delta_at=2.2, done_at=2.25)


@pytest.mark.parametrize(
    ("answered", "line"),
    [
        (
            Answered(Usage(12, 60, 48), timings=TIMED),
            "12 prompt + 48 completion tokens · first token 0.31 s · 50.0 tokens/s",
        ),
        (Answered(timings=TIMED), "tokens not reported · first token 0.31 s"),
        (
            Answered(Usage(12, 13, 1), timings=TIMED),
            "12 prompt + 1 completion tokens · first token 0.31 s",
        ),
        (
            Answered(Usage(12, 12, 0), "stop"),
            "12 prompt + 0 completion tokens",
        ),
        (
            Answered(
                Usage(1, 3, 2),
                timings=StreamTimings(
                    sent_at=1, first_delta_at=2, last_delta_at=2, done_at=2.001
                ),
            ),
            "1 prompt + 2 completion tokens · first token 1.00 s",
        ),
        (
            Answered(Usage(1, 3, 2), "length"),
            "1 prompt + 2 completion tokens · finish_reason length",
        ),
        (Answered(finish_reason=None), "tokens not reported"),
    ],
    ids=["all", "no usage", "one token", "none", "at once", "cut", "nothing"],
)
def test_the_closing_line_says_what_is_known(answered: Answered, line: str):
    assert closing_line(answered) == line


def test_what_one_read_brought_is_shown_as_one_piece_of_each_kind():
    output = Watching()
    form = TextForm(output, now)
    form.add([chunk(), chunk(reasoning="H"), chunk(reasoning="m"), chunk("Y")])
    form.add([chunk("e"), chunk("s"), ChatCompletionChunk(choices=[])])
    assert output.done == [
        ("aside", "Hm"),
        ("answer", "Y"),
        ("answer", "es"),
    ]


def test_a_text_completion_is_shown_alike():
    output = Watching()
    form = TextForm(output, now)
    choices = [CompletionChoice(text="a"), CompletionChoice(index=1, text="b")]
    form.add([CompletionChunk(choices=choices)])
    form.add([CompletionChunk(choices=[CompletionChoice(finish_reason="stop")])])
    form.end(Answered())
    assert output.done == [
        ("answer", "a"),
        ("end", ""),
        ("heading", "choice 2"),
        ("answer", "b"),
        ("end", ""),
        ("note", "tokens not reported"),
    ]


def test_what_happens_between_answers_is_said_in_its_turn():
    output = Watching()
    later: list[Callable[[], None]] = []
    form = TextForm(output, later.append, label="prompt 2: ")
    form.step("f({})")
    assert output.done == []
    later[-1]()
    JSONForm(output).step("g({})")
    assert output.done == [("step", "prompt 2: f({})"), ("step", "g({})")]


def test_a_text_ends_with_its_closing_line():
    output = Watching()
    form = TextForm(output, now, label="prompt 2: ")
    form.end(Answered())
    assert output.done == [("end", ""), ("note", "prompt 2: tokens not reported")]


def test_a_failure_comes_after_what_came():
    output = Watching()
    form = TextForm(output, now, title="Why?", label="prompt 1: ")
    form.add([chunk("Be")])
    form.fail(StreamTruncatedError("cut"))
    assert output.done == [
        ("heading", "Why?"),
        ("answer", "Be"),
        ("end", ""),
        ("complaint", "prompt 1: cut"),
    ]


def test_other_choices_follow_the_first_each_under_its_heading():
    output = Watching()
    form = TextForm(output, now, choices=3)
    form.add([chunk("c", index=2), chunk("a"), chunk("b", index=1)])
    form.add([chunk(reasoning="hm", index=1), chunk("B", index=1), chunk("A")])
    form.end(Answered())
    assert output.done == [
        ("heading", "choice 1"),
        ("answer", "a"),
        ("answer", "A"),
        ("end", ""),
        ("heading", "choice 2"),
        ("answer", "b"),
        ("aside", "hm"),
        ("answer", "B"),
        ("end", ""),
        ("heading", "choice 3"),
        ("answer", "c"),
        ("end", ""),
        ("note", "tokens not reported"),
    ]


def test_a_choice_that_nobody_asked_for_is_shown_as_one():
    output = Watching()
    form = TextForm(output, now, title="Why?")
    form.add([chunk("a"), chunk("b", index=1)])
    form.end(Answered())
    assert [text for kind, text in output.done if kind == "heading"] == [
        "Why?",
        "Why?, choice 2",
    ]


def test_nothing_is_shown_before_its_turn():
    output = Watching()
    later: list[Callable[[], None]] = []
    form = TextForm(output, later.append, title="Why?")
    form.add([chunk("a")])
    form.end(Answered())
    assert output.done == []
    for action in later:
        action()
    assert [kind for kind, _ in output.done] == ["heading", "answer", "end", "note"]


def test_each_chunk_is_a_line_of_json(capsys: pytest.CaptureFixture[str]):
    form = JSONForm(Output())
    form.add([chunk("é"), chunk(reasoning="m")])
    lines = capsys.readouterr().out.splitlines()
    first, second = [json.loads(line) for line in lines]
    assert first["choices"][0]["delta"]["content"] == "é"
    assert second["choices"][0]["delta"]["reasoning_content"] == "m"
    assert "prompt_index" not in first


def test_of_several_prompts_each_line_says_which(capsys: pytest.CaptureFixture[str]):
    form = JSONForm(Output(), prompt_index=3, label="prompt 4: ")
    form.add([chunk("a")])
    form.end(Answered())
    form.fail(StreamTruncatedError("cut"))
    captured = capsys.readouterr()
    line = json.loads(captured.out)
    assert line["prompt_index"] == 3
    assert line["choices"][0]["delta"]["content"] == "a"
    assert captured.err == "prompt 4: tokens not reported\nerror: prompt 4: cut\n"
