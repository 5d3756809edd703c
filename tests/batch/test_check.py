import json

import pytest

from fireworks_async.batch._check import check_batch
from fireworks_async.errors import BatchError
from tests.support.batches import MODEL, FakeSender, line, run, write_lines


@pytest.fixture
def path(tmp_path):
    return tmp_path / "in.jsonl"


def test_a_clean_input_has_no_problems(path):
    write_lines(path, [line("a"), line("b", "other"), line(None, "third")])
    found = check_batch(path)
    assert (found.rows, found.bad, found.problems, found.nameless) == (3, 0, [], 1)
    assert found.models == {MODEL: 3}
    assert found.endpoints == {"/v1/chat/completions": 3}
    assert found.size > 2 * found.largest > 0
    assert next(found.lines()) == "3 rows, 0 of them bad, 0 repeated"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "line 3: the line is no JSON"),
        (json.dumps(line("a", "other")), "line 3: custom_id 'a' is that of line 1"),
        (json.dumps(line("c", temprature=1)), "did you mean 'temperature'"),
        (json.dumps(line("c", messages="x")), "line 3: messages"),
        (json.dumps({"model": "m", "prompt": "x", "temprature": 1}), "temperature"),
        (json.dumps({"model": "m", "input": "x", "dimension": 1}), "'dimensions'"),
        (
            json.dumps({"model": "m", "query": "x", "documents": [], "topn": 1}),
            "'top_n'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(path, bad, said):
    write_lines(path, [line("a"), line("b")])
    path.write_text(path.read_text() + bad + "\n")
    found = check_batch(path)
    assert found.bad == 1
    assert any(said in text for text in found.lines())


def test_endpoints_without_streams_are_checked(path):
    rows = [
        {"model": "m", "input": "x", "dimensions": 3},
        {"model": "m", "query": "x", "documents": ["y"], "top_n": 1},
        {"model": "n", "prompt": "x"},
    ]
    write_lines(path, rows)
    found = check_batch(path)
    assert found.bad == 0
    text = "\n".join(found.lines())
    assert "several models" in text
    assert "several endpoints" in text


def test_only_some_problems_are_shown(path):
    path.write_text("{\n" * 30 + json.dumps(line("a")) + "\n" + json.dumps(line("a")))
    found = check_batch(path)
    assert (found.bad, len(found.problems), found.repeated) == (30, 20, 1)
    assert "and 10 more" in found.lines()


class TestStrict:
    async def test_a_clean_input_is_run(self, tmp_path, path):
        write_lines(path, [line("a"), line("b", "other"), line(None), line(None)])
        assert (await run(tmp_path, FakeSender(), strict=True)).succeeded == 4
        again = await run(tmp_path, FakeSender(), strict=True)
        assert (again.done_before, again.attempts) == (4, 0)

    async def test_a_bad_row_is_refused_before_anything_is_sent(self, tmp_path, path):
        write_lines(path, [line("a"), line("a", "other")])
        sender = FakeSender()
        with pytest.raises(BatchError, match=r"line 2: .* \(1 bad rows in all\)"):
            await run(tmp_path, sender, strict=True)
        assert sender.sent == []

    async def test_a_changed_request_is_refused(self, tmp_path, path):
        write_lines(path, [line("a")])
        await run(tmp_path, FakeSender())
        write_lines(path, [line("b"), line("a", "changed")])
        sender = FakeSender()
        with pytest.raises(BatchError, match="line 2: 'a' is recorded with another"):
            await run(tmp_path, sender, strict=True)
        assert sender.sent == []

    async def test_standard_input_cannot_be_read_twice(self):
        from fireworks_async.batch._check import require_clean
        from fireworks_async.batch._options import Job

        with pytest.raises(BatchError, match="cannot be read twice"):
            require_clean("-", Job(), None)
