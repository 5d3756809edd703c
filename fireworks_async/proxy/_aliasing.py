"""Puts the caller's name for a model back into an answer, and leaves all else as it is.

Of whole events only; where they are cut is found out in ``_passage``.
"""

import re
from typing import Final

import msgspec

__all__ = ("Renaming", "events_in", "renamed_object")

_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODE: Final = msgspec.json.Encoder().encode
_MODEL: Final = re.compile(rb'"model"\s*:\s*"[^"\\]*"')
_BORDER: Final = re.compile(rb"(?:\r\n|\n|\r)(?:\r\n|\n|\r)")
_DATA: Final = b"data:"


def events_in(block: bytes) -> list[bytes]:
    """Cut a block of whole events; each keeps the blank line that ends it."""
    events: list[bytes] = []
    start = 0
    for border in _BORDER.finditer(block):
        events.append(block[start : border.end()])
        start = border.end()
    if start < len(block):
        events.append(block[start:])
    return events


def renamed_object(data: bytes, name: msgspec.Raw) -> bytes:
    """A JSON object with another ``model``; as it is when it has none, or is none."""
    try:
        fields = _FIELDS.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return data
    if "model" not in fields:
        return data
    return _ENCODE({**fields, "model": name})


class Renaming:
    """Renames the model in the events of one stream.

    A server writes ``"model":"..."`` the same way in each event, and inside of JSON
    text those bytes can be nothing else: a quote in a value is escaped. So all of a
    read's are replaced at once, if there are as many as there are chunks; if not, each
    event is taken apart.

    Args:
        name: The name to put in, as JSON.
    """

    def __init__(self, name: bytes) -> None:
        self._name = msgspec.Raw(name)
        self._old = b""
        self._new = b""

    def apply(self, block: bytes, chunks: int) -> bytes:
        """Rename in whole events, which hold so many chunks."""
        if not self._old and not self._learn(block):
            return self._one_by_one(block)
        renamed = block.replace(self._old, self._new)
        grows = len(self._new) - len(self._old)
        # How many there were shows in the length: one look at the bytes, not two.
        found = (
            (len(renamed) - len(block)) // grows if grows else block.count(self._old)
        )
        return renamed if found == chunks else self._one_by_one(block)

    def _learn(self, block: bytes) -> bool:
        found = _MODEL.search(block)
        if found is None:
            return False
        self._old = found[0]
        head, _, _ = self._old.rpartition(b":")
        self._new = head + b":" + bytes(self._name)
        return True

    def _one_by_one(self, block: bytes) -> bytes:
        return b"".join(map(self._event, events_in(block)))

    def _event(self, event: bytes) -> bytes:
        if not event.startswith(_DATA) or event.count(_DATA) != 1:
            return event
        text = event[len(_DATA) :]
        data = text.strip()
        renamed = renamed_object(data, self._name)
        if renamed is data:
            return event
        return event.replace(data, renamed, 1)
