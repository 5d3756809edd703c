"""Python functions, as the model is told of them and as it calls them.

A function is described by its signature and its docstring, and a call's JSON becomes
its arguments. No function is run here; that is ``_client/tools``.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from fireworks_async._protocol.completions import ChatCompletion
from fireworks_async._protocol.schema_check import mismatch
from fireworks_async._protocol.structured import json_in
from fireworks_async._protocol.type_schema import reader_of_type, schema_of_type
from fireworks_async._typing import JSONObject

__all__ = ("FunctionTool", "ToolRun", "text_of_result", "tool_of")

_SECTION = re.compile(
    r"(Args|Arguments|Parameters|Returns?|Yields?|Raises|Examples?|Notes?|Attributes):"
)
_ARGUMENT = re.compile(r"\s*\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# Defaults that the model is told, since they say something in JSON.
_PLAIN = (type(None), bool, int, float, str)


class FunctionTool:
    """A function that the model may call; made by ``tool_of``.

    Attributes:
        name: What the model calls it.
        function: The function, plain or async.
        definition: The tool as the API has it, for ``tools=[...]`` of any call.
    """

    def __init__(
        self,
        function: Callable[..., object],
        definition: Mapping[str, object],
        read: Callable[[bytes], dict[str, object]],
    ) -> None:
        self.function = function
        self.definition = definition
        self.name = cast("dict[str, str]", definition["function"])["name"]
        self._read = read

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def arguments(self, text: str) -> dict[str, object]:
        """Make the function's keywords of a call's JSON.

        Raises:
            ValueError: It is not JSON, or does not fit the signature.
        """
        # Functions without arguments are called with {}, or with nothing.
        try:
            return self._read(json_in(text).encode() or b"{}")
        except RecursionError:
            raise ValueError("the arguments are nested too deeply") from None


class ToolRun(msgspec.Struct):
    """What came of a conversation with tools.

    Attributes:
        completion: The last answer. It still asks for tools when the rounds were used
            up, or when it calls one that has no function here.
        messages: The whole conversation, the last answer included.
        completions: Every answer, in order, each with its usage.
    """

    completion: ChatCompletion
    messages: list[object]
    completions: list[ChatCompletion]


def tool_of(
    function: Callable[..., object],
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: JSONObject | None = None,
) -> FunctionTool:
    """Describe a function to the model.

    Args:
        function: Plain or async. Its annotations are what the arguments must be: all
            that msgspec knows. Those with a default may be left out.
        name: Instead of the function's own.
        description: Instead of the docstring up to its first section.
        parameters: A JSON Schema of the arguments instead of the signature; the
            function is then called with plain values.

    Raises:
        TypeError: A parameter cannot be described: it has no name in a call, or its
            type has no form in JSON.
        ValueError: The name is not one that the API takes.
    """
    name = str(getattr(function, "__name__", "")) if name is None else name
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"name: {name!r} is not 1 to 64 letters, digits, '_' and '-'; give another"
        )
    about, about_each = _read_docstring(_docstring_of(function))
    if parameters is None:
        parameters, read = _from_signature(function, name, about_each)
    else:
        read = _reader_of(parameters)
    described: dict[str, object] = {"name": name}
    if text := about if description is None else description:
        described["description"] = text
    described["parameters"] = parameters
    return FunctionTool(function, {"type": "function", "function": described}, read)


def text_of_result(result: object) -> str:
    """Give what a function returned the form of a message: text as it is, or JSON."""
    if isinstance(result, str):
        return result
    try:
        return msgspec.json.encode(result, enc_hook=_plain).decode()
    except (TypeError, ValueError, RecursionError):
        return str(result)


def _plain(value: object) -> object:
    dump = getattr(value, "model_dump", None)
    if dump is None or isinstance(value, type):
        raise TypeError(f"no JSON for {type(value).__name__}")
    return dump(mode="json")


def _docstring_of(function: Callable[..., object]) -> str:
    documented: object = function
    if not inspect.isroutine(function) and not isinstance(function, type):
        # An object that is called, or functools.partial, whose own text is no help.
        documented = getattr(function, "func", type(function).__call__)
    return inspect.getdoc(documented) or ""


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """Read a docstring in Google's style: what it is, and what each argument is."""
    lines = text.splitlines()
    starts = [at for at, line in enumerate(lines) if _SECTION.fullmatch(line.strip())]
    about = "\n".join(lines[: starts[0]] if starts else lines).strip()
    each: dict[str, list[str]] = {}
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        if lines[start].strip() not in ("Args:", "Arguments:", "Parameters:"):
            continue
        section = [line for line in lines[start + 1 : end] if line.strip()]
        depth = min((_depth(line) for line in section), default=0)
        current: list[str] = []
        for line in section:
            found = _ARGUMENT.fullmatch(line) if _depth(line) == depth else None
            if found:
                current = each.setdefault(found[1], [])
                current.append(found[2].strip())
            else:
                current.append(line.strip())
    return about, {name: " ".join(said).strip() for name, said in each.items()}


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _from_signature(
    function: Callable[..., object], name: str, about: Mapping[str, str]
) -> tuple[JSONObject, Callable[[bytes], dict[str, object]]]:
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    parameters = inspect.signature(function, eval_str=True).parameters
    for parameter in parameters.values():
        if parameter.kind not in (
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        ):
            raise TypeError(f"{name}(): {parameter} cannot be given by name")
        kind = parameter.annotation
        kind = Any if kind is inspect.Parameter.empty else kind
        if parameter.default is inspect.Parameter.empty:
            fields.append((parameter.name, kind))
        else:
            # The default stays the function's own, whatever it is.
            fields.append((parameter.name, kind, msgspec.UNSET))
    arguments = msgspec.defstruct(
        "Arguments", fields, kw_only=True, forbid_unknown_fields=True
    )
    try:
        schema = schema_of_type(arguments)
    except TypeError as error:
        raise TypeError(f"{name}(): {error}") from None
    schema.pop("title", None)
    properties = cast("dict[str, dict[str, object]]", schema["properties"])
    for each in parameters.values():
        if each.name in about:
            properties[each.name]["description"] = about[each.name]
        if isinstance(each.default, _PLAIN):
            properties[each.name].setdefault("default", each.default)
    decode = reader_of_type(arguments)

    def read(data: bytes) -> dict[str, object]:
        values = decode(data)
        given = {each: getattr(values, each) for each in parameters}
        return {
            each: value for each, value in given.items() if value is not msgspec.UNSET
        }

    return schema, read


def _reader_of(parameters: JSONObject) -> Callable[[bytes], dict[str, object]]:
    def read(data: bytes) -> dict[str, object]:
        values = msgspec.json.decode(data, type=dict[str, object])
        if (problem := mismatch(values, parameters)) is not None:
            raise ValueError(problem)
        return values

    return read
