"""Requests from files: JSON lines of several kinds, ShareGPT, and traces."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._workload import Endpoint, Item

__all__ = ("read_items", "read_trace")

_LENGTHS = {
    "input": ("input_length", "input_tokens", "prompt_tokens", "context_tokens"),
    "output": (
        "output_length",
        "output_tokens",
        "completion_tokens",
        "generated_tokens",
    ),
}
_HUMAN = ("human", "user")


def read_items(path: str | Path, endpoint: Endpoint) -> tuple[Item, ...]:
    """Read requests.

    A row is a request body (``messages``, ``prompt``, ``input``, or ``query`` and
    ``documents``), a line of a batch (``body``), or a conversation of ShareGPT. Its
    ``model`` and ``stream`` are not looked at; ``weight`` repeats it.

    Raises:
        LoadTestError: There is no such file, or a row is none of these.
    """
    items = [
        item
        for number, row in _rows(Path(path))
        for item in [_item(row, endpoint, f"{path}, row {number}")]
        for _ in range(max(1, round(float(row.get("weight") or 1))))
    ]
    if not items:
        raise LoadTestError(f"{path} holds no requests")
    return tuple(items)


def read_trace(path: str | Path) -> tuple[tuple[float, ...], tuple[Item, ...]]:
    """Read a trace: rows with ``timestamp`` and a body or lengths.

    Timestamps are seconds, or milliseconds where a row has Mooncake's ``input_length``;
    the first is the beginning.

    Raises:
        LoadTestError: There is no such file, or a row is none of these.
    """
    rows = list(_rows(Path(path)))
    found: list[tuple[float, Item]] = []
    for number, row in rows:
        where = f"{path}, row {number}"
        moment = row.get("timestamp", row.get("at"))
        if not isinstance(moment, int | float):
            raise LoadTestError(f"{where}: no timestamp")
        scale = 1e-3 if "input_length" in row else 1.0
        found.append((moment * scale, _traced(row, where)))
    if not found:
        raise LoadTestError(f"{path} holds no requests")
    found.sort(key=lambda pair: pair[0])
    first = found[0][0]
    return tuple(at - first for at, _ in found), tuple(item for _, item in found)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LoadTestError(f"{path}: {error.strerror}") from None
    try:
        # ShareGPT is one array; all else is a row a line.
        if data.lstrip()[:1] == b"[":
            rows: list[Any] = msgspec.json.decode(data)
        else:
            lines = [line for line in data.splitlines() if line.strip()]
            rows = [msgspec.json.decode(line) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LoadTestError(
            f"{path} has neither a JSON object a line nor one array of them: {error}"
        ) from None
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise LoadTestError(f"{path}, row {number}: no JSON object")
        yield number, cast("dict[str, Any]", row)


def _item(row: dict[str, Any], endpoint: Endpoint, where: str) -> Item:
    turns = row.get("conversations", row.get("conversation"))
    if turns is not None:
        return _of_sharegpt(turns, where)
    body: dict[str, Any] = {**row.get("body", row)}
    for name in ("model", "stream", "weight", "custom_id", "timestamp", "at"):
        body.pop(name, None)
    messages = body.pop("messages", None)
    prompt = body.pop("prompt", None)
    text = body.pop("input", body.pop("query", prompt))
    documents = body.pop("documents", [])
    if messages is None and isinstance(text, str):
        messages = [{"role": "user", "content": text}]
    if endpoint != "chat" and not isinstance(text, str):
        text = _last_text(messages or [])
    if not messages:
        raise LoadTestError(f"{where}: no messages, prompt, input or query")
    output = body.get("max_tokens", body.get("max_completion_tokens"))
    return Item(
        messages=messages,
        text=text or "",
        documents=documents,
        params=body,
        output_tokens=output,
    )


def _of_sharegpt(turns: list[dict[str, Any]], where: str) -> Item:
    asked = [str(turn["value"]) for turn in turns if turn.get("from") in _HUMAN]
    if not asked:
        raise LoadTestError(f"{where}: nobody asks anything")
    return Item(messages=[{"role": "user", "content": asked[0]}], text=asked[0])


def _traced(row: dict[str, Any], where: str) -> Item:
    lengths = {
        side: next((row[name] for name in names if name in row), None)
        for side, names in _LENGTHS.items()
    }
    if lengths["input"] is None:
        return _item(row, "chat", where)
    # Its prompt is made when it is due, of this length.
    return Item(
        prompt_tokens=max(1, int(lengths["input"])),
        output_tokens=max(1, int(lengths["output"] or 1)),
    )


def _last_text(messages: list[dict[str, Any]]) -> str:
    return next(
        (
            str(message["content"])
            for message in reversed(messages)
            if isinstance(message.get("content"), str)
        ),
        "",
    )
