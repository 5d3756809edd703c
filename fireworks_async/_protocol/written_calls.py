"""Which JSON is a tool call that a model wrote as text, and whose tool it is.

Where in a text such JSON is looked for, is known in ``written_call_reader``.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, TypeGuard, cast

import msgspec

from fireworks_async._protocol.completions import FunctionCall
from fireworks_async._typing import JSONObject

__all__ = ("calls_in", "is_call_so_far", "offered_tools")

_NO_TOOLS: Final[frozenset[str]] = frozenset()


class _Function(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    arguments: msgspec.Raw = msgspec.Raw()
    parameters: msgspec.Raw = msgspec.Raw()


class _Written(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A call as models write it; with ``function`` it is as the API would send it."""

    name: str = ""
    arguments: msgspec.Raw = msgspec.Raw()
    parameters: msgspec.Raw = msgspec.Raw()
    type: Literal["function"] = "function"
    id: str | None = None
    function: _Function | None = None


_decoder: msgspec.json.Decoder[_Written | list[_Written]] = msgspec.json.Decoder(
    _Written | list[_Written]
)
_KEYS: Final = frozenset(_Written.__struct_fields__)
_FUNCTION_KEYS: Final = frozenset(_Function.__struct_fields__)
_FAILURES: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def calls_in(
    text: str, names: Collection[str], *, is_tagged: bool
) -> list[FunctionCall] | None:
    """Read a whole JSON value.

    Args:
        text: One object, or a list of them.
        names: The tools that were offered.
        is_tagged: Whether the text says that it is a call, which then may be without
            arguments.

    Returns:
        The calls; None when it is none, or not only calls.
    """
    try:
        written = _decoder.decode(text)
        calls = [
            _call_of(each, names, is_tagged=is_tagged)
            for each in (written if isinstance(written, list) else [written])
        ]
    except _FAILURES:
        return None
    return calls or None


def _call_of(
    written: _Written, names: Collection[str], *, is_tagged: bool
) -> FunctionCall:
    function: _Function | _Written = written
    if written.function is not None:
        function = written.function
        if written.name or bytes(written.arguments) or bytes(written.parameters):
            raise ValueError("there are two")
    if function.name not in names:
        raise ValueError("no such tool was offered")
    given = [
        raw
        for each in (function.arguments, function.parameters)
        if (raw := bytes(each))
    ]
    # Without arguments it is a call only where it says that it is one.
    if len(given) > 1 or not (given or is_tagged):
        raise ValueError("it has no arguments, or has them twice")
    return FunctionCall(function.name, _arguments_in(given[0] if given else b"null"))


def _arguments_in(raw: bytes) -> str:
    """Take arguments over as they were written, also where that was inside a text."""
    text = raw.decode()
    if raw.startswith(b'"'):
        text = msgspec.json.decode(raw, type=str)
    if text.strip() in {"", "null"}:
        return "{}"
    msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return text


def is_call_so_far(value: JSONObject, names: Collection[str]) -> bool:
    """Whether the object, as far as it has come, can still become a call."""
    for key, inner in value.items():
        match key:
            case "name":
                fits = _begins_one(inner, names)
            case "type":
                fits = _begins_one(inner, ("function",))
            case "function":
                fits = (
                    _is_object(inner)
                    and inner.keys() <= _FUNCTION_KEYS
                    and is_call_so_far(inner, names)
                )
            case _:
                fits = key in _KEYS
        if not fits:
            return False
    return True


def _begins_one(value: object, words: Collection[str]) -> bool:
    return isinstance(value, str) and any(word.startswith(value) for word in words)


def offered_tools(params: JSONObject, extra_body: JSONObject | None) -> frozenset[str]:
    """List the tools that the model may call by writing to the answer's content.

    None when it may call none, or when the content is to be JSON of another kind.

    Args:
        params: The fields of a request.
        extra_body: Fields that are merged over them.
    """
    body = {**params, **extra_body} if extra_body else params
    tools = body.get("tools")
    if (
        not tools
        or not isinstance(tools, Sequence)
        or body.get("tool_choice") == "none"
    ):
        return _NO_TOOLS
    wanted = body.get("response_format")
    if _is_object(wanted) and wanted.get("type") != "text":
        return _NO_TOOLS
    names = (_name_of(tool) for tool in cast("Sequence[object]", tools))
    return frozenset(name for name in names if isinstance(name, str) and name)


def _name_of(tool: object) -> object:
    function = tool.get("function") if _is_object(tool) else None
    return function.get("name") if _is_object(function) else None


def _is_object(value: object) -> TypeGuard[JSONObject]:
    return isinstance(value, Mapping)
