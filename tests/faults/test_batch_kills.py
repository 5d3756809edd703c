"""A batch whose process is killed, again and again, at any moment."""

import asyncio
import contextlib
import gzip
import json
import os
import random
import signal
import sys
from collections import Counter

import pytest

from fireworks_async.simulator import Simulator
from tests.support.batch_zygote import KILLED
from tests.support.batches import ids, line, read_lines, until, write_lines
from tests.support.package import ROOT

PLACES = 8


class Zygote:
    """The process that is forked for each run."""

    async def __aenter__(self):
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.batch_zygote"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *exc):
        self._process.stdin.close()
        await self._process.wait()

    async def start(
        self,
        folder,
        url,
        *,
        output="out.jsonl",
        at=0,
        largest=0,
        ordered=False,
        retry=(),
        places=PLACES,
    ):
        command = {
            "folder": str(folder),
            "url": url,
            "output": output,
            "at": at,
            "largest": largest,
            "ordered": ordered,
            "retry": retry,
            "concurrency": places,
        }
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        return int(await self._process.stdout.readline())

    async def status(self):
        return int(await self._process.stdout.readline())


@pytest.fixture
async def zygote():
    async with Zygote() as zygote:
        yield zygote


def write_job(folder, count):
    """Rows, of which some are refused by the server."""
    folder.mkdir()
    write_lines(
        folder / "in.jsonl",
        [
            line(f"r{n}", f"row r{n}", temperature=9 if n % 13 == 5 else 1)
            for n in range(count)
        ],
    )


def asked(simulator):
    """How often each row was asked for."""
    return Counter(
        request.body["messages"][0]["content"].removeprefix("row ")
        for request in simulator.requests
    )


def recorded(folder):
    """Whole lines in both files, however the last one ends."""
    count = 0
    for name in ("out.jsonl", "out.errors.jsonl"):
        with contextlib.suppress(FileNotFoundError):
            for each in (folder / name).read_bytes().splitlines():
                with contextlib.suppress(ValueError):
                    count += "custom_id" in json.loads(each)
    return count


def assert_whole(folder, count):
    answers, failures = ids(folder / "out.jsonl"), ids(folder / "out.errors.jsonl")
    assert sorted(answers + failures) == sorted(f"r{n}" for n in range(count))
    assert len(failures) == sum(n % 13 == 5 for n in range(count))
    names = {each.name for each in folder.iterdir()}
    assert names <= {"in.jsonl", "out.jsonl", "out.errors.jsonl"}


async def killed_in_flight(tmp_path, zygote, kills, seed, rows=50):
    """Kill runs at random events of the server; gives the requests sent in vain."""
    dice = random.Random(seed)
    lost = again = job = 0
    while kills:
        job += 1
        folder = tmp_path / f"{seed}-{job}"
        write_job(folder, rows)
        async with Simulator(tokens=3, ttft=0.002, gap=0.001) as simulator:
            while True:
                before, sent = recorded(folder), len(simulator.requests)
                pid = await zygote.start(folder, simulator.base_url)
                done = asyncio.ensure_future(zygote.status())
                target = sent + dice.randrange(0, 25)
                await until(
                    lambda target=target, done=done, simulator=simulator: (
                        len(simulator.requests) >= target or done.done()
                    )
                )
                await asyncio.sleep(dice.random() * 0.006)
                if kills and not done.done():
                    os.kill(pid, signal.SIGKILL)
                if await done == 0:
                    break
                kills -= 1
                # What the server is still reading when its client dies counts too.
                await asyncio.sleep(0.002)
                in_vain = len(simulator.requests) - sent
                in_vain -= recorded(folder) - before
                assert 0 <= in_vain <= PLACES
                lost += in_vain
            assert_whole(folder, rows)
            again += len(simulator.requests) - rows
    assert again <= lost
    return lost, again


def unpack(folder):
    """Let packed files be what they would be plain."""
    for path in folder.glob("out*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


async def killed_in_each_call(tmp_path, zygote, output):
    """Let runs die in the n-th change of a file; gives how many changes there are."""
    at = 1
    while True:
        folder = tmp_path / f"at-{at}"
        write_job(folder, 20)
        async with Simulator(tokens=2) as simulator:
            url = simulator.base_url
            # So that there is something to be put in order.
            await zygote.start(folder, url, output=output, places=2)
            assert await zygote.status() == 0
            lines = read_lines(folder / "in.jsonl")
            for each in lines[:4]:
                each["body"]["max_tokens"] = 3
            write_lines(folder / "in.jsonl", lines)
            options = {"ordered": True, "retry": ["refused"], "places": 2}
            options["output"] = output
            await zygote.start(folder, url, at=at, **options)
            status = await zygote.status()
            assert status in (0, KILLED)
            await zygote.start(folder, url, **options)
            assert await zygote.status() == 0
            unpack(folder)
            assert_whole(folder, 20)
            numbers = [
                each["batch"]["line"] for each in read_lines(folder / "out.jsonl")
            ]
            assert numbers == sorted(numbers)
            counts = asked(simulator)
            # Two places: what was in flight at the death, once more, and the refused.
            extra = sum(counts.values()) - 20 - 4
            assert extra <= 2 + 2 * 2, at
        if status == 0:
            return at
        at += 1


async def test_a_killed_run_is_gone_on_with(tmp_path, zygote):
    await killed_in_flight(tmp_path, zygote, 6, seed=1, rows=30)


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_after_200_kills_every_row_is_there_once(tmp_path, zygote, capsys):
    lost, again = await killed_in_flight(tmp_path, zygote, 200, seed=2)
    with capsys.disabled():
        sys.stdout.write(f"\n200 kills: {lost} in flight, {again} sent again\n")
    assert lost


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("output", ["out.jsonl", "out.jsonl.gz"])
async def test_no_change_of_a_file_is_a_bad_moment_to_die(
    tmp_path, zygote, capsys, output
):
    calls = await killed_in_each_call(tmp_path, zygote, output)
    with capsys.disabled():
        sys.stdout.write(f"\ndied in each of {calls - 1} changes of files\n")
    assert calls > 15


@pytest.mark.slow
async def test_a_full_disk_ends_the_run_and_the_next_goes_on(tmp_path, zygote):
    folder = tmp_path / "job"
    write_job(folder, 20)
    async with Simulator(tokens=2) as simulator:
        for kilobytes in (2, 6):
            largest = kilobytes * 1024 + 100
            await zygote.start(folder, simulator.base_url, largest=largest)
            assert await zygote.status() == 1
            data = (folder / "out.jsonl").read_bytes()
            assert 0 < len(data) <= largest
            assert data.endswith(b"\n")
        await zygote.start(folder, simulator.base_url)
        assert await zygote.status() == 0
        assert len(simulator.requests) <= 20 + 2 * PLACES
    assert_whole(folder, 20)
