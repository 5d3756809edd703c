import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fireworks_async.simulator import ErrorReply, Reply, Simulator, ToolCall, Without
from tests.cli.conftest import Ran
from tests.support.calls import KEY
from tests.support.pictures import png

Chat = Callable[..., Ran]


def test_the_answer_is_on_standard_output_and_what_it_took_beside_it(
    chat: Chat, fireworks_simulator: Simulator
):
    fireworks_simulator.script(Reply(text="Because it is.", reasoning="Hm."))
    ran = chat("Why", "is it so?")
    assert ran.code == 0
    assert ran.out == "Because it is.\n"
    assert ran.error.startswith("11 prompt + 4 completion tokens · first token 0.")
    [request] = fireworks_simulator.requests
    assert request.body["messages"] == [{"role": "user", "content": "Why is it so?"}]
    assert request.headers["user-agent"].startswith("fireworks-async/")


def test_tokens_that_are_not_reported_are_not_made_up(
    chat: Chat, fireworks_simulator: Simulator
):
    fireworks_simulator.script((Reply(text="Yes."), Without("usage")))
    assert chat("Why?").error.startswith("tokens not reported · first token")


def test_every_option_goes_out(chat: Chat, fireworks_simulator: Simulator):
    ran = chat(
        *("Why?", "--model", "kimi-k2p6", "--system", "Be brief.", "--n", 2),
        *("--max-tokens", 9, "--min-tokens", 2, "--stop", "a", "--stop", "b"),
        *("--ignore-eos", "--reasoning-effort", "low", "--logprobs"),
        *("--top-logprobs", 2, "--extra", 'user="me"', "--temperature", 0.5),
        *("--top-p", 0.9, "--top-k", 40, "--min-p", 0.1, "--typical-p", 0.8),
        *("--frequency-penalty", -1, "--presence-penalty", 0.25),
        *("--repetition-penalty", 1.1, "--mirostat-target", 3),
        *("--mirostat-lr", 0.2, "--seed", 7),
    )
    assert ran.code == 0, ran.err
    assert fireworks_simulator.requests[0].body == {
        "model": "accounts/fireworks/models/kimi-k2p6",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Why?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "n": 2,
        "max_tokens": 9,
        "min_tokens": 2,
        "stop": ["a", "b"],
        "ignore_eos": True,
        "reasoning_effort": "low",
        "logprobs": True,
        "top_logprobs": 2,
        "user": "me",
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.1,
        "typical_p": 0.8,
        "frequency_penalty": -1,
        "presence_penalty": 0.25,
        "repetition_penalty": 1.1,
        "mirostat_target": 3,
        "mirostat_lr": 0.2,
        "seed": 7,
    }


def test_an_option_that_was_not_given_does_not_go_out(
    chat: Chat, fireworks_simulator: Simulator
):
    assert chat("Why?").code == 0
    assert set(fireworks_simulator.requests[0].body) == {
        "model",
        "messages",
        "stream",
        "stream_options",
    }


def test_the_environment_may_name_the_model(
    run: Callable[..., Ran],
    fireworks_simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("FIREWORKS_MODEL", "qwen3-8b")
    monkeypatch.setenv("FIREWORKS_API_KEY", KEY)
    monkeypatch.setenv("FIREWORKS_BASE_URL", fireworks_simulator.base_url)
    assert run("chat", "Why?").code == 0
    [request] = fireworks_simulator.requests
    assert request.body["model"] == "accounts/fireworks/models/qwen3-8b"


def test_the_prompt_may_be_piped_in(
    chat: Chat, fireworks_simulator: Simulator, stdin: Callable[[bytes], None]
):
    stdin(b"from a file\n")
    assert chat().code == 0
    [request] = fireworks_simulator.requests
    assert request.body["messages"][0]["content"] == "from a file"


def test_json_is_one_line_a_chunk(chat: Chat, fireworks_simulator: Simulator):
    fireworks_simulator.script(Reply(text=["Be", "cause"], reasoning=["Hm"]))
    ran = chat("Why?", "--json")
    chunks = [json.loads(line) for line in ran.out.splitlines()]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert "".join(delta["content"] or "" for delta in deltas) == "Because"
    assert "".join(delta["reasoning_content"] or "" for delta in deltas) == "Hm"
    assert chunks[-1]["usage"]["completion_tokens"] == 3
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks)
    assert "completion tokens" in ran.error


