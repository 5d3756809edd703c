import json

import msgspec
import pytest

from fireworks_async._protocol.chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
    FunctionCallDelta,
    ToolCallDelta,
    chunk_from_completion,
    decode_chunk,
    decode_chunks,
)
from fireworks_async._protocol.completions import (
    LogProbs,
    PromptTokensDetails,
    RawOutput,
    TokenLogProb,
    TopLogProb,
    Usage,
)
from tests.support.wire import USAGE, chunk


def decoded(value):
    return decode_chunk(value if isinstance(value, str) else json.dumps(value))


def one_choice(**fields):
    return decoded({"choices": [fields]}).choices[0]


class TestAsDocumented:
    """Chunks that the decoder of many takes; each is decoded by both."""

    def assert_chunk(self, value, expected):
        text = json.dumps(value)
        assert decode_chunk(text) == expected
        assert decode_chunks(f"[{text},{text}]") == [expected, expected]

    def test_text(self):
        self.assert_chunk(
            chunk("a"),
            ChatCompletionChunk(
                id="chatcmpl-0123456789abcdef0123456789abcdef",
                created=1_780_000_000,
                model="accounts/fireworks/models/m",
                choices=[ChunkChoice(delta=ChoiceDelta(content="a"))],
            ),
        )

    def test_what_is_not_sent_has_its_default(self):
        self.assert_chunk(
            {"choices": [{}]}, ChatCompletionChunk(choices=[ChunkChoice()])
        )
        assert decoded({"choices": []}).object == "chat.completion.chunk"

    def test_unknown_fields_are_left_out(self):
        self.assert_chunk(
            {"choices": [{"new": {"a": [1]}, "delta": {"newer": 1}}], "newest": None},
            ChatCompletionChunk(choices=[ChunkChoice()]),
        )

    def test_every_part_of_a_delta(self):
        call = {"name": "f", "arguments": "{"}
        self.assert_chunk(
            chunk(
                index=2,
                finish_reason="tool_calls",
                delta={
                    "role": "assistant",
                    "content": "",
                    "reasoning_content": "hm",
                    "refusal": "no",
                    "tool_calls": [
                        {"index": 1, "id": "c", "type": "function", "function": call}
                    ],
                },
                id="i",
                created=1,
                model="m",
            ),
            ChatCompletionChunk(
                id="i",
                created=1,
                model="m",
                choices=[
                    ChunkChoice(
                        index=2,
                        finish_reason="tool_calls",
                        delta=ChoiceDelta(
                            role="assistant",
                            content="",
                            reasoning_content="hm",
                            refusal="no",
                            tool_calls=[
                                ToolCallDelta(
                                    index=1,
                                    id="c",
                                    type="function",
                                    function=FunctionCallDelta("f", "{"),
                                )
                            ],
                        ),
                    )
                ],
            ),
        )

    def test_usage_and_metrics(self):
        details = PromptTokensDetails(cached_tokens=0)
        self.assert_chunk(
            {
                "choices": [],
                "usage": USAGE,
                "perf_metrics": {"a": "1", "b": 0.5, "c": [1]},
            },
            ChatCompletionChunk(
                choices=[],
                usage=Usage(9, 12, 3, prompt_tokens_details=details),
                perf_metrics={"a": "1", "b": 0.5, "c": [1]},
            ),
        )

    def test_both_formats_of_log_probabilities(self):
        top = {"token": "a", "logprob": -1.0, "token_id": 7, "bytes": [97]}
        token = top | {"top_logprobs": [top], "text_offset": 3}
        self.assert_chunk(
            {"choices": [{"logprobs": {"content": [token]}}]},
            ChatCompletionChunk(
                choices=[
                    ChunkChoice(
                        logprobs=LogProbs(
                            content=[
                                TokenLogProb(
                                    token="a",
                                    logprob=-1.0,
                                    token_id=7,
                                    bytes=[97],
                                    top_logprobs=[TopLogProb("a", -1.0, 7, [97])],
                                    text_offset=3,
                                )
                            ]
                        )
                    )
                ]
            ),
        )
        legacy = {
            "tokens": ["a"],
            "token_logprobs": [None],
            "top_logprobs": [{"a": -1.0}],
            "text_offset": [0],
            "token_ids": [7],
        }
        self.assert_chunk(
            {"choices": [{"logprobs": legacy}]},
            ChatCompletionChunk(choices=[ChunkChoice(logprobs=LogProbs(**legacy))]),
        )

    def test_tokens_and_raw_output(self):
        raw = {"prompt_fragments": ["a", 1], "completion": "b", "grammar": None}
        self.assert_chunk(
            {
                "choices": [
                    {"token_ids": [1], "prompt_token_ids": [2], "raw_output": raw}
                ],
                "prompt_token_ids": [2],
            },
            ChatCompletionChunk(
                choices=[
                    ChunkChoice(
                        token_ids=[1], prompt_token_ids=[2], raw_output=RawOutput(**raw)
                    )
                ],
                prompt_token_ids=[2],
            ),
        )


