"""How many MB/s of event stream does the decoder take, beside those of its peers?

Run ``python benchmarks/bench_sse.py [rounds]``; peers that are not installed are left
out. One JSON line a case; decoders take turns, CPU time, medians of the rounds.
``times_as_fast`` is ours against each peer in the same run: compare these, not MB/s.
``pass`` only walks over the reads: nothing can be faster.

Answer (Python 3.11, a busy 2-core machine, openai 2.54.0, httpx-sse 0.4.3, sseclient-py
1.9.0; events of 260 bytes): against openai's decoder 8 to 9 times as fast on reads of
many events wherever they are cut (0.5 to 0.6 microseconds an event), 17 on tiny events,
1.6 on one event a read, 2.5 on reads of one TCP segment, 1.9 when events have three
fields, 8 to 10 on long lines in pieces, where it is also the only one of the four that
bounds its memory. Against httpx-sse's 5, 12, 1.6, 1.9, 1.2 and 1.5. Fed byte by byte a
call costs more than the byte, and openai's, which is not called but iterates, is 2.7
times as fast.
"""

import codecs
import importlib
import json
import statistics
import sys
import time

from fireworks_async.sse import SSEDecoder

KIB = 1024


def ours(reads):
    decoder = SSEDecoder()
    events = 0
    for read in reads:
        events += len(decoder.feed(read))
    return events + len(decoder.close())


def walk(reads):
    return sum(1 for _ in reads)


def httpx_sse():
    decoders = importlib.import_module("httpx_sse._decoders")

    def count(reads):
        text = codecs.getincrementaldecoder("utf-8")("replace")
        lines, decoder = decoders.SSELineDecoder(), decoders.SSEDecoder()
        events = 0
        for read in reads:
            for line in lines.decode(text.decode(read)):
                events += decoder.decode(line) is not None
        return events

    return count


def openai():
    streaming = importlib.import_module("openai._streaming")
    return lambda reads: sum(1 for _ in streaming.SSEDecoder().iter_bytes(iter(reads)))


def sseclient_py():
    sseclient = importlib.import_module("sseclient")
    return lambda reads: sum(1 for _ in sseclient.SSEClient(reads).events())


def installed_peers():
    peers = {}
    for load in (httpx_sse, openai, sseclient_py):
        try:
            peers[load.__name__] = load()
        except ImportError:
            print(f"{load.__name__} is not installed", file=sys.stderr)
    return peers


def chunk(text, number=0):
    return json.dumps(
        {
            "id": "3e0cd4ca-6b6a-4f0f-a5a8-8b2c2b5f6f11",
            "object": "chat.completion.chunk",
            "created": 1790000000 + number,
            "model": "accounts/fireworks/models/deepseek-v3p1",
            "choices": [
                {"index": 0, "delta": {"content": text}, "finish_reason": None}
            ],
            "usage": None,
        },
        ensure_ascii=False,
    )


def stream(events, text=" word", form="data: {}\n\n"):
    """The events of a stream, each as it is on the wire."""
    return [form.format(chunk(text, n)).encode() for n in range(events)]


def cut(data, size):
    return [data[place : place + size] for place in range(0, len(data), size)]


def cases():
    """Name, the reads, how many events are in them."""
    plain = stream(8192)
    whole = b"".join(plain)
    typed = "event: message\nid: 7\ndata: {}\n\n"
    yield "64 whole events a read", [b"".join(g) for g in batches(plain, 64)], 8192
    yield "one event a read", plain, 8192
    yield "64 KiB reads, cut anywhere", cut(whole, 64 * KIB), 8192
    yield "1460 byte reads, cut anywhere", cut(whole, 1460), 8192
    cjk = b"".join(stream(8192, "\u6771\u4eac"))
    yield "64 KiB reads, not ASCII", cut(cjk, 64 * KIB), 8192
    crlf = b"".join(stream(8192, form="data: {}\r\n\r\n"))
    yield "64 KiB reads, CRLF", cut(crlf, 64 * KIB), 8192
    tight = b"".join(stream(8192, form="data:{}\n\n"))
    yield "64 KiB reads, no space", cut(tight, 64 * KIB), 8192
    full = b"".join(stream(8192, form=typed))
    yield "64 KiB reads, event and id", cut(full, 64 * KIB), 8192
    yield "100,000 tiny events in one read", [b"data: a\n\n" * 100_000], 100_000
    yield "byte by byte", cut(b"".join(plain[:512]), 1), 512
    line = b"data: " + b"x" * (1024 * KIB) + b"\n\n"
    yield "a line of 1 MiB in 1 KiB reads", cut(line, KIB), 1
    line = b"data: " + b"x" * (10 * 1024 * KIB) + b"\n\n"
    yield "a line of 10 MiB in 64 KiB reads", cut(line, 64 * KIB), 1


def batches(items, size):
    return [items[place : place + size] for place in range(0, len(items), size)]


def cpu_seconds(decode, reads, events):
    start = time.process_time()
    got = decode(reads)
    seconds = time.process_time() - start
    if got != events:
        raise SystemExit(f"{decode} gave {got} events and not {events}")
    return seconds


def main(rounds):
    decoders = {"fireworks_async": ours, **installed_peers()}
    for name, reads, events in cases():
        size = sum(map(len, reads))
        took = {decoder: [] for decoder in [*decoders, "pass"]}
        for _ in range(rounds):
            for decoder, decode in decoders.items():
                took[decoder].append(cpu_seconds(decode, reads, events))
            took["pass"].append(cpu_seconds(walk, reads, len(reads)))
        seconds = {decoder: statistics.median(took[decoder]) for decoder in took}
        mine = seconds["fireworks_async"]
        result = {
            "case": name,
            "bytes": size,
            "events": events,
            "microseconds_per_event": round(mine / events * 1e6, 2),
            "mb_per_s": {d: round(size / s / 1e6, 1) for d, s in seconds.items()},
            "times_as_fast": {
                d: round(s / mine, 3) for d, s in seconds.items() if s is not mine
            },
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
