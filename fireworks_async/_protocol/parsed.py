"""Completions with their answers as values, and errors for those that were none.

How a type is asked for and a text becomes a value is known in ``structured``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Literal, TypeAlias, TypeGuard, TypeVar, cast

import msgspec

from fireworks_async._protocol.completions import ChatCompletion, ChatMessage, Choice
from fireworks_async._protocol.structured import ResponseType
from fireworks_async._typing import JSONObject
from fireworks_async.errors import (
    ContentFilterFinishReasonError,
    LengthFinishReasonError,
    SchemaMismatchError,
)

__all__ = (
    "ParseMode",
    "ParsedChatCompletion",
    "ParsedChoice",
    "ParsedMessage",
    "TypedAnswer",
)

T = TypeVar("T")

ParseMode: TypeAlias = Literal["auto", "json_schema", "json_object", "tool", "grammar"]
"""How the API is asked for the form: see ``ChatCompletions.parse``."""

_MODES: tuple[ParseMode, ...] = (
    "auto",
    "json_schema",
    "json_object",
    "tool",
    "grammar",
)


class ParsedMessage(ChatMessage, Generic[T], gc=True):
    """The model's turn, with its answer as a value; append it to the messages as it is.

    Attributes:
        parsed: The answer; None when the model refused, called the user's tools
            instead, or was not done.
    """

    parsed: T | None = None


class ParsedChoice(Choice, Generic[T], gc=True):
    """One of the ``n`` answers."""

    # A parsed message is one to all who only read it.
    message: ParsedMessage[T]  # pyright: ignore[reportIncompatibleVariableOverride]


class ParsedChatCompletion(ChatCompletion, Generic[T], gc=True):
    """A completion whose ``choices[i].message.parsed`` is a ``T``."""

    # A list of parsed choices too is one of choices to all who only read it.
    choices: list[ParsedChoice[T]]  # type: ignore[assignment]


class TypedAnswer(Generic[T]):
    """One way to ask for a type, and to read what comes.

    Args:
        wanted: A type, a JSON Schema, or the text of a grammar.
        mode: How to ask for it.
        strict: Whether schemas are sent in the strict form.

    Raises:
        TypeError: JSON has no form for the type, or the mode does not go with it.
        ValueError: There is no such mode.
    """

    def __init__(self, wanted: object, *, mode: str, strict: bool) -> None:
        if mode not in _MODES:
            raise ValueError(f"mode: expected one of {', '.join(_MODES)}, not {mode!r}")
        self._strict = strict
        self._type: ResponseType[T] | None = None
        self._grammar = ""
        if isinstance(wanted, str):
            if mode not in ("auto", "grammar"):
                raise TypeError(f"response_format: text is a grammar, not for {mode!r}")
            self._mode = "grammar"
            self._grammar = wanted
            return
        if mode == "grammar":
            raise TypeError("response_format: mode 'grammar' takes a grammar's text")
        self._mode = "json_schema" if mode == "auto" else mode
        self._type = ResponseType.of(wanted)

    def fields(self, params: JSONObject) -> dict[str, object]:
        """Add to a call's fields what asks for the answer.

        With ``tool`` the user's tools stay, and a ``tool_choice`` that is there wins.

        Raises:
            ValueError: One of the user's tools has the answer's name.
        """
        if self._type is None:
            grammar = {"type": "grammar", "grammar": self._grammar}
            return {**params, "response_format": grammar}
        schema = self._type.schema(strict=self._strict)
        if self._mode == "json_object":
            wanted = {"type": "json_object", "schema": schema}
            return {**params, "response_format": wanted}
        if self._mode == "json_schema":
            described: dict[str, object] = {
                "name": self._type.name,
                "strict": self._strict,
                "schema": schema,
            }
            wanted = {"type": "json_schema", "json_schema": described}
            return {**params, "response_format": wanted}
        return self._fields_of_tool(self._type, params)

    def _fields_of_tool(
        self, answer: ResponseType[T], params: JSONObject
    ) -> dict[str, object]:
        users = list(cast("Sequence[object] | None", params.get("tools")) or ())
        if answer.name in map(_name_of, users):
            raise ValueError(
                f"tools: {answer.name!r} is the name of the answer's tool too; "
                "rename one, or use another mode"
            )
        choice = {"type": "function", "function": {"name": answer.name}}
        fields = {**params, "tools": [*users, answer.tool(strict=self._strict)]}
        if fields.get("tool_choice") is None:
            fields["tool_choice"] = choice
        return fields

    def read(self, completion: ChatCompletion) -> ParsedChatCompletion[T]:
        """Make the values of all choices.

        Raises:
            ContentFilterFinishReasonError: A choice was stopped by a filter.
            LengthFinishReasonError: A choice was cut before its answer was whole.
            SchemaMismatchError: A choice is whole, and its answer does not fit.
        """
        return _with_values(completion, lambda of: self._value_of(of, completion))

    def unread(self, completion: ChatCompletion) -> ParsedChatCompletion[T]:
        """Give the same, whole or not, with no value made."""
        return _with_values(completion, lambda _: None)

    def _value_of(self, choice: Choice, completion: ChatCompletion) -> T | None:
        usage = completion.usage
        message = choice.message
        if choice.finish_reason == "content_filter":
            raise ContentFilterFinishReasonError(
                "a content filter stopped the answer", partial=completion, usage=usage
            )
        arguments = self._arguments_in(message)
        try:
            return self._read_text(
                message.content if arguments is None else arguments,
                is_tool=arguments is not None,
            )
        except ValueError as reason:
            if choice.finish_reason == "length":
                raise LengthFinishReasonError(
                    "the answer was cut before it was whole; raise max_tokens",
                    partial=completion,
                    usage=usage,
                ) from None
            if arguments is None and (message.tool_calls or message.refusal):
                return None
            raise SchemaMismatchError(
                f"the answer does not fit the type: {reason}",
                partial=completion,
                usage=usage,
            ) from None

    def _read_text(self, text: str | None, *, is_tool: bool) -> T:
        if not text:
            raise ValueError("it is empty")
        if self._type is None:
            return cast("T", text)
        return self._type.read(text, strict=self._strict, is_tool=is_tool)

    def _arguments_in(self, message: ChatMessage) -> str | None:
        if self._mode != "tool" or self._type is None:
            return None
        return next(
            (
                call.function.arguments
                for call in message.tool_calls or ()
                if call.function.name == self._type.name
            ),
            None,
        )


def _with_values(
    completion: ChatCompletion, value_of: Callable[[Choice], T | None]
) -> ParsedChatCompletion[T]:
    fields: dict[str, Any] = msgspec.structs.asdict(completion)
    fields["choices"] = [
        _choice_with(choice, value_of(choice)) for choice in completion.choices
    ]
    return ParsedChatCompletion(**fields)


def _choice_with(choice: Choice, value: T | None) -> ParsedChoice[T]:
    message: dict[str, Any] = msgspec.structs.asdict(choice.message)
    fields: dict[str, Any] = msgspec.structs.asdict(choice)
    fields["message"] = ParsedMessage(**message, parsed=value)
    return ParsedChoice(**fields)


def _name_of(tool: object) -> object:
    function = tool.get("function") if _is_mapping(tool) else None
    return function.get("name") if _is_mapping(function) else None


def _is_mapping(value: object) -> TypeGuard[JSONObject]:
    return isinstance(value, Mapping)
