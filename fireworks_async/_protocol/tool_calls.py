"""Fragments of tool calls in, whole tool calls out, whatever order they come in.

The rules, since servers differ:

* Fragments with the same ``index`` belong together, in any order of the indexes.
* The same index with another id is another call.
* Without an index, a new id, or a name where the last call has its arguments, opens a
  call; anything else belongs to the last call.
* An id, a type or a name equal to the one already there is a repetition; a further name
  is a further piece of it.
* Fragments that never got an id nor a name sit on an index that the server moved: they
  belong to the call that was touched before them.
* A call that never got an id is called ``call_<position>``, so that it can be answered.
"""

from collections.abc import Iterable

import msgspec

from fireworks_async._protocol.chunks import ToolCallDelta
from fireworks_async._protocol.completions import FunctionCall, ToolCall

__all__ = ("ToolCallCollector", "added_arguments")


def added_arguments(delta: ToolCallDelta) -> str:
    """The text that a fragment adds to its call's arguments; some come decoded."""
    arguments = delta.function.arguments if delta.function is not None else None
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return msgspec.json.encode(arguments).decode()


class _Parts:
    """One call being put together."""

    __slots__ = ("arguments", "before", "id", "index", "name", "type")

    def __init__(self, index: int, before: "_Parts | None") -> None:
        self.index = index
        self.before = before
        self.id = ""
        self.type = "function"
        self.name = ""
        # With the number of its fragment, since an orphan's are put among its owner's.
        self.arguments: list[tuple[int, str]] = []

    def add(self, delta: ToolCallDelta, number: int) -> None:
        if delta.id:
            self.id = delta.id
        if delta.type:
            self.type = delta.type
        function = delta.function
        if function is None:
            return
        if function.name and function.name != self.name:
            self.name += function.name
        if function.arguments is not None:
            self.arguments.append((number, added_arguments(delta)))

    @property
    def is_orphan(self) -> bool:
        return self.before is not None and not self.id and not self.name


class ToolCallCollector:
    """The tool calls of one choice."""

    __slots__ = ("_by_index", "_fragments", "_last", "_opened")

    def __init__(self) -> None:
        self._by_index: dict[int, _Parts] = {}
        self._opened: list[_Parts] = []
        self._last: _Parts | None = None
        self._fragments = 0

    def add(self, deltas: Iterable[ToolCallDelta]) -> None:
        """Take the fragments of one chunk."""
        for delta in deltas:
            parts = self._find(delta)
            parts.add(delta, self._fragments)
            self._fragments += 1
            self._last = parts

    def result(self) -> list[ToolCall]:
        """The calls so far, in the order of their indexes."""
        arguments: dict[int, list[tuple[int, str]]] = {}
        whole: list[_Parts] = []
        for parts in self._opened:
            if parts.before is not None and parts.is_orphan:
                # What was touched before is in here already, its own or its owner's.
                gathered = arguments[id(parts.before)]
                gathered += parts.arguments
            else:
                gathered = list(parts.arguments)
                whole.append(parts)
            arguments[id(parts)] = gathered
        whole.sort(key=lambda parts: parts.index)
        return [
            ToolCall(
                id=parts.id or f"call_{position}",
                type=parts.type,
                function=FunctionCall(
                    name=parts.name,
                    arguments="".join(text for _, text in sorted(arguments[id(parts)])),
                ),
            )
            for position, parts in enumerate(whole)
        ]

    def _find(self, delta: ToolCallDelta) -> _Parts:
        if delta.index is None:
            parts = self._last
            if parts is None or self._opens_a_call(delta, parts):
                return self._open(max(self._by_index, default=-1) + 1)
            return parts
        found = self._by_index.get(delta.index)
        if found is None or (delta.id and found.id and delta.id != found.id):
            return self._open(delta.index)
        return found

    @staticmethod
    def _opens_a_call(delta: ToolCallDelta, last: _Parts) -> bool:
        if delta.id and last.id:
            return delta.id != last.id
        name = delta.function.name if delta.function is not None else None
        return bool(name) and bool(last.arguments)

    def _open(self, index: int) -> _Parts:
        parts = _Parts(index, self._last)
        self._by_index[index] = parts
        self._opened.append(parts)
        return parts
