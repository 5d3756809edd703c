import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from fireworks_async.proxy._database import open_database
from fireworks_async.proxy._ledger import Entry, Ledger, read_totals


def totals(path):
    with closing(open_database(path)) as connection:
        return {(each.key, each.model): each for each in read_totals(connection)}


def test_entries_are_added_up_by_key_and_model(tmp_path):
    path = tmp_path / "g.db"
    ledger = Ledger(path)
    ledger.record(Entry("k", "a", 10, 4, 5, 0.5))
    ledger.record(Entry("k", "a", 1, 0, 1, None))
    ledger.record(Entry("k", "b", 7, 0, 2, 0.25))
    ledger.stop()
    a, b = totals(path)["k", "a"], totals(path)["k", "b"]
    assert (a.requests, a.unpriced, a.prompt_tokens) == (2, 1, 11)
    assert (a.cached_tokens, a.completion_tokens, a.usd) == (4, 6, 0.5)
    assert (b.requests, b.usd) == (1, 0.25)
    assert list((tmp_path / "g.db.spend").iterdir()) == []


def test_each_counts_once_however_often_it_is_looked_at(tmp_path):
    path = tmp_path / "g.db"
    ledger, rounds = Ledger(path), []
    seen = threading.Event()
    ledger.start(lambda: None, lambda _: (rounds.append(1), seen.set()))
    for _ in range(300):
        ledger.record(Entry("k", "a", 1, 0, 1, 1.0))
    assert seen.wait(5)
    for _ in range(300):
        ledger.record(Entry("k", "a", 1, 0, 1, 1.0))
    ledger.stop()
    assert rounds
    assert totals(path)["k", "a"].requests == 600


def test_what_a_dead_process_left_is_taken_over(tmp_path):
    path = tmp_path / "g.db"
    left = Ledger(path)
    left.record(Entry("k", "a", 1, 0, 1, 1.0))
    # As the kernel does at the end of a process.
    left._journal.close()
    taken = Ledger(path)
    done = threading.Event()
    taken.start(lambda: None, lambda _: done.set())
    assert done.wait(5)
    assert totals(path)["k", "a"].requests == 1
    taken.stop()
    assert totals(path)["k", "a"].requests == 1


WRITER = """
import sys, threading
from pathlib import Path
from fireworks_async.proxy import _ledger
from fireworks_async.proxy._ledger import Entry, Ledger
_ledger._INTERVAL = 0.001
ledger = Ledger(Path(sys.argv[1]))
ledger.start(lambda: None, lambda _: None)
while True:
    ledger.record(Entry("k", "a", 3, 1, 2, 0.5))
    sys.stdout.write(".")
    sys.stdout.flush()
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_nothing_and_counts_nothing_twice(tmp_path):
    """What the process had said before it was killed is there; no more than one more."""
    path = tmp_path / "g.db"
    dice = random.Random(7)
    said = rounds = 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
        )
        said += len(process.stdout.read(dice.randrange(1, 3000)))
        os.kill(process.pid, signal.SIGKILL)
        said += len(process.stdout.read())
        process.wait()
        process.stdout.close()
        rounds += 1
    last = Ledger(path)
    done = threading.Event()
    last.start(lambda: None, lambda _: done.set())
    assert done.wait(10)
    last.stop()
    found = totals(path)["k", "a"]
    assert said <= found.requests <= said + rounds
    assert found.prompt_tokens == 3 * found.requests
    assert found.usd == 0.5 * found.requests
