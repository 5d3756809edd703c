"""The headers of an answer as its readers want them, and nothing that is sent."""

from collections.abc import Mapping
from typing import TypeVar, overload

__all__ = ("Headers",)

T = TypeVar("T")


class Headers(dict[str, str]):
    """Headers by their names in lower case, found in whatever case they are asked for.

    Args:
        headers: Names in any case.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    @overload
    def get(self, name: str, default: T, /) -> str | T: ...
    def get(self, name: str, default: T | None = None, /) -> str | T | None:
        """The value of a header, or ``default``."""
        return super().get(name.lower(), default)
