"""Runs of one job, one after the other, with options drawn at random, against a model.

The model is told what was sent and what was answered, and reads the files: what was paid
for is there, once, and is not sent again.
"""

import asyncio
import json
import random
from collections import Counter

import pytest

from fireworks_async.batch import _sources
from fireworks_async.batch._causes import Selector
from fireworks_async.batch._rows import Row, RowReader
from fireworks_async.batch._run import BatchControl
from fireworks_async.batch._senders import Attempt
from tests.support.batches import (
    completion,
    line,
    read_lines,
    refused,
    run,
    write_lines,
)

ROWS = 60
PLACES = 6


class Sender:
    """Answers most rows with their own words, and may stop the run.

    Attributes:
        sent: Names with texts, how often.
        paid: Those that were answered.
    """

    def __init__(self, chance, control, stop_after):
        self.sent = Counter()
        self.paid = set()
        self._chance = chance
        self._control = control
        self._stop_after = stop_after

    async def send(self, row, *, affinity=None):
        text = row.body["messages"][0]["content"]
        self.sent[row.custom_id, text] += 1
        if self.sent.total() == self._stop_after:
            self._control.stop()
        await asyncio.sleep(0)
        if self._chance.random() < 0.15:
            return refused(400)
        self.paid.add((row.custom_id, text))
        whole = completion(text)
        return Attempt(response=whole, usage=whole.usage, e2e=0.2)


def lines_of(chance, version):
    """Rows: some without a name, some twice, some bad, some of a name that is taken."""
    lines = []
    for number in range(ROWS):
        name, kind = f"r{number}", chance.random()
        if kind < 0.2:
            lines.append(line(None, f"text {chance.randint(0, 4)}"))
        elif kind < 0.25:
            lines.append({"custom_id": name, "body": {}})
        elif kind < 0.3:
            lines.append({"body": {}})
        else:
            text = f"{number} {version}" if kind < 0.35 else f"{number // 2}"
            lines += [line(name, text)] * (1 + (kind > 0.9))
        if chance.random() < 0.05:
            lines.append(line(name, "another"))
    chance.shuffle(lines)
    return lines


def rows_of(lines):
    """By name: digest and text; None as the text of bad ones. And the nameless bad."""
    rows, copies, bad = {}, Counter(), 0
    for number, each in enumerate(lines, start=1):
        read = RowReader().read(number, json.dumps(each).encode())
        digest, name = read.digest.hex(), read.custom_id
        if isinstance(read, Row) and not name:
            copies[digest] += 1
            suffix = f"-{copies[digest]}" if copies[digest] > 1 else ""
            name = digest[:24] + suffix
        text = each["body"]["messages"][0]["content"] if isinstance(read, Row) else None
        if not name or rows.get(name, (digest,))[0] != digest:
            bad += 1
        else:
            rows[name] = digest, text
    return rows, bad


def recorded(folder):
    """By name: whether it was answered, digest, cause, answer. And the nameless."""
    every = read_lines(folder / "out.jsonl") + read_lines(folder / "out.errors.jsonl")
    named = {
        each["custom_id"]: (
            each["error"] is None,
            each["batch"]["digest"],
            (each["error"] or {}).get("code"),
            _said(each),
        )
        for each in every
        if each["custom_id"] is not None
    }
    nameless = sum(each["custom_id"] is None for each in every)
    assert len(named) + nameless == len(every), "a name is there twice"
    return named, nameless


def _said(record):
    if record["error"] is not None:
        return None
    return record["response"]["body"]["choices"][0]["message"]["content"]


def options_of(chance):
    options = {"max_retries": 0, "ordered": chance.random() < 0.5}
    if chance.random() < 0.3:
        options["retry"] = Selector(["4xx"])
    options["only_failed"] = chance.random() < 0.2
    options["prefix_order"] = chance.random() < 0.2
    options["dedupe"] = chance.random() < 0.3
    return options


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_paid_for_is_there_once(tmp_path, monkeypatch, seed):
    # Rows come in many chunks, while others are recorded.
    monkeypatch.setattr(_sources, "_BLOCK", 500)
    chance = random.Random(seed)
    before = {}
    for version in range(4):
        # The same rows each time, but for those whose text has the version in it.
        lines = lines_of(random.Random(seed), version // 2)
        write_lines(tmp_path / "in.jsonl", lines)
        rows, bad = rows_of(lines)
        options = options_of(chance)
        stop_after = chance.choice([0, 0, 20])
        control = BatchControl()
        sender = Sender(chance, control, stop_after)
        summary = await run(tmp_path, sender, places=PLACES, control=control, **options)
        after, nameless = recorded(tmp_path)

        again = options["only_failed"] or "retry" in options
        for name, text in sender.sent:
            digest, wanted = rows[name]
            assert text == wanted
            was_done, known, cause, _ = before.get(name, (False, "", "cancelled", None))
            assert not (was_done and known == digest), "paid twice"
            assert known != digest or again or cause == "cancelled", "failed, and sent"
        assert max(sender.sent.values(), default=1) == 1
        for name, text in sender.paid:
            assert after[name] == (True, rows[name][0], None, text), "paid, and lost"
        for name, entry in before.items():
            assert name in after
            if entry[0] and rows[name][0] == entry[1]:
                assert after[name] == entry, "lost"
        answers = sum(is_done for is_done, *_ in after.values())
        assert summary.recorded == answers
        if summary.stopped is None and not options["only_failed"]:
            assert {name: entry[1] for name, entry in after.items()} == {
                name: digest for name, (digest, _) in rows.items()
            }
        if summary.stopped is None and version == 0:
            assert nameless == bad
        before = after
