import json


def test_the_best_come_first(run):
    ran = run("rerank", "--simulate", "capital of France", "dogs", "capital of\nFrance")
    assert (ran.code, ran.err) == (0, "")
    scores, texts = zip(*(row.split("  ") for row in ran.out.splitlines()), strict=True)
    assert texts == ("capital of France", "dogs")
    assert float(scores[0]) > float(scores[1])


def test_objects_have_the_documents(run, stdin):
    stdin(b"a\nb\nc\n")
    ran = run("rerank", "--simulate", "--json", "--top-n", "1", "--task", "t", "c")
    row = json.loads(ran.out)
    assert (row["index"], row["document"]) == (2, "c")


def test_nothing_to_score(run, stdin):
    ran = run("rerank", "--simulate", "query")
    assert (ran.code, ran.error) == (2, "error: no document was piped in")


def test_an_empty_query_is_usage(run):
    ran = run("rerank", "--simulate", "", "a")
    assert (ran.code, ran.error) == (2, "error: query: the text is empty")
