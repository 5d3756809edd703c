"""Events that are like one that was read, but for a text: passed without reading each.

A server writes the deltas of one stream the same way, and most differ in their text
alone. Where the bytes before and behind the text are those of an event that has been
read, and the text is the inside of a JSON string, an event is JSON as that one is, and
says the same of choices, ends, usage and errors. What is not exactly so is not told
here: it has to be read.
"""

import re
from operator import itemgetter
from typing import Final

import msgspec

__all__ = ("Likeness",)

# In JSON, an unescaped quote begins or ends a string; so these two are the ends of a
# name, and what follows is the inside of a string, whatever stands before it.
_TEXT: Final = re.compile(
    rb'"(?:content|reasoning_content|text)"\s*:\s*"((?:[^"\\]|\\.)*)"'
)
_STRINGS: Final = msgspec.json.Decoder(list[str])
_EVENT_ENDS: Final = b"\n\n"


class Likeness:
    """What the events of one stream have in common.

    Args:
        head: What all of an event is before its text.
        tail: What it is behind it, with the blank line.
        sent_head: What is sent on in place of ``head``.
        sent_tail: What is sent on in place of ``tail``.
        choices: Of which choices the events are.
    """

    __slots__ = ("_head", "_sent", "_tail", "_texts_of", "choices")

    def __init__(
        self,
        head: bytes,
        tail: bytes,
        sent_head: bytes,
        sent_tail: bytes,
        choices: frozenset[int],
    ) -> None:
        self._head = head
        self._tail = tail
        self._sent = (
            None if (sent_head, sent_tail) == (head, tail) else (sent_head, sent_tail)
        )
        inside = slice(len(head), len(_EVENT_ENDS) - len(tail))
        self._texts_of = itemgetter(inside)
        self.choices = choices

    @classmethod
    def of(
        cls, event: bytes, sent: bytes, choices: frozenset[int]
    ) -> "Likeness | None":
        """What is like an event that was read, and what is sent on of it.

        Args:
            event: All of it: valid, on one line, with the blank line behind it.
            sent: As it is sent on.
            choices: Of which choices it is; it may end none of them.

        Returns:
            None when the event has no text.
        """
        found, put = _TEXT.search(event), _TEXT.search(sent)
        if found is None or put is None or event.count(b"\n") != len(_EVENT_ENDS):
            return None
        start, end = found.span(1)
        sent_start, sent_end = put.span(1)
        return cls(
            event[:start], event[end:], sent[:sent_start], sent[sent_end:], choices
        )

    def begins(self, data: bytes) -> bool:
        """Whether the first event may be alike."""
        return data.startswith(self._head)

    def end_in(self, data: bytes) -> int:
        """Where the last event that may be alike ends; 0 when there is none."""
        start = data.rfind(self._tail)
        return 0 if start < 0 else start + len(self._tail)

    def pass_on(self, block: bytes) -> tuple[int, bytes] | None:
        """How many events there are, and what is sent on; None if not all are alike.

        Args:
            block: Whole events.
        """
        lines = block.split(b"\n")
        texts = list(map(self._texts_of, lines[:-2:2]))
        if not texts or _with_texts(texts, self._head, self._tail) != block:
            return None
        # A line break is in no string: each text has to be one by itself.
        try:
            strings = _STRINGS.decode(b'["' + b'",\n"'.join(texts) + b'"]')
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if len(strings) != len(texts):
            return None
        if self._sent is None:
            return len(texts), block
        return len(texts), _with_texts(texts, *self._sent)


def _with_texts(texts: list[bytes], head: bytes, tail: bytes) -> bytes:
    """The events with these texts, in one copy."""
    ends = texts.copy()
    ends[0] = head + ends[0]
    ends[-1] += tail
    return (tail + head).join(ends)
