"""The loop in which the model calls functions until it has its answer."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeAlias, cast

from fireworks_async._protocol.completions import ChatCompletion, ToolCall
from fireworks_async._protocol.tools import (
    FunctionTool,
    ToolRun,
    text_of_result,
    tool_of,
)
from fireworks_async._typing import JSONObject

__all__ = ("ToolLike", "Toolbox")

ToolLike: TypeAlias = FunctionTool | Callable[..., object] | JSONObject
"""A function, a function with its description, or only the description of one."""


_log = logging.getLogger("fireworks_async")


class Toolbox:
    """The tools of one ``run_tools``.

    Raises:
        TypeError: One of them is none, or cannot be described.
        ValueError: Two have the same name.
    """

    def __init__(self, tools: Iterable[object]) -> None:
        self.definitions: list[JSONObject] = []
        self._functions: dict[str, FunctionTool] = {}
        self._described: set[object] = set()
        for number, tool in enumerate(tools):
            if isinstance(tool, Mapping):
                definition = cast("JSONObject", tool)
                name = _name_of(definition)
                self._described.add(name)
            elif callable(tool) or isinstance(tool, FunctionTool):
                whole = tool if isinstance(tool, FunctionTool) else tool_of(tool)
                name = whole.name
                self._functions[whole.name] = whole
                definition = whole.definition
            else:
                raise TypeError(
                    f"tools[{number}]: expected a function or a mapping, "
                    f"not {type(tool).__name__}"
                )
            if name is not None and name in map(_name_of, self.definitions):
                raise ValueError(f"tools[{number}]: there are two of {name!r}")
            self.definitions.append(definition)

    async def run(
        self,
        ask: Callable[[list[object], bool], Awaitable[ChatCompletion]],
        messages: Iterable[object],
        *,
        max_rounds: int,
    ) -> ToolRun:
        """Ask, run what is called, and ask again, until nothing is called.

        Args:
            ask: Makes one call with these messages; whether it is the first.
            messages: The conversation so far; it is not changed.
            max_rounds: How often to ask at most.
        """
        history = list(messages)
        completions: list[ChatCompletion] = []
        while True:
            completion = await ask(history, not completions)
            completions.append(completion)
            message = completion.choices[0].message
            history.append(message)
            calls = message.tool_calls or []
            if (
                not calls
                or len(completions) == max_rounds
                or any(call.function.name in self._described for call in calls)
            ):
                return ToolRun(completion, history, completions)
            async with asyncio.TaskGroup() as group:
                answers = [group.create_task(self._answer(call)) for call in calls]
            history += [answer.result() for answer in answers]

    async def _answer(self, call: ToolCall) -> dict[str, object]:
        tool = self._functions.get(call.function.name)
        if tool is None:
            known = ", ".join(self._functions)
            text = f"Error: there is no tool {call.function.name!r}, only {known}"
        else:
            text = await _run(tool, call.function.arguments)
        return {"role": "tool", "tool_call_id": call.id, "content": text}


async def _run(tool: FunctionTool, arguments: str) -> str:
    """Run one call; whatever goes wrong in it is for the model to know."""
    try:
        keywords = tool.arguments(arguments)
    except ValueError as error:
        return f"Error: the arguments of {tool.name} do not fit: {error}"
    try:
        if inspect.iscoroutinefunction(tool.function):
            result = await tool.function(**keywords)
        else:
            # It may block, and other streams share the loop.
            result = await asyncio.to_thread(tool.function, **keywords)
            if inspect.isawaitable(result):
                result = await result
    except Exception as error:  # noqa: BLE001 - the model is told, and may try again
        _log.debug("the tool %s failed", tool.name, exc_info=True)
        return f"Error: {type(error).__name__}: {error}"
    return text_of_result(result)


def _name_of(definition: JSONObject) -> object:
    function = definition.get("function")
    if isinstance(function, Mapping):
        return cast("JSONObject", function).get("name")
    return None