def test_json_lines_of_several_prompts_say_which(
    chat: Chat, fireworks_simulator: Simulator
):
    ran = chat("--prompt", "one", "--prompt", "two", "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    ids = {(line["prompt_index"], line["id"]) for line in lines}
    assert {index for index, _ in ids} == {0, 1}
    assert len(ids) == 2


def test_raw_is_the_text_alone(chat: Chat, fireworks_simulator: Simulator):
    fireworks_simulator.script(Reply(text="a\r\n b", reasoning="Hm"))
    assert chat("Why?", "--raw") == Ran(0, "a\r\n b", "")


def test_raw_answers_to_several_prompts_are_lines(
    chat: Chat, fireworks_simulator: Simulator
):
    fireworks_simulator.always(Reply(text="yes"))
    ran = chat("one", "--prompt", "two", "--raw")
    assert ran == Ran(0, "yes\nyes\n", "")


def test_raw_choices_are_lines(chat: Chat, fireworks_simulator: Simulator):
    fireworks_simulator.script(Reply(text="yes"))
    assert chat("Why?", "--raw", "--n", 2) == Ran(0, "yes\nyes\n", "")


def test_an_error_is_one_line(chat: Chat, fireworks_simulator: Simulator):
    body = {"error": {"message": "no\nsuch model", "code": "NOT_FOUND"}}
    fireworks_simulator.script(ErrorReply(404, body))
    ran = chat("Why?")
    assert (ran.code, ran.out) == (1, "")
    assert ran.error.startswith("error: 404: no such model")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--json", "--raw"], "--json and --raw exclude each other"),
        (["--extra", "user"], "expected FIELD=JSON"),
        (["--max-retries", "-1"], "max_retries"),
        (["--model", "a b"], "model: 'a b' holds a blank"),
        (["--temperature", "warm"], "Invalid value for '--temperature'"),
        (["--tempature", "1"], "No such option: --tempature"),
    ],
)
def test_words_that_make_no_call_are_one_line_and_nothing_is_sent(
    words: list[str], said: str, chat: Chat, fireworks_simulator: Simulator
):
    ran = chat("Why?", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.error.startswith("error: ")
    assert said in ran.error
    assert fireworks_simulator.requests == []


def test_no_prompt_at_all_is_a_usage_error(chat: Chat, fireworks_simulator: Simulator):
    ran = chat()
    assert ran.code == 2
    assert ran.error == "error: the prompt is empty"


def test_no_model_is_a_usage_error_that_says_what_to_write(run: Callable[..., Ran]):
    ran = run("chat", "--api-key", KEY, "Why?")
    assert ran.code == 2
    assert "--model" in ran.error
    assert "FIREWORKS_MODEL" in ran.error


def test_no_key_is_said_first_of_all(run: Callable[..., Ran]):
    ran = run("chat", "Hello")
    assert (ran.code, ran.out) == (2, "")
    assert "FIREWORKS_API_KEY" in ran.error
    assert "--simulate" in ran.error


def test_a_key_that_cannot_be_sent_is_not_shown(run: Callable[..., Ran]):
    ran = run("chat", "Hello", "--api-key", f"{KEY} x")
    assert ran.code == 2
    assert ran.error.startswith("error: api_key holds a blank")


def test_simulated_it_needs_nothing_but_a_prompt(run: Callable[..., Ran]):
    ran = run("chat", "--simulate", "Hello", "--max-tokens", "6")
    assert ran.code == 0
    assert ran.out.strip()
    assert "completion tokens" in ran.error


class TestAttachments:
    def test_files_go_out_with_every_prompt(
        self, chat: Chat, fireworks_simulator: Simulator, tmp_path: Path
    ):
        picture, notes = tmp_path / "a.png", tmp_path / "notes.txt"
        picture.write_bytes(png())
        notes.write_text("Remember.")
        ran = chat("one", "--prompt", "two", "--image", picture, "--file", notes)
        assert ran.code == 0, ran.err
        assert len(fireworks_simulator.requests) == 2
        for request in fireworks_simulator.requests:
            image, text, prompt = request.body["messages"][0]["content"]
            assert image["image_url"]["url"].startswith("data:image/png;base64,")
            assert "Remember." in text["text"]
            assert prompt["text"] in ("one", "two")

    @pytest.mark.parametrize("option", ["--image", "--file", "--tools", "--schema"])
    def test_a_file_that_is_missing_is_one_line_and_nothing_is_sent(
        self, option: str, chat: Chat, fireworks_simulator: Simulator
    ):
        ran = chat("Why?", option, "missing.json")
        assert (ran.code, ran.out) == (2, "")
        assert ran.error.startswith(f"error: {option} missing.json: ")
        assert fireworks_simulator.requests == []


def test_tools_run_and_are_shown_beside_the_answer(
    chat: Chat, fireworks_simulator: Simulator, tmp_path: Path
):
    tools = tmp_path / "tools_of_chat.py"
    tools.write_text("def double(a: int) -> int:\n    return 2 * a\n")
    call = ToolCall("double", '{"a": 4}')
    fireworks_simulator.script(Reply(tool_calls=[call]), Reply(text="Eight."))
    ran = chat("Twice 4?", "--tools", tools)
    assert (ran.code, ran.out) == (0, "Eight.\n")
    first, called, given, last = ran.err.splitlines()
    assert first.endswith("finish_reason tool_calls")
    assert (called, given) == ('→ double({"a": 4})', "← double: 8")
    assert "completion tokens" in last


def test_an_answer_that_does_not_fit_the_schema_fails(
    chat: Chat, fireworks_simulator: Simulator, tmp_path: Path
):
    schema = tmp_path / "answer.json"
    schema.write_text('{"type": "integer"}')
    fireworks_simulator.script(Reply(text="3"), Reply(text="three"))
    assert chat("How many?", "--schema", schema).code == 0
    ran = chat("How many?", "--schema", schema)
    assert (ran.code, ran.out) == (1, "three\n")
    assert ran.error.startswith("error: the answer does not fit the type")
