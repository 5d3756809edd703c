"""Runs batches in forks of one process that has everything imported, to be killed.

Commands come as lines of JSON on standard input: ``{"folder", "url", "output", "at",
"ordered", "retry", "concurrency", "largest"}``. For each, the pid of the fork is printed, and later its exit status. With
``at``, the fork dies at that call of those that change a file, in the middle of it;
with ``largest``, its files cannot grow beyond so many bytes.
"""

import asyncio
import json
import os
import resource
import sys

from fireworks_async import AsyncFireworks
from fireworks_async.batch import run_batch

KILLED = 137
CALLS = ("write", "fsync", "ftruncate", "replace", "unlink")


def die_at(count):
    """Let the process die in its ``count``-th change of a file."""
    left = count

    def dying(name, real):
        def call(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                if name == "write":
                    # A torn record.
                    real(args[0], args[1][: len(args[1]) // 2])
                os._exit(KILLED)
            return real(*args, **kwargs)

        return call

    for name in CALLS:
        setattr(os, name, dying(name, getattr(os, name)))


async def run(command):
    folder = command["folder"]
    async with AsyncFireworks(base_url=command["url"], api_key="fw_test") as client:
        await run_batch(
            f"{folder}/in.jsonl",
            f"{folder}/{command['output']}",
            client=client,
            concurrency=command["concurrency"],
            ordered=command["ordered"],
            retry=command["retry"],
        )


def say(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main():
    for line in sys.stdin:
        command = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                if command["at"]:
                    die_at(command["at"])
                if command["largest"]:
                    limits = (command["largest"], command["largest"])
                    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
                asyncio.run(run(command))
            except BaseException as error:  # noqa: BLE001 - the parent tells it
                sys.stderr.write(f"{error!r}\n")
                sys.stderr.flush()
                os._exit(1)
            os._exit(0)
        say(pid)
        _, status = os.waitpid(pid, 0)
        say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
