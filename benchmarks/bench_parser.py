"""What does a chunk cost from bytes to typed chunk, by the number of events in a read?

Run ``python benchmarks/bench_parser.py [rounds]``. One JSON line a case: CPU
nanoseconds per event, medians of the rounds, forms taking turns. ``loop`` is the inside
of the hand-tuned client in ``compare/``: a split, and one typed decode per event into
structs narrower than ours. ``cut`` reads end in the middle of an event; ``slow`` is
ours on the same events with an ``event:`` line, which the fast way does not take.

Answer (CPython 3.11, 2 cores): 1.1 to 1.25 us in reads of 16 and more, 1.4 to 1.6 times
the hand-tuned loop (0.8 us), for chunks that hold every documented field. Cut reads cost
little more, but where an event comes in two pieces, 4.7 us. The slow way costs 2.3 to
2.5 times as much. Tried and dropped: counting the line breaks of a read, to tell those
between events from others (one character is counted byte by byte: 0.2 us an event).
"""

import json
import statistics
import sys
import time

import msgspec

from fireworks_async._protocol.dialects import CHAT
from fireworks_async._protocol.parser import StreamParser

EVENTS = 2048
SIZES = (1, 4, 16, 64, 256)


def payload(text):
    return json.dumps(
        {
            "id": "chatcmpl-7f3c2a90b1d84e5f9a6c0d1e2f3a4b5c",
            "object": "chat.completion.chunk",
            "created": 1763770000,
            "model": "accounts/fireworks/models/llama-v3p3-70b-instruct",
            "choices": [
                {"index": 0, "delta": {"content": text}, "finish_reason": None}
            ],
            "usage": None,
        },
        separators=(",", ":"),
    ).encode()


EVENT = b"data: %b\n\n" % payload("word")


class Delta(msgspec.Struct, gc=False):
    """Only what the loop reads."""

    content: str | None = None


class Choice(msgspec.Struct, gc=False):
    """Only what the loop reads."""

    delta: Delta
    finish_reason: str | None = None


class Chunk(msgspec.Struct, gc=False):
    """Only what the loop reads."""

    choices: list[Choice]
    usage: dict[str, object] | None = None


decode = msgspec.json.Decoder(Chunk).decode


def loop(reads):
    texts = []
    remainder = b""
    for data in reads:
        lines = (remainder + data if remainder else data).split(b"\n")
        remainder = lines.pop()
        texts += [decode(line[6:]).choices[0].delta.content for line in lines if line]
    return texts


def ours(reads):
    parser = StreamParser(CHAT, request_id=None, headers={})
    texts = []
    for data in reads:
        texts += [chunk.content for chunk in parser.feed(data)]
    assert parser.failure is None
    return texts


def whole(size):
    return [EVENT * size] * (EVENTS // size)


def cut(size):
    length = len(EVENT) * size
    body = EVENT * EVENTS
    starts = range(length // 2, len(body), length)
    return [body[: length // 2], *(body[start : start + length] for start in starts)]


def slow(size):
    return [(b"event: message\n" + EVENT) * size] * (EVENTS // size)


CASES = {
    "ours": (ours, whole),
    "loop": (loop, whole),
    "ours, cut": (ours, cut),
    "loop, cut": (loop, cut),
    "ours, slow": (ours, slow),
}


def nanoseconds(form, reads):
    start = time.process_time_ns()
    texts = form(reads)
    cost = (time.process_time_ns() - start) / EVENTS
    assert texts == ["word"] * EVENTS
    return cost


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    reads = {
        (name, size): make(size) for size in SIZES for name, (_, make) in CASES.items()
    }
    costs = {case: [] for case in reads}
    for _ in range(rounds):
        for case, its_reads in reads.items():
            form, _ = CASES[case[0]]
            costs[case].append(nanoseconds(form, its_reads))
    for (name, size), its_costs in costs.items():
        case = {"form": name, "events_per_read": size}
        print(json.dumps(case | {"ns_per_event": round(statistics.median(its_costs))}))


if __name__ == "__main__":
    main()
