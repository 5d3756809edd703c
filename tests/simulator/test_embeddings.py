import base64
import math
import struct

import pytest

from fireworks_async.simulator import Rejection, Simulator
from tests.support.simulated import ask

MODEL = "nomic-ai/nomic-embed-text-v1.5"


async def embed(sim, inputs="hello world", **fields):
    body = {"model": MODEL, "input": inputs, **fields}
    return await ask(sim, body, path="/embeddings")


async def vectors(sim, inputs, **fields):
    answer = await embed(sim, inputs, **fields)
    assert answer.status == 200, answer.data
    assert [row["index"] for row in answer.json["data"]] == list(
        range(len(answer.json["data"]))
    )
    return [row["embedding"] for row in answer.json["data"]]


async def rerank(sim, **fields):
    body = {
        "query": "capital of France",
        "documents": ["dogs", "France", "the capital of France"],
        **fields,
    }
    return await ask(sim, body, path="/rerank")


class TestEmbeddings:
    async def test_the_answer_has_the_form_of_the_api(self, sim):
        answer = (await embed(sim, dimensions=2)).json
        assert set(answer) == {"object", "data", "model", "usage"}
        assert set(answer["data"][0]) == {"object", "index", "embedding"}
        assert answer["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
        assert answer["model"] == MODEL

    async def test_the_same_text_has_the_same_vector(self, sim):
        first, second, third = await vectors(sim, ["a b", "c", "a b"])
        assert first == third != second
        assert len(first) == 768
        async with Simulator(seed=1) as other:
            assert (await vectors(other, "a b")) != [first]

    async def test_length_one_when_asked(self, sim):
        [plain] = await vectors(sim, "hello world")
        [normal] = await vectors(sim, "hello world", normalize=True)
        assert math.hypot(*normal) == pytest.approx(1)
        assert math.hypot(*plain) > 2

    async def test_texts_that_share_words_are_near_each_other(self, sim):
        a, b, c = await vectors(
            sim, ["the red house", "the red roof", "fish swim"], normalize=True
        )
        near = sum(x * y for x, y in zip(a, b, strict=True))
        far = sum(x * y for x, y in zip(a, c, strict=True))
        assert near > far + 0.3

    async def test_dimensions(self, sim):
        assert [len(v) for v in await vectors(sim, ["a", "b"], dimensions=5)] == [5, 5]

    async def test_logits(self, sim):
        [some] = await vectors(sim, "a", return_logits=[7, 8])
        [softmax] = await vectors(sim, "a", return_logits=[7, 8], normalize=True)
        [whole] = await vectors(sim, "a", return_logits=[])
        assert (len(some), sum(softmax), len(whole)) == (2, pytest.approx(1), 1000)

    async def test_objects_become_texts(self, sim):
        inputs = [{"a": "x", "b": "y"}]
        filled = await vectors(sim, inputs, prompt_template="{{ a }} and {b}")
        assert filled == await vectors(sim, "x and y")

    async def test_base64_as_the_sdk_of_openai_asks(self, sim):
        [text] = await vectors(sim, "a", dimensions=2, encoding_format="base64")
        [plain] = await vectors(sim, "a", dimensions=2)
        assert struct.unpack("<2f", base64.b64decode(text)) == pytest.approx(plain)

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"user": "me"}, "Extra inputs are not permitted, field: 'user'"),
            ({"dimensions": 0}, "greater than or equal to 1, field: 'dimensions'"),
            ({"inputs": []}, "at least 1 item"),
            ({"inputs": ["a"] * 2049}, "at most 2048 items"),
            ({"inputs": [1, 2]}, "Input should be a valid string, field: 'input[0]'"),
            ({"inputs": {"a": 1}}, "prompt_template is required"),
            ({"model": None}, "field: 'model'"),
        ],
    )
    async def test_the_world_is_closed(self, sim, fields, message):
        answer = await embed(sim, **fields)
        assert answer.status == 400
        assert message in answer.message

    @pytest.mark.parametrize("model", ["qwen3-embedding-8b", "", "/x"])
    async def test_a_bare_name_is_no_model(self, sim, model):
        assert (await embed(sim, model=model)).status == 404

    async def test_given_models_are_all_there_are(self):
        async with Simulator(models=["me/mine"]) as sim:
            assert (await embed(sim)).status == 404
            assert (await embed(sim, model="me/mine#d")).status == 200


class TestRerank:
    async def test_the_best_come_first(self, sim):
        answer = (await rerank(sim)).json
        assert [row["index"] for row in answer["data"]] == [2, 1, 0]
        scores = [row["relevance_score"] for row in answer["data"]]
        assert 1 > scores[0] > 0.9 > scores[1] > scores[2] > 0
        assert answer["data"][0]["document"] == "the capital of France"
        assert answer["model"] == "fireworks/qwen3-reranker-8b"
        assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] > 0

    async def test_only_the_best_and_without_their_texts(self, sim):
        answer = (await rerank(sim, top_n=1, return_documents=False)).json
        assert [set(row) for row in answer["data"]] == [{"index", "relevance_score"}]

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"documents": []}, "at least 1 item"),
            ({"documents": [{"text": "a"}]}, "field: 'documents[0]'"),
            ({"top_n": 0}, "field: 'top_n'"),
            ({"rank_fields": ["a"]}, "Extra inputs are not permitted"),
        ],
    )
    async def test_the_world_is_closed(self, sim, fields, message):
        answer = await rerank(sim, **fields)
        assert answer.status == 400
        assert message in answer.message

    async def test_a_bare_name_is_no_model(self, sim):
        assert (await rerank(sim, model="qwen3-reranker-8b")).status == 404


@pytest.mark.parametrize("call", [embed, rerank])
async def test_orders_hold_here_too(sim, call):
    sim.script(Rejection.overloaded())
    assert [(await call(sim)).status for _ in range(2)] == [503, 200]
    assert (await ask(sim, b"{", path="/embeddings")).status == 400
