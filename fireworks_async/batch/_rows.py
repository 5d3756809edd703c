"""What one row of the input asks for: every accepted form, brought to one.

Three forms, told apart by what is there: ``{custom_id, method, url, body}`` (OpenAI's
batch line), ``{custom_id, body}`` (Fireworks') and the bare body, which may have a
``custom_id`` too. Nothing is read from a file here, and nothing is sent.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, TypeAlias, cast
from urllib.parse import urlsplit

import msgspec

from fireworks_async._client.options import CallOptions
from fireworks_async.batch._interfaces import Cause, Demand
from fireworks_async.batch._templates import Template

__all__ = (
    "ENDPOINTS",
    "NOT_FIELDS",
    "USUAL_ID",
    "Problem",
    "Row",
    "RowReader",
    "Source",
)

Source: TypeAlias = bytes | Mapping[str, object]
"""One row as it comes: a line of JSON, or what a table's row or a caller gave."""

ENDPOINTS: Final = {
    "/v1/chat/completions": ("messages",),
    "/v1/completions": ("prompt",),
    "/v1/embeddings": ("input",),
    "/v1/rerank": ("query", "documents"),
}
"""The endpoints that rows may go to, and the fields that each cannot do without."""

USUAL_ID: Final = "custom_id"
"""The field that is a row's name, where nothing else is said."""
_ENVELOPE: Final = "body"
# A row's body may name fields of the API only, not how the client calls it: headers
# from a data file could carry another key.
NOT_FIELDS: Final = CallOptions.__optional_keys__ - {"extra_body"}
"""Keywords of a call that are not for a row to say."""
_LONGEST_ID: Final = 512

_decode = msgspec.json.Decoder(dict[str, object]).decode
_canonical = msgspec.json.Encoder(order="sorted").encode


class Row(Demand, kw_only=True, gc=False):
    """One request of the batch.

    Attributes:
        line: Its number in the input, from 1.
        custom_id: Its name; empty until one is given to a row that has none.
        body: The request, as the API takes it, but for ``stream``.
        digest: SHA-256 of the endpoint and of the body in canonical JSON: equal
            digests ask for the same, whatever the order of keys and the blanks.
        attempts: Made so far.
        spent: US dollars that earlier attempts, of earlier runs too, cost at most.
        failures: Why the attempts of this run failed.
        answered_then: Rows that the run had answered when the first of them did.
    """

    line: int
    custom_id: str
    body: dict[str, object]
    digest: bytes
    attempts: int = 0
    spent: float = 0.0
    failures: tuple[Cause, ...] = ()
    answered_then: int = 0


class Problem(msgspec.Struct, kw_only=True, gc=False):
    """A row that makes no request.

    Attributes:
        line: Its number in the input, from 1.
        custom_id: Its name; empty when it has none, or one that is another row's.
        digest: SHA-256 of the row as it came.
        text: What is wrong with it.
    """

    line: int
    custom_id: str = ""
    digest: bytes
    text: str


class _NoRequestError(ValueError):
    """The row makes no request; the text says why."""


class RowReader:
    """Reads rows of one run.

    Args:
        model: Takes the place of every row's own.
        params: Fields for every row; the row's own win.
        template: Makes the body of a row's columns; None when rows hold requests.
        endpoint: Where rows go that do not say; None for what their fields tell.
        id_column: The field that is a row's name.
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        params: Mapping[str, object] | None = None,
        template: Template | None = None,
        endpoint: str | None = None,
        id_column: str = USUAL_ID,
    ) -> None:
        self._id_column = id_column
        self._model = model
        self._params = dict(params or {})
        self._template = template
        self._endpoint = None if endpoint is None else _known(endpoint)

    def read(self, line: int, source: Source) -> Row | Problem:
        """Make a request of a row, or say why there is none."""
        name = ""
        try:
            fields = _decoded(source)
            name = self._name(fields)
            body, endpoint = self._request(fields)
            return _row(line, name, endpoint, body)
        except (ValueError, TypeError, RecursionError) as error:
            text = str(error) or "nested too deeply"
            return Problem(
                line=line, custom_id=name, digest=_digest_of(source), text=text
            )

    def _name(self, fields: Mapping[str, object]) -> str:
        """The row's name; a number is taken as its digits, so that 1 and "1" are one."""
        column = self._id_column
        name = fields.get(column)
        if isinstance(name, int) and not isinstance(name, bool):
            name = str(name)
        if isinstance(name, str) and 0 < len(name) <= _LONGEST_ID:
            return name
        if name is None and column == USUAL_ID:
            return ""
        if name is None:
            # Who names a column means it; without one, names may be left out.
            raise _NoRequestError(f"there is no {column}, which should name the row")
        if not isinstance(name, str):
            raise _NoRequestError(f"{column}: expected text")
        raise _NoRequestError(f"{column}: expected 1 to {_LONGEST_ID} characters")

    def _request(self, fields: dict[str, object]) -> tuple[dict[str, object], str]:
        url = self._endpoint
        given: Mapping[str, object]
        if self._template is not None:
            given = self._template.body(fields)
        elif _ENVELOPE in fields:
            given, url = _opened(fields, url)
        else:
            given = {key: fields[key] for key in fields if key != self._id_column}
        body = {**self._params, **given}
        if self._model is not None:
            body["model"] = self._model
        if not isinstance(body.get("model"), str):
            raise _NoRequestError("no model: name one in the row, or for the whole run")
        # Every completion is sent as a stream, whatever a row says.
        body.pop("stream", None)
        if not NOT_FIELDS.isdisjoint(body):
            field = next(field for field in body if field in NOT_FIELDS)
            raise _NoRequestError(f"{field} is no field of the API")
        endpoint = url or _guessed(body)
        # OpenAI's word for what this API answers anyway, and knows no field for.
        if endpoint == "/v1/embeddings" and body.get("encoding_format") == "float":
            del body["encoding_format"]
        return body, endpoint


