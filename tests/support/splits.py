"""Ways to cut bytes into network reads."""

from collections.abc import Iterator

__all__ = ("every_split",)


def every_split(data: bytes) -> Iterator[list[bytes]]:
    """Give the reads of data whole, cut once at each place, and byte by byte."""
    yield [data]
    for place in range(1, len(data)):
        yield [data[:place], data[place:]]
    yield [data[place : place + 1] for place in range(len(data))]
