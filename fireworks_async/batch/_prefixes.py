"""Rows that begin alike, one after the other, so that the prompt cache is of use.

Within a window of rows. Of each group the first goes alone, and when it is answered, or
has failed, the others follow, in the order of their text: so those that share more than
the beginning are neighbours too.
"""

import hashlib
from bisect import insort
from collections import OrderedDict
from typing import Final

import msgspec

from fireworks_async.batch._intake import Intake
from fireworks_async.batch._rows import Row

__all__ = ("PrefixIntake",)

_WINDOW: Final = 2048
# Shorter beginnings are not worth waiting for, and hardly cached.
_PREFIX: Final = 1024
# What is compared beyond it; texts that differ later are as good as equal.
_COMPARED: Final = 16 * 1024
# Groups that are remembered as sent, when all of their rows have gone.
_REMEMBERED: Final = 16 * 1024

_encode = msgspec.json.Encoder(order="sorted").encode

Group = list[tuple[bytes, int, Row]]
"""Rows that begin alike, by their text."""


class PrefixIntake:
    """An intake that rearranges another's rows.

    Args:
        inner: Where rows come from.
    """

    def __init__(self, inner: Intake) -> None:
        self._inner = inner
        # Groups with rows that wait: may go on; not begun; waiting for their first.
        self._warm: dict[bytes, Group] = {}
        self._cold: dict[bytes, Group] = {}
        self._warming: dict[bytes, Group] = {}
        self._begun: OrderedDict[bytes, None] = OrderedDict()
        # Of the rows that were taken, by their line.
        self._taken: dict[int, bytes] = {}
        self._current = b""
        self._waiting = 0

    @property
    def wants_more(self) -> bool:
        """See ``Intake``; likewise the methods."""
        return self._inner.wants_more

    @property
    def is_empty(self) -> bool:
        return not self._waiting and self._inner.is_empty

    async def more(self) -> bool:
        return await self._inner.more()

    def take(self) -> Row | None:
        while self._waiting < _WINDOW and (row := self._inner.take()) is not None:
            self._add(row)
        if self._current not in self._warm:
            self._current = next(iter(self._warm), b"")
        group = self._warm.get(self._current)
        if group is None:
            if not self._cold:
                return None
            self._current = next(iter(self._cold))
            group = self._warming[self._current] = self._cold.pop(self._current)
        _, line, row = group.pop(0)
        if not group:
            self._warm.pop(self._current, None)
        self._taken[line] = self._current
        self._waiting -= 1
        return row

    def settled(self, row: Row) -> None:
        key = self._taken.pop(row.line, None)
        if key is None:
            return
        self._begun[key] = None
        if len(self._begun) > _REMEMBERED:
            self._begun.popitem(last=False)
        if group := self._warming.pop(key, None):
            self._warm[key] = group

    def affinity(self, row: Row) -> str | None:
        """The group's name; none for one so large that it would crowd a replica."""
        key = self._taken.get(row.line)
        if key is None or 4 * len(self._group(key) or ()) > _WINDOW:
            return None
        return key.hex()

    def _add(self, row: Row) -> None:
        text = _text_of(row)
        key = hashlib.blake2b(text[:_PREFIX], digest_size=12).digest()
        group = self._group(key)
        if group is None:
            shelf = self._warm if key in self._begun else self._cold
            group = shelf[key] = []
        insort(group, (text, row.line, row))
        self._waiting += 1

    def _group(self, key: bytes) -> Group | None:
        for shelf in (self._warm, self._cold, self._warming):
            if key in shelf:
                return shelf[key]
        return None


def _text_of(row: Row) -> bytes:
    """The request with what the model sees first in front."""
    body = row.body
    parts = [row.model, body.get("tools"), body.get("messages", body.get("prompt"))]
    return _encode(parts)[:_COMPARED]
