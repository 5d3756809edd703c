import json


def names(ran):
    assert (ran.code, ran.err) == (0, "")
    return [row.split()[0].rpartition("/")[2] for row in ran.out.splitlines()[1:]]


def test_a_table_in_order(run):
    ran = run("models", "--simulate")
    heading = ran.out.splitlines()[0].split()
    assert heading == ["model", "kind", "context", "tools", "images"]
    found = names(ran)
    assert found == sorted(found)
    assert "kimi-k2p6" in found
    [row] = [row for row in ran.out.splitlines() if "embedding" in row]
    assert row.split()[1:] == ["EMBEDDING_MODEL", "40960", "no", "no"]


def test_filters(run):
    assert names(run("models", "--simulate", "KIMI")) == ["kimi-k2p6"]
    assert names(run("models", "--simulate", "qwen3", "8b", "--tools")) == ["qwen3-8b"]
    assert names(run("models", "--simulate", "--kind", "embedding")) == [
        "qwen3-embedding-8b"
    ]
    assert "qwen3-embedding-8b" not in names(
        run("models", "--simulate", "--min-context", "100000")
    )


def test_a_list_without_models_is_told_of(run):
    for words in (["no-such-model"], ["--images"]):
        ran = run("models", "--simulate", *words)
        assert (ran.code, ran.error) == (0, "no model matches")
    assert run("models", "--simulate", "no-such-model", "--json").out == ""


def test_objects(run):
    ran = run("models", "--simulate", "--json", "kimi")
    assert json.loads(ran.out)["context_length"] == 131_072


def test_without_a_key_there_is_no_list(run, fireworks_simulator):
    ran = run("models", "--base-url", fireworks_simulator.base_url)
    assert ran.code == 2
    assert "no API key" in ran.error
