import os
import signal
import subprocess
import sys

import pytest

from fireworks_async.proxy._journal import Journal, abandoned, records_in


def test_records_come_back_in_order_and_once(tmp_path):
    journal = Journal(tmp_path)
    journal.append(b"one")
    records, end = records_in(journal.path, 0)
    assert records == [b"one"]
    journal.append(b"two")
    assert records_in(journal.path, end)[0] == [b"two"]
    journal.close()


def test_a_full_segment_is_followed_by_another(tmp_path):
    journal = Journal(tmp_path, size=64)
    for number in range(10):
        journal.append(b"record %d" % number)
    segments = [*journal.full, journal.path]
    assert len(segments) > 1
    found = [record for path in segments for record in records_in(path, 0)[0]]
    assert found == [b"record %d" % number for number in range(10)]
    journal.close()


def test_one_that_is_written_is_not_abandoned(tmp_path):
    journal = Journal(tmp_path)
    assert abandoned(tmp_path) == []
    journal.close()
    assert abandoned(tmp_path) == journal.full


@pytest.mark.parametrize("torn", [b"\x05\x00\x00\x00ab", b"\xff\xff\xff\xffx", b"\x01"])
def test_a_torn_record_is_none(tmp_path, torn):
    path = tmp_path / "x.journal"
    path.write_bytes(b"\x03\x00\x00\x00one" + torn)
    assert records_in(path, 0) == ([b"one"], 7)


def test_nothing_is_lost_when_the_process_is_killed(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from fireworks_async.proxy._journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "number = 0\n"
        "while True:\n"
        "    journal.append(b'%d' % number)\n"
        "    number += 1\n"
        "    sys.stdout.write(f'{number}\\n'); sys.stdout.flush()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE
    )
    for _ in range(50):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    said = 50 + process.stdout.read().count(b"\n")
    process.wait()
    process.stdout.close()
    records = [r for path in abandoned(tmp_path) for r in records_in(path, 0)[0]]
    assert len(records) >= said
    assert sorted(map(int, records)) == list(range(len(records)))
