"""What travels in every run: the words sent, the bytes around them, the ways to send.

The server writes by this page and the clients are checked by it, so that neither can
drift from the other. Standard library only: every peer's environment imports it.
"""

import json
from typing import NamedTuple

__all__ = (
    "API_KEY",
    "MESSAGES",
    "MODEL",
    "Ending",
    "chunks_of",
    "closing_chunks",
    "completion_body",
    "delta_chunk",
    "expected_text",
    "flat_path",
    "hold_path",
    "opening_chunk",
    "paced_path",
    "word",
)

API_KEY = "fw_benchmark"
MODEL = "accounts/fireworks/models/m"
MESSAGES = [{"role": "user", "content": "Say something of the asked length, please."}]
PROMPT_TOKENS = 17

# About four characters each, as tokens are; one needs escaping, one is not ASCII.
WORDS = (
    *(" the", " mod", "els ", "spea", "k in", " sma", "ll p", "iece", "s, é"),
    *(" and", " som", 'e "q', "uote", "d:\n\n", "- li", "nes "),
)

_IDENTITY = {
    "id": "chatcmpl-7f3c2a90b1d84e5f9a6c0d1e2f3a4b5c",
    "object": "chat.completion.chunk",
    "created": 1763770000,
    # A name of the usual length, which makes a chunk of 250 bytes.
    "model": "accounts/fireworks/models/llama-v3p3-70b-instruct",
}


class Ending(NamedTuple):
    """What a client says about how its stream ended, checked beside the text."""

    finish_reason: str | None
    completion_tokens: int | None


def word(index: int) -> str:
    """The text of the delta at ``index``."""
    return WORDS[index % len(WORDS)]


def expected_text(deltas: int) -> str:
    """All that a client must have read at the end of a flat stream."""
    return "".join(map(word, range(deltas)))


def flat_path(events_per_write: int) -> str:
    """As fast as the reader takes it, so many events in one write."""
    return f"/flat/{events_per_write}"


def paced_path(gap: float, streams: int) -> str:
    """One event every ``gap`` seconds, from the moment so many streams are open.

    The text of each delta is the server's monotonic clock at its write.
    """
    return f"/paced/{round(gap * 1e6)}/{streams}"


def hold_path() -> str:
    """One delta, then silence until the client leaves."""
    return "/hold"


def _encode(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _chunk(choices: list[object], usage: object = None) -> bytes:
    return _encode({**_IDENTITY, "choices": choices, "usage": usage})


def _usage(deltas: int) -> dict[str, object]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "total_tokens": PROMPT_TOKENS + deltas,
        "completion_tokens": deltas,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def _choice(delta: dict[str, str], finish_reason: str | None = None) -> object:
    return {
        "index": 0,
        "delta": delta,
        "finish_reason": finish_reason,
    }


def delta_chunk(text: str) -> bytes:
    """One chunk with one choice that adds ``text``."""
    return _chunk([_choice({"content": text})])


def opening_chunk() -> bytes:
    """The first chunk: the role and no text."""
    return _chunk([_choice({"role": "assistant", "content": ""})])


def closing_chunks(deltas: int) -> tuple[bytes, bytes]:
    """The finish chunk, and the usage chunk with empty choices."""
    return _chunk([_choice({}, "stop")]), _chunk([], _usage(deltas))


def chunks_of(deltas: int) -> int:
    """How many chunks a stream of so many deltas has: role, deltas, finish, usage."""
    return deltas + 3


def completion_body(deltas: int) -> bytes:
    """The answer to a call that asked for no stream."""
    message = {"role": "assistant", "content": expected_text(deltas)}
    return _encode(
        {
            **_IDENTITY,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": _usage(deltas),
        }
    )