def _decoded(source: Source) -> dict[str, object]:
    if not isinstance(source, bytes):
        # A caller's iterable may give anything.
        given = cast("object", source)
        if not isinstance(given, Mapping):
            raise _NoRequestError(
                "expected a mapping, such as {'messages': [...]}, not "
                f"{type(given).__name__}"
            )
        if None in source:
            raise _NoRequestError("the row has more values than there are columns")
        return dict(source)
    try:
        return _decode(source)
    except UnicodeDecodeError:
        raise _NoRequestError("the line is no UTF-8") from None
    except msgspec.ValidationError:
        raise _NoRequestError(_unlike_an_object(source)) from None
    except msgspec.DecodeError as error:
        raise _NoRequestError(
            _unlike_an_object(source, f"the line is no JSON: {error}")
        ) from None


def _unlike_an_object(
    source: bytes, otherwise: str = "the line is JSON, but no object"
) -> str:
    """Say what a line is, for the two kinds of files that are often given instead."""
    if b"\0" in source:
        return "the line is no UTF-8 (UTF-16 has such zero bytes)"
    if source.lstrip().startswith(b"["):
        return "the line begins an array; rows are objects, one a line (jq -c '.[]')"
    return otherwise


def _opened(
    fields: Mapping[str, object], endpoint: str | None
) -> tuple[Mapping[str, object], str | None]:
    """Body and endpoint of a line that wraps its body; what else it holds is not sent."""
    body, method, url = fields[_ENVELOPE], fields.get("method"), fields.get("url")
    if not isinstance(body, Mapping):
        raise _NoRequestError("body: expected an object")
    if method is not None and method != "POST":
        raise _NoRequestError(f"method: expected POST, not {method!r}")
    if url is not None:
        if not isinstance(url, str):
            raise _NoRequestError("url: expected text")
        endpoint = _known(url)
    return cast("Mapping[str, object]", body), endpoint


def _known(url: str) -> str:
    """The endpoint that a URL or a path names, with or without what stands before."""
    path = urlsplit(url).path
    for endpoint in ENDPOINTS:
        # The shorter is the end of the longer.
        if path.rstrip("/").removeprefix("/inference") in (endpoint, endpoint[3:]):
            return endpoint
    raise _NoRequestError(f"url: expected one of {', '.join(ENDPOINTS)}, not {url!r}")


def _guessed(body: Mapping[str, object]) -> str:
    for endpoint, needed in ENDPOINTS.items():
        if needed[0] in body:
            return endpoint
    raise _NoRequestError("neither messages, prompt, input nor query is there")


def _row(line: int, name: str, endpoint: str, body: dict[str, object]) -> Row:
    for field in ENDPOINTS[endpoint]:
        if body.get(field) is None:
            raise _NoRequestError(f"{field} is missing, which {endpoint} needs")
    canonical = _canonical(body)
    digest = hashlib.sha256(b"%b\n%b" % (endpoint.encode(), canonical)).digest()
    most = body.get("max_tokens", body.get("max_completion_tokens"))
    choices = body.get("n")
    return Row(
        line=line,
        custom_id=name,
        endpoint=endpoint,
        model=cast("str", body["model"]),
        body=body,
        digest=digest,
        prompt_bytes=len(canonical),
        max_tokens=most if isinstance(most, int) and most >= 0 else None,
        choices=choices if isinstance(choices, int) and choices > 1 else 1,
    )


def _digest_of(source: Source) -> bytes:
    data = source if isinstance(source, bytes) else repr(source).encode()
    return hashlib.sha256(data).digest()
