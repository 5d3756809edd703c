import json

import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._dataset import read_items, read_trace

ASK = [{"role": "user", "content": "hello"}]


@pytest.fixture
def rows(tmp_path):
    def write(*rows):
        path = tmp_path / "rows"
        path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
        return path

    return write


def test_bodies_and_lines_of_a_batch(rows):
    body = {
        "model": "x",
        "messages": ASK,
        "max_tokens": 9,
        "top_p": 0.5,
        "stream": True,
    }
    path = rows(body, {"custom_id": "a", "body": body}, {"prompt": "hello"})
    plain, wrapped, prompt = read_items(path, "chat")
    assert plain == wrapped
    assert plain.messages == ASK
    assert plain.output_tokens == 9
    assert plain.params == {"max_tokens": 9, "top_p": 0.5}
    assert prompt.messages == ASK
    assert prompt.output_tokens is None


def test_other_endpoints(rows):
    path = rows({"input": "embed me", "dimensions": 4})
    [item] = read_items(path, "embeddings")
    assert (item.text, item.params) == ("embed me", {"dimensions": 4})
    [item] = read_items(rows({"query": "q", "documents": ["a", "b"]}), "rerank")
    assert (item.text, item.documents) == ("q", ["a", "b"])
    [item] = read_items(rows({"messages": ASK}), "completions")
    assert item.text == "hello"


def test_sharegpt(tmp_path):
    path = tmp_path / "sharegpt.json"
    talk = [{"from": "system", "value": "s"}, {"from": "human", "value": "hello"}]
    path.write_text(json.dumps([{"id": "1", "conversations": talk}] * 2))
    assert [item.messages for item in read_items(path, "chat")] == [ASK, ASK]


def test_a_weight_repeats_a_row(rows):
    items = read_items(rows({"prompt": "a", "weight": 3}, {"prompt": "b"}), "chat")
    assert [item.messages[0]["content"] for item in items] == ["a", "a", "a", "b"]
    assert items[0].params == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no requests"),
        ("nonsense", "neither a JSON object"),
        ("[1]", "row 1: no JSON object"),
        ('{"a": 1}', "row 1: no messages"),
        ('{"conversations": []}', "row 1: nobody asks anything"),
    ],
)
def test_what_is_no_request(tmp_path, text, said):
    path = tmp_path / "rows"
    path.write_text(text)
    with pytest.raises(LoadTestError, match=said):
        read_items(path, "chat")


def test_no_file(tmp_path):
    with pytest.raises(LoadTestError, match="No such file"):
        read_items(tmp_path / "none", "chat")


def test_traces(rows):
    path = rows(
        {"timestamp": 27_500, "input_length": 30, "output_length": 0},
        {"timestamp": 27_000, "input_length": 20, "output_length": 4},
    )
    times, items = read_trace(path)
    assert times == (0.0, 0.5)
    assert [(item.prompt_tokens, item.output_tokens) for item in items] == [
        (20, 4),
        (30, 1),
    ]
    times, items = read_trace(
        rows({"at": 1.5, "body": {"messages": ASK}}, {"at": 3, "prompt": "b"})
    )
    assert times == (0.0, 1.5)
    assert items[0].messages == ASK


@pytest.mark.parametrize(
    ("text", "said"), [("", "holds no requests"), ('{"prompt": "a"}', "no timestamp")]
)
def test_what_is_no_trace(tmp_path, text, said):
    path = tmp_path / "rows"
    path.write_text(text)
    with pytest.raises(LoadTestError, match=said):
        read_trace(path)
