from collections import deque

from fireworks_async import AsyncFireworks
from fireworks_async.batch import run_batch
from fireworks_async.batch._prefixes import PrefixIntake
from fireworks_async.simulator import Simulator
from tests.support.batches import line, row, write_lines


class FakeIntake:
    def __init__(self, rows):
        self.rows = deque(rows)

    @property
    def wants_more(self):
        return False

    @property
    def is_empty(self):
        return not self.rows

    async def more(self):
        return False

    def take(self):
        return self.rows.popleft() if self.rows else None


def prompt(letter, number):
    return letter * 2000 + f" question {number:03}"


def rows(*letters, each=4):
    """Rows of several beginnings, mixed."""
    texts = [(letter, n) for n in range(each) for letter in letters]
    return [
        row(f"{letter}{n}", number, prompt(letter, n))
        for number, (letter, n) in enumerate(texts, start=1)
    ]


def taken(intake):
    found = []
    while (each := intake.take()) is not None:
        found.append(each)
    return found


def names(each):
    return [row.custom_id for row in each]


def test_the_first_of_each_beginning_goes_ahead():
    intake = PrefixIntake(FakeIntake(rows("a", "b")))
    first = taken(intake)
    assert names(first) == ["a0", "b0"]
    assert not intake.is_empty
    intake.settled(first[1])
    assert names(taken(intake)) == ["b1", "b2", "b3"]
    intake.settled(first[0])
    assert names(taken(intake)) == ["a1", "a2", "a3"]
    assert intake.is_empty


def test_rows_of_one_beginning_follow_by_their_text():
    given = [row(str(n), n + 1, prompt("a", 50 - n)) for n in range(5)]
    intake = PrefixIntake(FakeIntake(given))
    (first,) = taken(intake)
    assert first.custom_id == "4"
    intake.settled(first)
    assert names(taken(intake)) == ["3", "2", "1", "0"]


def test_a_beginning_that_has_gone_ahead_is_remembered():
    source = FakeIntake(rows("a", each=1))
    intake = PrefixIntake(source)
    (first,) = taken(intake)
    intake.settled(first)
    source.rows.extend(row(f"n{n}", 9 + n, prompt("a", n)) for n in range(3))
    assert names(taken(intake)) == ["n0", "n1", "n2"]


def test_rows_that_have_nothing_in_common_do_not_wait():
    given = [row(str(n), n + 1, f"{n}") for n in range(20)]
    assert len(taken(PrefixIntake(FakeIntake(given)))) == 20


def test_only_a_window_of_rows_is_held(monkeypatch):
    monkeypatch.setattr("fireworks_async.batch._prefixes._WINDOW", 8)
    source = FakeIntake(rows("a", each=100))
    PrefixIntake(source).take()
    assert len(source.rows) == 92


def test_rows_of_one_beginning_have_one_word(monkeypatch):
    intake = PrefixIntake(FakeIntake(rows("a", "b")))
    first = taken(intake)
    words = [intake.affinity(each) for each in first]
    assert len(set(words)) == 2
    intake.settled(first[0])
    assert {intake.affinity(each) for each in taken(intake)} == {words[0]}
    assert intake.affinity(first[0]) is None


def test_a_large_group_is_left_to_all_replicas(monkeypatch):
    monkeypatch.setattr("fireworks_async.batch._prefixes._WINDOW", 8)
    intake = PrefixIntake(FakeIntake(rows("a", each=100)))
    (first,) = taken(intake)
    assert intake.affinity(first) is None
    intake.settled(row("other", 77))
    assert taken(intake) == []


async def cached_share(tmp_path, **options):
    """The share of prompt tokens that the caches of several replicas held."""
    async with (
        Simulator(tokens=1, replicas=4) as simulator,
        AsyncFireworks(base_url=simulator.base_url, api_key="fw_test") as client,
    ):
        summary = await run_batch(
            tmp_path / "in.jsonl",
            tmp_path / f"out{len(options)}.jsonl",
            client=client,
            concurrency=16,
            **options,
        )
    return summary.cached_tokens / summary.prompt_tokens


async def test_more_of_the_prompts_is_found_in_the_cache(tmp_path):
    lines = [
        line(f"{letter}{n}", f"{letter * 5} " * 400 + f"question {n}", max_tokens=1)
        for n in range(3)
        for letter in "abcdefg"
    ]
    write_lines(tmp_path / "in.jsonl", lines)
    before = await cached_share(tmp_path)
    after = await cached_share(tmp_path, prefix_order=True)
    assert after > before + 0.1
