import asyncio

import pytest

from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._engine import Job, Outcome, Target
from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._messages import (
    Done,
    Failed,
    Ready,
    Start,
    Stop,
    Tick,
    read_message,
    write_message,
)
from fireworks_async.loadtest._progress import Tally
from fireworks_async.loadtest._runner import Limits
from fireworks_async.loadtest._workload import Item, Part, Workload
from tests.support.loads import health, record

JOB = Job(
    target=Target(model="m", api_key="fw_secret"),
    load=Load(concurrency=3),
    workload=Workload(
        parts=(Part(input=Lengths("fixed", 4), output=None),),
        items=(Item(text="a", params={"a": [1]}),),
    ),
    limits=Limits(requests=5, stripe=(1, 2)),
)
MESSAGES = [
    JOB,
    Ready(),
    Start(1.5),
    Stop(),
    Tick(Tally(started=3, ttfts=[0.1])),
    Done(Outcome([record(1), record(2, error="429")], health())),
    Failed("no"),
]


class Kept(bytearray):
    write = bytearray.extend


async def read_all(data):
    reader = asyncio.StreamReader()
    reader.feed_data(bytes(data))
    reader.feed_eof()
    while (message := await read_message(reader)) is not None:
        yield message


async def test_messages_come_as_they_went():
    kept = Kept()
    for message in MESSAGES:
        write_message(kept, message)
    assert [message async for message in read_all(kept)] == MESSAGES


@pytest.mark.parametrize("cut", [3, 12])
async def test_half_a_message_is_none(cut):
    kept = Kept()
    write_message(kept, JOB)
    assert [message async for message in read_all(kept[:cut])] == []


def test_the_key_is_not_shown():
    assert "fw_secret" not in repr(JOB)
