"""Options that several commands share, declared once as the fields of a dataclass."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from inspect import Parameter
from typing import Any, TypeVar, cast, get_type_hints

__all__ = ("grouped",)

ResultT = TypeVar("ResultT")


def grouped(command: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Replace each parameter that is a group by the options of the group.

    A group is a dataclass whose fields are annotated, and have defaults, as typer's
    parameters do. The result takes the options one by one, as typer gives them, and
    calls ``command`` with the groups made.

    Args:
        command: A function of keyword arguments.
    """
    parameters = inspect.signature(command, eval_str=True).parameters
    groups = {
        name: cast("type[Any]", parameter.annotation)
        for name, parameter in parameters.items()
        if is_dataclass(parameter.annotation)
    }

    @functools.wraps(command)
    def ungrouped(**values: Any) -> ResultT:
        for name, group in groups.items():
            options = {field.name: values.pop(field.name) for field in fields(group)}
            values[name] = group(**options)
        return command(**values)

    options: list[Parameter] = []
    for name, parameter in parameters.items():
        options += _options_of(groups[name]) if name in groups else [parameter]
    # Typer reads both; what a decorated function wears is set nowhere else.
    ungrouped.__annotations__ = {option.name: option.annotation for option in options}
    ungrouped.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]  # unknown to typeshed
    return ungrouped


def _options_of(group: type[Any]) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
