import msgspec
import pytest

from fireworks_async._protocol import pricing
from fireworks_async._protocol.completions import (
    ChatCompletion,
    ChatMessage,
    Choice,
    FunctionCall,
    LogProbs,
    RawOutput,
    TokenLogProb,
    ToolCall,
    Usage,
)
from tests.support.recorded import CHAT_ANSWERS, assert_holds
from tests.support.wire import USAGE


@pytest.mark.parametrize("recording", CHAT_ANSWERS, ids=lambda r: r.name)
def test_every_field_that_was_recorded_has_its_name(recording):
    bare = {"id": "i", "created": 1, "model": "m"}
    completion = msgspec.convert(bare | recording.expected, ChatCompletion)
    assert_holds(msgspec.to_builtins(completion), recording.expected)


def test_what_the_server_left_out_is_none_and_never_zero():
    completion = ChatCompletion("i", 1, "m", [Choice(0, ChatMessage())])
    assert msgspec.to_builtins(completion) == {
        "id": "i",
        "created": 1,
        "model": "m",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": None,
                    "tool_calls": None,
                    "refusal": None,
                },
                "finish_reason": None,
                "logprobs": None,
                "raw_output": None,
                "token_ids": None,
            }
        ],
        "usage": None,
        "perf_metrics": None,
        "prompt_token_ids": None,
    }
    usage = msgspec.convert({"prompt_tokens": 1}, Usage)
    assert usage.prompt_tokens_details is usage.completion_tokens_details is None


@pytest.mark.parametrize("tier", [None, "priority"])
def test_its_cost_is_that_of_its_model_and_usage(tier):
    usage = Usage(prompt_tokens=1_000_000, completion_tokens=10, total_tokens=1_000_010)
    completion = ChatCompletion("i", 1, "never-heard-of", [], usage=usage)
    cost = completion.cost(service_tier=tier)
    assert cost == pricing.cost_of("never-heard-of", usage, tier)
    assert cost.status == "unknown"


def test_results_travel_as_json():
    token = TokenLogProb("a", -1.0, [97], sampling_logprob=-2.0, routing_matrix="x")
    call = ToolCall("c", FunctionCall("f", "{}"))
    choice = Choice(
        0,
        ChatMessage(content="a", tool_calls=[call]),
        finish_reason="stop",
        logprobs=LogProbs(content=[token]),
        raw_output=RawOutput(prompt_fragments=["a", 1], images=["i"]),
        token_ids=[1],
    )
    usage = msgspec.convert(USAGE, Usage)
    completion = ChatCompletion("i", 1, "m", [choice], usage=usage)
    there = msgspec.json.encode(completion)
    assert msgspec.json.decode(there, type=ChatCompletion) == completion
