import json
from collections.abc import Callable
from functools import partial

import pytest

from fireworks_async.simulator import ErrorReply, Reply, Simulator
from tests.cli.conftest import Ran

Command = Callable[..., Ran]


@pytest.fixture
def complete(asked: Command) -> Command:
    return partial(asked, "complete")


def test_the_text_goes_out_as_it_is_and_what_follows_is_shown(
    complete: Command, fireworks_simulator: Simulator
):
    fireworks_simulator.script(Reply(text="a time"))
    ran = complete("Once", "upon ", "--max-tokens", 9, "--top-k", 3, "--extra", "n=1")
    assert (ran.code, ran.out) == (0, "a time\n")
    assert " completion tokens · first token " in ran.error
    [request] = fireworks_simulator.requests
    assert request.path == "/v1/completions"
    assert request.body == {
        "model": "accounts/fireworks/models/deepseek-v3p1",
        "prompt": "Once upon ",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
        "top_k": 3,
        "n": 1,
    }


def test_the_prompt_can_be_shown_before_it(
    complete: Command, fireworks_simulator: Simulator
):
    fireworks_simulator.script(Reply(text=" a time"))
    assert complete("Once upon", "--echo").out == "Once upon a time\n"
    assert fireworks_simulator.requests[0].body["echo"] is True


def test_several_texts_are_asked_at_once_and_shown_in_order(
    complete: Command, fireworks_simulator: Simulator
):
    fireworks_simulator.always(Reply(text="yes"))
    ran = complete("one", "--prompt", "two", "--n", 2)
    assert ran.out.count("yes\n") == 4
    assert ran.out.index("==> one, choice 2 <==") < ran.out.index("==> two, choice 1")


def test_json_is_a_chunk_a_line_and_raw_the_text_alone(
    complete: Command, fireworks_simulator: Simulator
):
    fireworks_simulator.always(Reply(text="yes "))
    lines = [json.loads(line) for line in complete("a", "--json").out.splitlines()]
    assert {line["object"] for line in lines} == {"text_completion"}
    text = "".join(choice["text"] for line in lines for choice in line["choices"])
    assert text == "yes "
    assert complete("a", "--raw") == Ran(0, "yes ", "")


def test_errors_are_one_line(complete: Command, fireworks_simulator: Simulator):
    body = {"error": {"message": "no such model"}}
    fireworks_simulator.script(ErrorReply(404, body))
    ran = complete("a")
    assert (ran.code, ran.out) == (1, "")
    assert ran.error.startswith("error: 404: no such model")
    ran = complete("a", "--extra", "n")
    assert (ran.code, ran.error[:22]) == (2, "error: --extra n: expe")


def test_simulated_it_needs_nothing_but_a_text(run: Command):
    ran = run("complete", "--simulate", "Once upon", "--max-tokens", "4")
    assert ran.code == 0
    assert ran.out.strip()
