"""Tool calls that a model wrote as text: text in, text and calls out, in order.

Some models write ``{"name": ..., "arguments": {...}}`` where a call was meant. What is
taken for one:

* a content that is nothing but such JSON (one object, a list, several in a row), or
  nothing but a code fence around it;
* ``<tool_call>`` with such JSON behind it, anywhere but in quotes or a code fence, up to
  ``</tool_call>`` or the end.

The name must be that of a tool that was offered; the arguments are an object, or text
that holds one, and also go by ``parameters``. Anything else is text and comes out as it
went in. What may yet become a call is held back until that is decided, which depends
only on the text and not on how it was cut into pieces.
"""

import enum
import re
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias, TypeGuard, cast

from fireworks_async._protocol.completions import FunctionCall
from fireworks_async._protocol.partial_json import PartialJSONReader
from fireworks_async._protocol.written_calls import calls_in, is_call_so_far
from fireworks_async._typing import JSONObject

__all__ = ("Piece", "WrittenCallReader")

Piece: TypeAlias = str | FunctionCall
"""Text, or a call that stood in its place."""

_OPENING: Final = "<tool_call>"
_CLOSING: Final = "</tool_call>"
_FENCE: Final = "```"
_MARK = re.compile(f"{_FENCE}|{_OPENING}")
# What may be the beginning of a mark, at the end of a piece.
_MARK_BEGUN = re.compile(
    r"`{1,2}\Z|<(?:t(?:o(?:o(?:l(?:_(?:c(?:a(?:l(?:l)?)?)?)?)?)?)?)?)?\Z"
)
# The first line of a code fence, as far as it has come.
_FENCE_LINE = re.compile(
    r"`{1,2}\Z|```(?:[a-z_]{0,10}[ \t\r]*\Z|(?:json|tool_calls?)?[ \t\r]*(\n))"
)
_BLANKS = re.compile(r"[ \t\r\n]*")
# Where the JSON read so far is looked at: fixed places, whatever the pieces are.
_CHECK = re.compile(r'["}\]\n]')
_QUOTES: Final = "`\"'"

_Step: TypeAlias = Callable[["WrittenCallReader", str, int], int]


class _Form(enum.Enum):
    """What stands around the JSON."""

    BARE = enum.auto()
    FENCED = enum.auto()
    TAGGED = enum.auto()


