"""What the processes of one load test say to each other, and how it is framed."""

import asyncio
import struct
from typing import Protocol

import msgspec

from fireworks_async.loadtest._engine import Job, Outcome
from fireworks_async.loadtest._progress import Tally

__all__ = (
    "Done",
    "Failed",
    "Message",
    "Ready",
    "Start",
    "Stop",
    "Tick",
    "read_message",
    "write_message",
)


class Ready(msgspec.Struct, tag=True, frozen=True):
    """The worker has read its job and can begin at once."""


class Start(msgspec.Struct, tag=True, frozen=True):
    """Begin.

    Attributes:
        origin: The moment, on the clock that all processes of a machine share.
    """

    origin: float


class Stop(msgspec.Struct, tag=True, frozen=True):
    """Start nothing more."""


class Tick(msgspec.Struct, tag=True, frozen=True):
    """How the worker is doing."""

    tally: Tally


class Done(msgspec.Struct, tag=True, frozen=True):
    """The worker's part of the run is over."""

    outcome: Outcome


class Failed(msgspec.Struct, tag=True, frozen=True):
    """The worker cannot go on."""

    message: str


Message = Job | Ready | Start | Stop | Tick | Done | Failed

_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_length = struct.Struct(">Q")


class Writer(Protocol):
    """What bytes can be written to."""

    def write(self, data: bytes, /) -> object:
        """Write all of them."""
        ...


def write_message(writer: Writer, message: Message) -> None:
    """Write a message, with its length before it."""
    data = _encode(message)
    writer.write(_length.pack(len(data)) + data)


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """Read the next message; None when there is none, or half of one."""
    try:
        (size,) = _length.unpack(await reader.readexactly(_length.size))
        return _decoder.decode(await reader.readexactly(size))
    except asyncio.IncompleteReadError:
        return None
