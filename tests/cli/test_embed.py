import json


def test_a_line_for_each_text(run):
    ran = run("embed", "--simulate", "--dimensions", "4", "--normalize", "one", "two")
    assert ran.code == 0
    vectors = [json.loads(line) for line in ran.out.splitlines()]
    assert [len(vector) for vector in vectors] == [4, 4]
    assert ran.error == "2 vectors of 4 · 2 tokens"


def test_objects_and_standard_input(run, stdin):
    stdin("ä\n\nb\n".encode())
    ran = run("embed", "--simulate", "--json")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["index"] for row in rows] == [0, 1]


def test_a_model_is_needed_elsewhere(run):
    ran = run("embed", "text", "--api-key", "fw_test")
    assert (ran.code, ran.out) == (2, "")
    assert "no model" in ran.error


def test_what_goes_out(run, fireworks_simulator):
    ran = run(
        *("embed", "text", "--api-key", "fw_test", "--model", "accounts/x"),
        *("--base-url", fireworks_simulator.base_url, "--dimensions", "1"),
    )
    assert ran.code == 0
    [request] = fireworks_simulator.requests
    assert request.body == {"model": "accounts/x", "input": ["text"], "dimensions": 1}