class WrittenCallReader:
    """Reads the content of one choice.

    Args:
        names: The tools that were offered.
    """

    __slots__ = (
        "_calls",
        "_form",
        "_has_called",
        "_held",
        "_is_fenced",
        "_is_first",
        "_is_lead",
        "_is_likely",
        "_json",
        "_last",
        "_names",
        "_out",
        "_step",
        "_value_parts",
        "_word",
    )

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._out: list[Piece] = []
        # What may be part of a call, as it came.
        self._held: list[str] = []
        # Calls that hold if nothing comes that makes them text.
        self._calls: list[FunctionCall] = []
        self._has_called = False
        self._form = _Form.BARE
        self._json = PartialJSONReader()
        self._value_parts: list[str] = []
        self._is_likely = False
        self._word = ""
        self._is_first = True
        # Whether nothing but blanks has come since the beginning, or since a call.
        self._is_lead = True
        self._is_fenced = False
        # The last character that came out, to know what stands before a mark.
        self._last = ""
        self._step: _Step = WrittenCallReader._blanks

    def feed(self, text: str) -> list[Piece]:
        """Read on; gives what is decided by it."""
        at = 0
        while at < len(text):
            at = self._step(self, text, at)
        if self._held and self._step is WrittenCallReader._text:
            # Held for another reason than that it may be a mark.
            self._text("", 0)
        return self._given()

    def skips(self, text: str) -> bool:
        """Pass over a text that plainly holds no call; the quick way to ``feed`` it.

        Returns:
            Whether it did: the text is then to be taken as it is. If not, nothing was
            read.
        """
        if (
            self._step is not WrittenCallReader._text
            or self._held
            or "<" in text
            or "`" in text
        ):
            return False
        self._last = text[-1]
        return True

    def close(self, *, may_call: bool) -> list[Piece]:
        """End the content; gives all that was held. What is fed later is text.

        Args:
            may_call: Whether the choice ended as a call does. One that was cut short
                is text.
        """
        if may_call and self._calls and not self._is_in_value:
            self._call()
        elif self._has_called and self._is_lead and self.held.isspace():
            self._held.clear()
        else:
            self._release()
        self._calls = []
        self._step = WrittenCallReader._over
        return self._given()

    @property
    def has_called(self) -> bool:
        """Whether a call came out."""
        return self._has_called

    @property
    def held(self) -> str:
        """What has come, and is not decided."""
        return "".join(self._held)

    @property
    def _is_in_value(self) -> bool:
        return self._step is WrittenCallReader._value

    def _given(self) -> list[Piece]:
        out, self._out = self._out, []
        return out

    def _blanks(self, text: str, at: int) -> int:
        """At the beginning, and behind a call: what comes after the blanks decides."""
        start, at = at, _after_blanks(text, at)
        self._held.append(text[start:at])
        if at == len(text):
            return at
        mark = text[at]
        if self._is_first and mark in "{[":
            self._open(_Form.BARE)
        elif self._is_first and mark == "`":
            self._word = ""
            self._step = WrittenCallReader._fence
        else:
            self._step = WrittenCallReader._text
        self._is_first = False
        return at

    def _text(self, text: str, at: int) -> int:
        """In a text: look for a tag, and keep the count of code fences."""
        held = "".join(self._held)
        self._held.clear()
        whole = held + text[at:]
        judged = 0
        for mark in _MARK.finditer(whole):
            start, judged = mark.span()
            if mark[0] == _FENCE:
                self._is_fenced = not self._is_fenced
                continue
            before = whole[start - 1] if start else self._last
            if self._is_fenced or (before and before in _QUOTES):
                continue
            self._say_text(whole[:start])
            self._held.append(_OPENING)
            self._open(_Form.TAGGED)
            return at + judged - len(held)
        begun = _MARK_BEGUN.search(whole, judged)
        end = begun.start() if begun else len(whole)
        self._say_text(whole[:end])
        if begun:
            self._held.append(whole[end:])
        return len(text)

    def _fence(self, text: str, at: int) -> int:
        """In the first line of a code fence that is the beginning of the content."""
        line = _FENCE_LINE.match(self._word + text[at:])
        if line is None:
            self._step = WrittenCallReader._text
            return at
        piece = line[0][len(self._word) :]
        self._word = line[0]
        self._held.append(piece)
        if line[1]:
            self._open(_Form.FENCED)
        return at + len(piece)

    def _open(self, form: _Form) -> None:
        self._form = form
        self._calls = []
        self._step = WrittenCallReader._before_value

    def _before_value(self, text: str, at: int) -> int:
        start, at = at, _after_blanks(text, at)
        self._held.append(text[start:at])
        if at < len(text):
            if text[at] in "{[":
                self._open_value()
            else:
                self._refuse()
        return at

    def _open_value(self) -> None:
        self._json = PartialJSONReader()
        self._value_parts = []
        self._is_likely = False
        self._step = WrittenCallReader._value

    def _value(self, text: str, at: int) -> int:
        check = _CHECK.search(text, at)
        end = check.end() if check else len(text)
        piece = text[at:end]
        self._held.append(piece)
        self._value_parts.append(piece)
        self._json.feed(piece)
        if check is None:
            return end
        if self._json.is_complete:
            calls = calls_in(
                "".join(self._value_parts),
                self._names,
                is_tagged=self._form is _Form.TAGGED,
            )
            if calls is None:
                self._refuse()
            else:
                self._calls += calls
                self._step = WrittenCallReader._after_value
        elif self._json.is_broken or not (self._is_likely or self._may_be_call()):
            self._refuse()
        return end

    def _may_be_call(self) -> bool:
        value = self._json.value
        if isinstance(value, list):
            items = cast("list[object]", value)
            if not items:
                return True
            value = items[0]
        if not _is_object(value) or not is_call_so_far(value, self._names):
            return False
        # Looked at no further: arguments may be long.
        inner = value.get("function", value)
        self._is_likely = _is_object(inner) and not inner.keys().isdisjoint(_ARGUMENTS)
        return True

    def _after_value(self, text: str, at: int) -> int:
        start, at = at, _after_blanks(text, at)
        self._held.append(text[start:at])
        if at == len(text):
            return at
        closing = _CLOSINGS.get(self._form)
        if text[at] in "{[":
            self._open_value()
        elif closing is not None and text[at] == closing[0]:
            self._word = ""
            self._step = WrittenCallReader._closing
        else:
            self._refuse()
        return at

    def _closing(self, text: str, at: int) -> int:
        closing = _CLOSINGS[self._form]
        while at < len(text) and self._word != closing:
            mark = text[at]
            if mark != closing[len(self._word)]:
                self._refuse()
                return at
            self._word += mark
            self._held.append(mark)
            at += 1
        if self._word == closing:
            if self._form is _Form.TAGGED:
                self._call()
                self._step = WrittenCallReader._blanks
            else:
                self._step = WrittenCallReader._end
        return at

    def _end(self, text: str, at: int) -> int:
        """Behind a code fence, in which everything is a call if nothing follows."""
        start, at = at, _after_blanks(text, at)
        self._held.append(text[start:at])
        if at < len(text):
            self._refuse()
        return at

    def _over(self, text: str, at: int) -> int:
        self._say(text[at:])
        return len(text)

    def _call(self) -> None:
        self._out += self._calls
        self._calls = []
        self._held.clear()
        self._last = ""
        self._is_lead = self._has_called = True

    def _refuse(self) -> None:
        """What is held is text; it is not looked at again."""
        self._calls = []
        if "".join(self._held).count(_FENCE) % 2:
            self._is_fenced = not self._is_fenced
        self._release()
        self._step = WrittenCallReader._text

    def _release(self) -> None:
        self._say("".join(self._held))
        self._held.clear()

    def _say_text(self, text: str) -> None:
        """Blanks beside a call are part of it: they wait until something follows."""
        if self._is_lead and text.isspace():
            self._held.append(text)
        else:
            self._say(text)

    def _say(self, text: str) -> None:
        if text:
            self._out.append(text)
            self._last = text[-1]
            self._is_lead = False


_ARGUMENTS: Final = frozenset({"arguments", "parameters"})
_CLOSINGS: Final = {_Form.FENCED: _FENCE, _Form.TAGGED: _CLOSING}


def _is_object(value: object) -> TypeGuard[JSONObject]:
    return isinstance(value, Mapping)


def _after_blanks(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    assert blanks is not None  # It may be empty.
    return blanks.end()
