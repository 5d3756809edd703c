import json

from tests.support.batches import ids, line, write_lines


def test_a_summary_can_be_json(run, tmp_path):
    write_lines(tmp_path / "in.jsonl", [line("a")])
    part = str(tmp_path / "part.jsonl")
    run("batch", str(tmp_path / "in.jsonl"), part, "--simulate")
    ran = run("merge", str(tmp_path / "all.jsonl"), part, part, "--json")
    assert ran.code == 1
    assert ran.error == f"error: {part}: named twice"
    ran = run("merge", str(tmp_path / "all.jsonl"), part, "--json")
    assert json.loads(ran.out)["recorded"] == 1
    assert ids(tmp_path / "all.jsonl") == ["a"]


def test_a_cost_that_nobody_knew_is_not_told_as_none(run, tmp_path):
    write_lines(tmp_path / "in.jsonl", [line("a", model="someones-own")])
    part = str(tmp_path / "part.jsonl")
    run("batch", str(tmp_path / "in.jsonl"), part, "--simulate")
    ran = run("merge", str(tmp_path / "all.jsonl"), part)
    assert ran.out == "1 answers and 0 failures, 0 repeated\n"


def test_nothing_is_overwritten(run, tmp_path):
    taken = tmp_path / "all.jsonl"
    taken.write_text("mine")
    ran = run("merge", str(taken), str(tmp_path / "part.jsonl"))
    assert ran.code == 1
    assert "exists" in ran.error
    assert taken.read_text() == "mine"