class TestWhatServersGetWrong:
    """Each is refused by the decoder of many, and forgiven by the decoder of one."""

    def assert_forgiven(self, value, expected):
        text = json.dumps(value)
        with pytest.raises(msgspec.ValidationError):
            decode_chunks(f"[{text}]")
        assert decode_chunk(text) == expected

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param({}, id="absent"),
            pytest.param({"choices": None}, id="null"),
            pytest.param({"choices": [None]}, id="of null"),
        ],
    )
    def test_no_choices(self, value):
        self.assert_forgiven(
            value | {"id": "i"}, ChatCompletionChunk(choices=[], id="i")
        )

    def test_no_delta(self):
        self.assert_forgiven(
            {"choices": [{"delta": None, "finish_reason": "stop"}]},
            ChatCompletionChunk(choices=[ChunkChoice(finish_reason="stop")]),
        )

    def test_a_message_in_place_of_a_delta(self):
        message = {"role": "assistant", "content": "a"}
        self.assert_forgiven(
            {"choices": [{"message": message, "finish_reason": "stop"}]},
            ChatCompletionChunk(
                choices=[
                    ChunkChoice(
                        delta=ChoiceDelta(role="assistant", content="a"),
                        finish_reason="stop",
                    )
                ]
            ),
        )

    def test_a_message_beside_a_delta(self):
        # Of what came until then, as some servers add.
        choice = {"delta": {"content": "b"}, "message": {"content": "ab"}}
        self.assert_forgiven(
            {"choices": [choice]},
            ChatCompletionChunk(choices=[ChunkChoice(delta=ChoiceDelta(content="b"))]),
        )

    @pytest.mark.parametrize(
        "name", ["id", "created", "model", "object", "choices", "usage"]
    )
    def test_null_at_the_top(self, name):
        value = {"choices": [], "id": "i", "created": None, name: None}
        expected = ChatCompletionChunk(choices=[], id="" if name == "id" else "i")
        self.assert_forgiven(value, expected)

    def test_numbers_as_text(self):
        self.assert_forgiven(
            {
                "created": "12",
                "choices": [{"index": "1"}],
                "usage": {"prompt_tokens": "3"},
            },
            ChatCompletionChunk(
                choices=[ChunkChoice(index=1)], created=12, usage=Usage(prompt_tokens=3)
            ),
        )

    def test_null_inside_tool_calls_and_token_lists(self):
        delta = {"tool_calls": [None, {"function": {"name": "f"}}]}
        self.assert_forgiven(
            {"choices": [{"delta": delta, "token_ids": [None, 1]}]},
            ChatCompletionChunk(
                choices=[
                    ChunkChoice(
                        delta=ChoiceDelta(
                            tool_calls=[ToolCallDelta(function=FunctionCallDelta("f"))]
                        ),
                        token_ids=[1],
                    )
                ]
            ),
        )

    def test_a_function_that_is_only_its_name(self):
        calls = [ToolCallDelta(id="c", function=FunctionCallDelta("f"))]
        self.assert_forgiven(
            {"choices": [{"delta": {"tool_calls": [{"id": "c", "function": "f"}]}}]},
            ChatCompletionChunk(
                choices=[ChunkChoice(delta=ChoiceDelta(tool_calls=calls))]
            ),
        )

    def test_half_a_character_as_an_escape_is_no_chunk(self):
        with pytest.raises(ValueError, match="truncated"):
            decoded(r'{"choices": [], "id": "\ud83d"}')


def test_arguments_may_come_decoded():
    calls = [
        {"function": {"arguments": arguments}}
        for arguments in ("{}", {"a": 1}, [1], None)
    ]
    deltas = one_choice(delta={"tool_calls": calls}).delta.tool_calls
    assert [call.function.arguments for call in deltas] == ["{}", {"a": 1}, [1], None]


