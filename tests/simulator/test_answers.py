from fireworks_async.simulator._answers import Answer, Step


def test_an_answer_of_json_promises_its_length():
    answer = Answer.of_json({"a": "é"}, 201, {"x": "y"})
    assert answer.status == 201
    assert answer.headers == {"Content-Type": "application/json", "x": "y"}
    assert list(answer.steps) == [Step(0.0, '{"a":"é"}'.encode())]
    assert answer.length == 10
