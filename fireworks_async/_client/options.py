"""The keywords of one call that are not fields of its body, and their separation."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias, TypedDict, cast

from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.params import (
    ChatParams,
    CompletionParams,
    ConversationParams,
    GenerationParams,
    ToolParams,
    UnformattedParams,
)
from fireworks_async._typing import JSONObject

__all__ = (
    "CallOptions",
    "ChatCallParams",
    "CompletionCallParams",
    "ListOptions",
    "ParseParams",
    "RequestOptions",
    "RunToolsParams",
    "check_count",
    "check_headers",
    "split",
    "unexpected_keyword",
)


QueryValue: TypeAlias = str | float | bool
"""What stands for one ``name=value`` of a URL; an int is a float here."""


class ListOptions(TypedDict, total=False):
    """How one call is made; what is absent is as the client is configured."""

    timeout: Timeout | float | None
    """A number sets ``receive``; None waits for ever."""
    max_retries: int
    """Attempts beyond the first."""
    extra_headers: Mapping[str, str] | None
    """Sent too; they win over the client's."""
    extra_query: Mapping[str, QueryValue | Sequence[QueryValue]] | None
    """Added to the URL; a list is a name that comes several times."""


class RequestOptions(ListOptions, total=False):
    """How a call with a body is made."""

    extra_body: JSONObject | None
    """Fields that have no keyword here. Merged last, as they are."""
    session_affinity: str | None
    """Calls with one value go to one replica, whose prompt cache is warm: the header
    ``x-session-affinity``. One value for a conversation, not one for each call."""


class CallOptions(RequestOptions, total=False):
    """How a completion is made."""

    document_inlining: bool
    """Let the API turn documents into text for models that see no images."""


class ChatCallParams(ChatParams, CallOptions, total=False):
    """Every keyword of a chat call but ``model``, ``messages`` and ``stream``."""


class ParseParams(
    UnformattedParams, ToolParams, ConversationParams, CallOptions, total=False
):
    """The keywords of ``parse`` that every chat call has."""


class RunToolsParams(GenerationParams, ConversationParams, CallOptions, total=False):
    """The keywords of ``run_tools`` that every chat call has."""


class CompletionCallParams(CompletionParams, RequestOptions, total=False):
    """Every keyword of a text completion but ``model``, ``prompt`` and ``stream``."""


_CHAT_KEYWORDS = ChatCallParams.__optional_keys__
_OPTIONS = CallOptions.__optional_keys__
# RFC 9110, 5.6.2: a header's name is a token.
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SESSION = "x-session-affinity"
_LINE_BREAKING = r"[\x00\r\n]"


def split(
    params: Mapping[str, object],
    *,
    function: str = "create",
    keywords: Collection[str] = _CHAT_KEYWORDS,
    own: Collection[str] = (),
) -> tuple[dict[str, object], CallOptions]:
    """Separate the fields of the body from the options of the call.

    Args:
        params: The keywords as given.
        function: The method's name, for the error.
        keywords: The keywords that may be among ``params``.
        own: The method's others, which may be meant by one that is unknown.

    Raises:
        TypeError: A keyword is unknown, or an option is of the wrong type.
        ValueError: An option has a value that cannot be.
    """
    fields: dict[str, object] = {}
    options: dict[str, object] = {}
    for name, value in params.items():
        if name not in keywords:
            raise unexpected_keyword(
                function,
                name,
                [*own, *keywords],
                "a field without a keyword goes in extra_body",
            )
        (options if name in _OPTIONS else fields)[name] = value
    if options:
        _check_options(options)
    return fields, cast("CallOptions", options)


def _check_options(options: dict[str, object]) -> None:
    if "timeout" in options:
        options["timeout"] = Timeout.of(
            cast("Timeout | float | None", options["timeout"])
        )
    if "max_retries" in options:
        check_count("max_retries", options["max_retries"], at_least=0)
    if not isinstance(options.get("document_inlining", True), bool):
        raise TypeError("document_inlining: expected True or False")
    check_headers("extra_headers", options.get("extra_headers"))
    for name in ("extra_query", "extra_body"):
        value = options.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise TypeError(f"{name}: expected a mapping, not {type(value).__name__}")
    if query := options.get("extra_query"):
        options["extra_query"] = _texts(cast("Mapping[object, object]", query))
    session = options.pop("session_affinity", None)
    if session is not None:
        options["extra_headers"] = _with_session(session, options.get("extra_headers"))


def _texts(query: Mapping[object, object]) -> dict[str, list[str]]:
    """What each name of a query has for values, as text."""
    texts: dict[str, list[str]] = {}
    for name, value in query.items():
        several = isinstance(value, list | tuple)
        values = cast("Sequence[object]", value) if several else (value,)
        for each in values:
            if not isinstance(each, str | int | float):
                raise TypeError(
                    f"extra_query: the value of {name} is not text, a number or a list "
                    f"of them but {type(each).__name__}"
                )
        texts[str(name)] = [
            str(each).lower() if isinstance(each, bool) else str(each)
            for each in values
        ]
    return texts


def _with_session(session: object, headers: object) -> dict[str, str]:
    """Put the session among the headers, unless one of them says it already."""
    if not isinstance(session, str):
        raise TypeError(
            f"session_affinity: expected text, not {type(session).__name__}"
        )
    if not session or not session.isprintable() or not session.isascii():
        raise ValueError(
            "session_affinity: expected text that a header can hold, of letters, "
            "digits and signs"
        )
    named = cast("Mapping[str, str]", headers or {})
    if any(name.lower() == _SESSION for name in named):
        return dict(named)
    return {_SESSION: session, **named}


def unexpected_keyword(
    function: str, name: str, keywords: Collection[str], otherwise: str = ""
) -> TypeError:
    """Make the error for a keyword that ``function`` does not have.

    It names the keyword that was probably meant, or says ``otherwise``.
    """
    text = f"{function}() got an unexpected keyword argument {name!r}"
    # Known only to those who need it: it is a large part of what an import costs.
    import difflib  # noqa: PLC0415

    nearest = difflib.get_close_matches(name, keywords, n=1)
    if nearest:
        return TypeError(f"{text}; did you mean {nearest[0]!r}?")
    return TypeError(f"{text}; {otherwise}" if otherwise else text)


def check_count(name: str, value: object, *, at_least: int) -> None:
    """Raise a TypeError or ValueError unless ``value`` is an int that is big enough."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected an int, not {type(value).__name__}")
    if value < at_least:
        raise ValueError(f"{name}: expected at least {at_least}, not {value}")


def check_headers(name: str, headers: object) -> None:
    """Raise a TypeError or ValueError unless the headers can be sent.

    The text of the error never shows a value, nor a name that is none: a whole header,
    key included, may have been put there.
    """
    if headers is None:
        return
    if not isinstance(headers, Mapping):
        raise TypeError(f"{name}: expected a mapping, not {type(headers).__name__}")
    named = cast("Mapping[object, object]", headers)
    for number, (header, value) in enumerate(named.items(), start=1):
        if not isinstance(header, str) or not re.fullmatch(_HEADER_NAME, header):
            raise ValueError(f"{name}: the name of header {number} is malformed")
        if not isinstance(value, str):
            raise TypeError(
                f"{name}: the value of {header} is not text but {type(value).__name__}"
            )
        if re.search(_LINE_BREAKING, value):
            raise ValueError(f"{name}: the value of {header} holds a line break")
