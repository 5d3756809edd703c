import msgspec
import pytest

from fireworks_async._protocol.completions import (
    ChatCompletion,
    ChatMessage,
    Choice,
    FunctionCall,
    LogProbs,
    PromptTokensDetails,
    TokenLogProb,
    ToolCall,
    Usage,
)
from fireworks_async._protocol.embeddings import Embedding, EmbeddingResponse
from fireworks_async._protocol.rerank import RerankResponse, RerankResult
from fireworks_async._protocol.text_completions import Completion, CompletionChoice
from fireworks_async.batch._present import present

USAGE = Usage(3, 3, 0, PromptTokensDetails(1))
CALL = ToolCall("t", FunctionCall("f", "{}"))
FULL = ChatMessage("assistant", None, "why", [CALL], "no")
PROBS = LogProbs([TokenLogProb("a", -0.5)])


def chat(*choices, **fields):
    return ChatCompletion("i", 1, "m", list(choices), **fields)


ANSWERS = [
    chat(Choice(0, ChatMessage(content="hi"), "stop"), usage=Usage(3, 4, 1)),
    chat(Choice(0, FULL, "tool_calls", PROBS), Choice(1, ChatMessage()), usage=USAGE),
    chat(perf_metrics={"a": None}, prompt_token_ids=[]),
    Completion("i", 1, "m", [CompletionChoice(0, "hi", "stop")]),
    EmbeddingResponse(data=[Embedding(index=0, embedding=[0.5])], usage=USAGE),
    RerankResponse(data=[RerankResult(index=0, relevance_score=0.5)], id="i"),
]


def written(answer):
    return msgspec.json.encode(present(answer))


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_is_written_reads_as_the_answer(answer):
    before = msgspec.json.encode(answer)
    assert msgspec.json.decode(written(answer), type=type(answer)) == answer
    assert msgspec.json.encode(answer) == before


def test_what_is_empty_is_left_out_but_for_what_readers_take_for_granted():
    answer = chat(Choice(0, ChatMessage()))
    assert msgspec.json.decode(written(answer)) == {
        "id": "i",
        "created": 1,
        "model": "m",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None},
                "finish_reason": None,
            }
        ],
        "usage": None,
    }


def test_a_zero_is_a_value():
    usage = msgspec.json.decode(written(chat(usage=Usage(0, 0, 0))))["usage"]
    assert usage == {"prompt_tokens": 0, "total_tokens": 0, "completion_tokens": 0}
