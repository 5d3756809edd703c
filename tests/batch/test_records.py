import json

import pytest

from fireworks_async.batch._records import (
    BatchResult,
    encode,
    encode_copy,
    encode_problem,
    read,
)
from fireworks_async.batch._rows import Problem
from fireworks_async.errors import (
    APITimeoutError,
    BadRequestError,
    FireworksError,
)
from tests.support.batches import completion

DIGEST = "ab" * 32


def result(**values):
    given = {"custom_id": "a", "line": 3, "endpoint": "/v1/x", "request": {}}
    return BatchResult(**{**given, "digest": DIGEST, **values})


def written(each, run=2):
    line = encode(each, run=run)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    return json.loads(line)


def test_a_success_is_openais_line_with_facts_beside_it():
    line = written(
        result(response=completion(), request_id="r", ttft=0.5, e2e=1.0, cost=0.25)
    )
    assert list(line) == ["id", "custom_id", "response", "error", "batch"]
    assert (line["custom_id"], line["error"]) == ("a", None)
    assert line["response"]["status_code"] == 200
    assert line["response"]["request_id"] == "r"
    message = line["response"]["body"]["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "Hello"}
    assert line["batch"] == {
        "digest": DIGEST,
        "line": 3,
        "run": 2,
        "attempts": 1,
        "ttft": 0.5,
        "e2e": 1.0,
        "cost": 0.25,
    }


def test_what_a_text_holds_is_not_taken_for_a_field():
    text = 'a,"refusal":null,"logprobs":null b'
    body = written(result(response=completion(text)))["response"]["body"]
    assert body["choices"][0]["message"]["content"] == text


def test_a_refusal_has_its_status_and_body():
    error = BadRequestError("no", status_code=400, request_id="r", body={"e": 1})
    line = written(result(error=error, cause="refused"))
    assert line["response"] == {
        "status_code": 400,
        "request_id": "r",
        "body": {"e": 1},
    }
    assert line["error"] == {
        "code": "refused",
        "message": "no",
        "type": "BadRequestError",
    }


def test_what_had_come_is_kept():
    error = APITimeoutError("silence", phase="receive", partial=completion("Hel"))
    line = written(result(error=error, cause="stall"))
    assert line["response"] is None
    assert line["partial"]["choices"][0]["message"]["content"] == "Hel"


@pytest.mark.parametrize("value", [object(), b"\xff", {1: {2}}])
def test_an_error_whose_body_has_no_form_in_json_is_written_all_the_same(value):
    error = BadRequestError("no", status_code=400, body=value)
    assert written(result(error=error, cause="refused"))["error"]["message"] == "no"


@pytest.mark.parametrize("name", ["a", ""])
def test_a_problem_is_a_failure_with_its_line(name):
    line = json.loads(
        encode_problem(
            Problem(line=4, custom_id=name, digest=b"\1" * 32, text="bad"), run=1
        )
    )
    assert line["custom_id"] == (name or None)
    assert line["error"] == {
        "code": "invalid",
        "message": "bad",
        "type": "invalid_row",
        "line": 4,
    }


def test_a_copy_has_the_answer_and_its_own_name():
    original = encode(result(response=completion(), cost=0.5), run=1)
    line = json.loads(encode_copy(original, custom_id="b", number=9, run=2))
    assert line["response"] == json.loads(original)["response"]
    assert line["custom_id"] == "b"
    assert line["batch"]["shared_with"] == "a"
    assert line["batch"]["digest"] == DIGEST
    assert (line["batch"]["line"], line["batch"]["cost"]) == (9, 0.0)


def test_what_was_written_is_read():
    seen = read(encode(result(response=completion(), cost=0.5), run=2))
    assert (seen.custom_id, seen.has_failed, seen.status) == ("a", False, 200)
    assert (seen.batch.digest, seen.batch.run, seen.batch.cost) == (DIGEST, 2, 0.5)


def test_a_failure_is_read_with_its_cause():
    error = BadRequestError("no", status_code=400)
    seen = read(encode(result(error=error, cause="refused"), run=2))
    assert (seen.has_failed, seen.cause, seen.status) == (True, "refused", 400)
    seen = read(encode(result(error=FireworksError("no"), cause="stall"), run=2))
    assert (seen.has_failed, seen.cause, seen.status) == (True, "stall", None)


def test_lines_of_other_programs_are_read():
    line = {"id": "1", "custom_id": "a", "response": {"status_code": 200, "body": {}}}
    seen = read(json.dumps({**line, "error": None}).encode())
    assert (seen.custom_id, seen.has_failed, seen.batch.digest) == ("a", False, "")
    assert read(b'{"custom_id":"a","error":{"code":5}}').cause == "5"
    assert read(b'{"custom_id":"a","error":{}}').cause == "server"


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"\xff", b'{"a":1}', b"\0\0", b'{"custom_id":"a","body":{}}'],
)
def test_what_is_no_record_is_none(line):
    assert read(line) is None
