"""Answers without the fields that they do not have, to be written down; nothing is read.

Most of the fields of an answer are rare, and each that is empty would take up to forty
bytes of its record. To leave them out of the JSON afterwards takes longer than to write it.
"""

from typing import Any, Final, cast

import msgspec
from msgspec.structs import astuple, fields

from fireworks_async._protocol.completions import (
    ChatCompletion,
    ChatMessage,
    Choice,
    Usage,
)
from fireworks_async._protocol.embeddings import Embedding, EmbeddingResponse
from fireworks_async._protocol.rerank import RerankResponse
from fireworks_async._protocol.text_completions import Completion, CompletionChoice

__all__ = ("present",)

# Which fields of a kind hold what has rare fields itself: lists of such, and others,
# whose own fields hold no more.
_PARTS: Final[dict[type[msgspec.Struct], tuple[str, str]]] = {
    ChatCompletion: ("choices", "usage"),
    Choice: ("", "message"),
    Completion: ("choices", "usage"),
    CompletionChoice: ("", ""),
    EmbeddingResponse: ("data", "usage"),
    Embedding: ("", ""),
    RerankResponse: ("", "usage"),
}
# Readers of such files take these for granted, be they null.
_ALWAYS_THERE: Final = frozenset({"content", "finish_reason", "usage"})
# Equal to no value that a field could have.
_NO_VALUE: Final = object()


def present(answer: msgspec.Struct) -> msgspec.Struct:
    """What encodes to the answer's JSON without what is empty.

    Args:
        answer: A completion, embeddings or a ranking; left as it is.
    """
    kind = type(answer)
    copy = _COPIES[kind](*astuple(answer))
    several, one = _PARTS[kind]
    if several:
        parts = cast("list[msgspec.Struct]", getattr(copy, several))
        setattr(copy, several, [*map(present, parts)])
    if one and (part := getattr(copy, one)) is not None:
        setattr(copy, one, _COPIES[type(part)](*astuple(part)))
    return copy


def _copy_of(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """A struct of the same fields that are left out when they are empty."""
    return msgspec.defstruct(
        kind.__name__,
        [
            (
                field.name,
                Any,
                None
                if field.default is None and field.name not in _ALWAYS_THERE
                else _NO_VALUE,
            )
            for field in fields(kind)
        ],
        omit_defaults=True,
        gc=False,
    )


_KINDS: Final[tuple[type[msgspec.Struct], ...]] = (*_PARTS, ChatMessage, Usage)
_COPIES: Final = {kind: _copy_of(kind) for kind in _KINDS}