@pytest.mark.parametrize("error", ["text", {"message": "m"}, {}, 0, False])
@pytest.mark.parametrize("choices", [{}, {"choices": []}, {"choices": None}])
def test_an_error_comes_out_as_it_is(error, choices):
    value = choices | {"error": error, "x": None}
    assert decoded(value) == value


def test_an_error_that_is_null_is_none():
    assert decoded({"error": None, "choices": []}) == ChatCompletionChunk(choices=[])
    assert decoded({"error": None}) == ChatCompletionChunk(choices=[])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("nonsense", id="words"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="array"),
        pytest.param("1", id="number"),
        pytest.param('"{}"', id="text"),
        pytest.param('{"choices": []', id="cut"),
        pytest.param('{"choices": []} {}', id="two"),
        pytest.param('{"choices": [], "created": NaN}', id="nan"),
        pytest.param('{"choices": [], "created": "soon"}', id="time in words"),
        pytest.param('{"choices": [], "created": %s}' % ("1" * 5000), id="huge int"),
        pytest.param('{"choices": 5}', id="choices of a number"),
        pytest.param('{"choices": "abc"}', id="choices of text"),
        pytest.param(
            '{"choices": [{"delta": {"content": 5}, "message": {"content": 5}}]}',
            id="content of a number",
        ),
        pytest.param('{"choices": [], "id": 5}', id="id"),
        pytest.param("[" * 100_000, id="deep and cut"),
        pytest.param('{"x": %s}' % ("[" * 100_000 + "]" * 100_000), id="deep"),
    ],
)
def test_what_is_no_chunk_is_a_value_error(text):
    for decode in (decode_chunk, chunk_from_completion):
        with pytest.raises(ValueError, match=r"\w"):
            decode(text)


@pytest.mark.parametrize("depth", [100, 300, 400, 500, 600, 700, 800, 900, 1_000])
def test_no_depth_of_what_is_not_looked_at_breaks_the_decoder(depth):
    text = '{"choices": null, "x": %s}' % ("[" * depth + "]" * depth)
    for decode in (decode_chunk, chunk_from_completion):
        try:
            assert decode(text) == ChatCompletionChunk(choices=[])
        except ValueError as error:
            assert "nested too deeply" in str(error)  # noqa: PT017 - either is fine


class TestWholeCompletions:
    def test_a_message_is_a_delta(self):
        message = {
            "role": "assistant",
            "content": "a",
            "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}],
        }
        completion = {
            "id": "i",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": USAGE,
        }
        assert chunk_from_completion(json.dumps(completion)) == decoded(
            {
                "id": "i",
                "created": 1,
                "model": "m",
                "choices": [{"delta": message, "finish_reason": "stop"}],
                "usage": USAGE,
            }
        )

    @pytest.mark.parametrize("choice", [{}, {"message": None}])
    def test_a_choice_without_a_message(self, choice):
        completion = json.dumps({"choices": [choice]})
        assert chunk_from_completion(completion) == ChatCompletionChunk(
            choices=[ChunkChoice()]
        )

    def test_a_choice_with_a_delta(self):
        completion = json.dumps({"choices": [{"delta": {"content": "a"}}]})
        assert chunk_from_completion(completion).content == "a"

    def test_null_among_the_choices(self):
        completion = '{"choices": [null, {"message": {"content": "a"}}]}'
        assert chunk_from_completion(completion).content == "a"

    @pytest.mark.parametrize("text", ["{}", '{"choices": null}'])
    def test_no_choices(self, text):
        assert chunk_from_completion(text) == ChatCompletionChunk(choices=[])

    def test_an_error_comes_out_as_it_is(self):
        assert chunk_from_completion('{"error": "e"}') == {"error": "e"}


class TestShortcuts:
    def test_of_choice_0(self):
        both = decoded(
            {
                "choices": [
                    {"index": 1, "delta": {"content": "b", "reasoning_content": "B"}},
                    {"index": 0, "delta": {"content": "a", "reasoning_content": "A"}},
                ]
            }
        )
        assert (both.content, both.reasoning_content) == ("a", "A")

    @pytest.mark.parametrize(
        "choices",
        [
            pytest.param([], id="no choice"),
            pytest.param([{"index": 1, "delta": {"content": "b"}}], id="another"),
            pytest.param([{"index": 0, "delta": {}}], id="nothing added"),
        ],
    )
    def test_of_nothing(self, choices):
        bare = decoded({"choices": choices})
        assert (bare.content, bare.reasoning_content) == ("", None)
