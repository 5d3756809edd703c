"""A prompt with places for the columns of a table; no file is read here."""

import string
from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ("Template",)

_SHOWN: Final = 8


class Template:
    """Makes a chat request of a row's columns.

    Values that are no text are written as in JSON, and others as Python shows them.

    Args:
        prompt: Text with ``{column}`` in it; ``{{`` and ``}}`` are braces.
        system: The same, for a system message before it; None for none.

    Raises:
        ValueError: A place is not the name of a column, or not closed.
    """

    def __init__(self, prompt: str, *, system: str | None = None) -> None:
        self._parts = [("user", prompt)]
        if system is not None:
            self._parts.insert(0, ("system", system))
        # Names only, dots and all: an attribute or a conversion in a data file's
        # template would be a way into the objects behind.
        self._pieces = [(role, _parsed(text)) for role, text in self._parts]

    def body(self, columns: Mapping[str, object]) -> dict[str, object]:
        """Fill in.

        Raises:
            ValueError: A column is missing, or has no value.
        """
        messages = [
            {"role": role, "content": "".join(_filled(pieces, columns))}
            for role, pieces in self._pieces
        ]
        return {"messages": messages}


_Piece = tuple[str, str | None]


def _parsed(text: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"template: {error}; a brace is written twice") from None
    for literal, name, form, conversion in parts:
        if name is not None and (not name or form or conversion):
            raise ValueError(f"template: {{{name}}} is not the name of a column")
        pieces.append((literal, name))
    return pieces


def _filled(pieces: list[_Piece], columns: Mapping[str, object]) -> list[str]:
    texts: list[str] = []
    for literal, name in pieces:
        texts.append(literal)
        if name is not None:
            if name not in columns:
                raise ValueError(
                    f"template: there is no column {name!r}, but {_shown(columns)}"
                )
            # An empty text is one; where nothing is, something went wrong.
            if columns[name] is None:
                raise ValueError(f"template: column {name!r} has no value")
            texts.append(_text_of(columns[name]))
    return texts


def _text_of(value: object) -> str:
    """The value as a prompt should hold it: ``["a", "b"]`` and ``true``."""
    if isinstance(value, bool | list | dict):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return str(value)


def _shown(columns: Mapping[str, object]) -> str:
    names = list(map(repr, columns))
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return ", ".join([*names[:_SHOWN], *more]) or "none at all"
