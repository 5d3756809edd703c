"""A prompt with places for the columns of a table; no file is read here."""

import string
from collections.abc import Mapping

__all__ = ("Template",)


class Template:
    """Makes a chat request of a row's columns.

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
        # Names only: an attribute or a conversion in a data file's template would be
        # a way into the objects behind.
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
        if name is not None and (not name or form or conversion or set(name) & {*".["}):
            raise ValueError(f"template: {{{name}}} is not the name of a column")
        pieces.append((literal, name))
    return pieces


def _filled(pieces: list[_Piece], columns: Mapping[str, object]) -> list[str]:
    texts: list[str] = []
    for literal, name in pieces:
        texts.append(literal)
        if name is not None:
            if name not in columns:
                raise ValueError(f"template: there is no column {name!r}")
            # An empty text is one; where nothing is, something went wrong.
            if columns[name] is None:
                raise ValueError(f"template: column {name!r} has no value")
            texts.append(str(columns[name]))
    return texts
