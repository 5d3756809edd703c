"""A form with a file, of which only the model's name is read; the rest goes as it came."""

import re
from email.message import Message
from typing import Final

from fireworks_async.errors import BadRequestError
from fireworks_async.proxy._bodies import bad_request

__all__ = ("FormBody",)

_NAME: Final = re.compile(rb';\s*name="?model"?(?:\s*;|\s*$)', re.IGNORECASE)
_LONGEST_NAME: Final = 1000


class FormBody:
    """The body of ``multipart/form-data``.

    Args:
        data: As it came.
        content_type: Of the request; it holds the boundary.

    Raises:
        BadRequestError: It is no such form, or names no model.

    Attributes:
        model: What the caller calls the model.
    """

    __slots__ = ("_data", "_end", "_start", "model")

    def __init__(self, data: bytes, content_type: str) -> None:
        self._data = data
        self._start, self._end = _place_of_model(data, _boundary(content_type))
        try:
            self.model = data[self._start : self._end].decode()
        except UnicodeDecodeError:
            raise _no_model() from None
        if not self.model:
            raise _no_model()

    def encoded(self, model: str) -> bytes:
        """The form with another name for the model."""
        if model == self.model:
            return self._data
        return b"".join(
            (self._data[: self._start], model.encode(), self._data[self._end :])
        )


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_param("boundary")
    if message.get_content_type() != "multipart/form-data" or not isinstance(
        boundary, str
    ):
        raise bad_request("the body must be multipart/form-data")
    return boundary.encode("ascii", "replace")


def _place_of_model(data: bytes, boundary: bytes) -> tuple[int, int]:
    """Where the value of the field ``model`` begins and ends.

    There must be no second one: who reads which of them is not known.
    """
    line = b"--" + boundary
    place = data.find(line)
    found: tuple[int, int] | None = None
    while place >= 0:
        head = data.find(b"\r\n\r\n", place)
        following = data.find(b"\r\n" + line, place)
        if head < 0 or following < 0:
            break
        if head < following and _is_model(data[place:head]):
            if found is not None:
                raise bad_request("model is there twice", "model")
            if following - head > _LONGEST_NAME:
                break
            found = head + 4, following
        place = following + 2
    if found is None:
        raise _no_model()
    return found


def _is_model(head: bytes) -> bool:
    return any(
        row.lower().startswith(b"content-disposition:")
        and _NAME.search(row) is not None
        for row in head.split(b"\r\n")
    )


def _no_model() -> BadRequestError:
    return bad_request("model is missing", "model")
