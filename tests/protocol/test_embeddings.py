import base64
import json
import struct
import sys

import pytest

from fireworks_async._protocol.completions import Usage
from fireworks_async._protocol.embeddings import (
    decode_embeddings,
    encode_embeddings,
    join_embeddings,
)


def encoded(inputs, *, batch_size=2048, extra_body=None, **params):
    requests, sizes = encode_embeddings(
        model="m",
        inputs=inputs,
        params=params,
        extra_body=extra_body,
        batch_size=batch_size,
    )
    return [json.loads(request.body) for request in requests], sizes


def answer(*rows, **more):
    return json.dumps({"object": "list", "data": rows, **more}).encode()


def decoded(*rows, as_arrays=False, inputs=None, **more):
    return decode_embeddings(
        answer(*rows, **more),
        inputs=len(rows) if inputs is None else inputs,
        as_arrays=as_arrays,
    )


class TestRequests:
    def test_one_text_goes_out_alone(self):
        assert encoded("hi") == ([{"model": "m", "input": "hi"}], [1])

    def test_one_object_goes_out_alone(self):
        bodies, sizes = encoded({"a": "b"}, prompt_template="{{a}}")
        assert bodies[0]["input"] == {"a": "b"}
        assert sizes == [1]

    def test_the_path_and_headers(self):
        [request], _ = encode_embeddings(model="m", inputs="hi", params={})
        assert (request.method, request.path) == ("POST", "/embeddings")
        assert request.headers["Accept"] == "application/json"

    def test_fields_that_were_set_go_out_and_no_others(self):
        bodies, _ = encoded(
            ["a"], dimensions=8, normalize=False, return_logits=[], prompt_template=None
        )
        assert bodies == [
            {
                "model": "m",
                "input": ["a"],
                "dimensions": 8,
                "normalize": False,
                "return_logits": [],
            }
        ]

    def test_extra_fields_come_last(self):
        bodies, _ = encoded(["a"], dimensions=8, extra_body={"dimensions": 9, "x": 1})
        assert (bodies[0]["dimensions"], bodies[0]["x"]) == (9, 1)

    def test_many_inputs_are_several_requests(self):
        texts = [str(number) for number in range(4097)]
        bodies, sizes = encoded(texts)
        assert sizes == [2048, 2048, 1]
        assert [text for body in bodies for text in body["input"]] == texts

    def test_objects_may_take_their_template_from_extra_body(self):
        assert encoded([{"a": 1}], extra_body={"prompt_template": "{{a}}"})

    @pytest.mark.parametrize(
        ("inputs", "named"),
        [
            (b"bytes", "input: "),
            (7, "input: "),
            (["a", None], r"input\[1\]: "),
            ([1, 2, 3], r"input\[0\]: .*token ids"),
            ([["a"]], r"input\[0\]: "),
            (["text", {"a": 1}], "mixed"),
        ],
    )
    def test_what_is_no_text_and_no_object_is_named(self, inputs, named):
        with pytest.raises(TypeError, match=named):
            encoded(inputs)

    @pytest.mark.parametrize(
        ("inputs", "named"),
        [([], "input: "), ("", "input: "), (["a", ""], r"input\[1\]: ")],
    )
    def test_nothing_is_not_sent(self, inputs, named):
        with pytest.raises(ValueError, match=named):
            encoded(inputs)

    @pytest.mark.parametrize("inputs", [{"a": 1}, [{"a": 1}]])
    def test_objects_need_a_template(self, inputs):
        with pytest.raises(ValueError, match="prompt_template"):
            encoded(inputs)


class TestAnswers:
    def test_numbers(self):
        [row] = decoded({"index": 0, "embedding": [1, -0.5]}).data
        assert (row.index, row.embedding) == (0, [1.0, -0.5])

    def test_base64_is_little_endian_floats(self):
        text = base64.b64encode(struct.pack("<2f", 1.0, -0.5)).decode()
        [row] = decoded({"index": 0, "embedding": text}).data
        assert row.embedding == [1.0, -0.5]

    def test_base64_on_a_big_endian_machine(self, monkeypatch):
        monkeypatch.setattr(sys, "byteorder", "big")
        text = base64.b64encode(struct.pack(">f", 1.5)).decode()
        [row] = decoded({"index": 0, "embedding": text}).data
        assert row.embedding == [1.5]

    @pytest.mark.parametrize(
        "sent", [[1, -0.5], base64.b64encode(struct.pack("<2f", 1.0, -0.5)).decode()]
    )
    def test_arrays_are_float32_and_can_be_written_to(self, sent):
        [row] = decoded({"index": 0, "embedding": sent}, as_arrays=True).data
        assert row.embedding.dtype == "float32"
        row.embedding *= 2
        assert row.embedding.tolist() == [2.0, -1.0]

    def test_the_index_decides_the_order(self):
        rows = [{"index": 1, "embedding": [1]}, {"index": 0, "embedding": [0]}]
        assert [row.embedding for row in decoded(*rows).data] == [[0.0], [1.0]]

    def test_without_an_index_the_order_of_the_answer_holds(self):
        rows = [{"embedding": [0]}, {"embedding": [1]}]
        found = decoded(*rows).data
        assert [(row.index, row.embedding) for row in found] == [(0, [0]), (1, [1])]

    def test_what_stands_beside_the_vectors(self):
        found = decoded(
            {"index": 0, "embedding": [0], "raw_output": {"completion": "x"}},
            model="m",
            usage={"prompt_tokens": 3, "total_tokens": 3},
            perf_metrics={"a": "1"},
        )
        assert found.model == "m"
        assert found.usage == Usage(prompt_tokens=3, total_tokens=3)
        assert found.perf_metrics == {"a": "1"}
        assert found.data[0].raw_output.completion == "x"

    @pytest.mark.parametrize(
        "rows",
        [
            [],
            [{"index": 0, "embedding": [0]}],
            [{"index": 0, "embedding": [0]}, {"index": 0, "embedding": [0]}],
            [{"index": 1, "embedding": [0]}, {"index": 2, "embedding": [0]}],
            [{"index": 0}, {"index": 1}],
            [{"index": 0, "embedding": "!"}, {"index": 1, "embedding": "!"}],
            [{"index": 0, "embedding": "AAA="}, {"index": 1, "embedding": "AAA="}],
        ],
    )
    @pytest.mark.parametrize("as_arrays", [False, True])
    def test_what_is_not_one_vector_for_each_input_is_refused(self, rows, as_arrays):
        with pytest.raises(ValueError, match=r"\w"):
            decoded(*rows, inputs=2, as_arrays=as_arrays)


class TestJoining:
    def part(self, *values, tokens=1):
        rows = [{"index": at, "embedding": [v]} for at, v in enumerate(values)]
        usage = tokens and {"prompt_tokens": tokens, "total_tokens": tokens}
        return decoded(*rows, model="m", usage=usage, perf_metrics={"a": 1})

    def test_parts_come_one_after_the_other(self):
        found = join_embeddings([self.part(1, 2), self.part(3, tokens=5)])
        assert [(r.index, r.embedding[0]) for r in found.data] == [
            (0, 1),
            (1, 2),
            (2, 3),
        ]
        assert found.usage == Usage(prompt_tokens=6, total_tokens=6)
        assert (found.model, found.perf_metrics) == ("m", None)

    def test_one_part_stays_as_it_is(self):
        part = self.part(1)
        assert join_embeddings([part]) is part

    def test_usage_that_is_not_whole_is_not_reported(self):
        assert join_embeddings([self.part(1), self.part(2, tokens=None)]).usage is None
