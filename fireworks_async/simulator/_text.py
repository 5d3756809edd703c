"""What the stand-in model says, and how it counts: the same for the same seed."""

import random
import re
import zlib
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec

__all__ = (
    "MEDIA_TOKENS",
    "alternatives",
    "count_prompt_tokens",
    "dice",
    "log_probability",
    "split_json",
    "split_words",
    "token_id",
    "word_of",
    "words",
)

MEDIA_TOKENS = 256

_VOCABULARY: tuple[str, ...] = tuple(
    re.findall(
        r"\s\w+",
        " the a of to in and is that it for on with as at by from this each one all"
        " small large quick quiet bright early late first last next other same new"
        " old river hill road house garden window table letter story answer question"
        " number morning evening winter summer light sound water stone field forest"
        " people children friend teacher worker traveller town city market harbour"
        " finds keeps gives takes shows turns moves begins ends follows carries holds"
        " reads writes asks tells learns knows makes builds opens closes waits stays"
        " over under between along across toward near after before while because"
        " slowly gently often always sometimes together again perhaps soon enough",
    )
)
_WORDS = re.compile(r"\s*\S+|\s+$")
_JSON_PIECES = re.compile(r'[{}\[\],:]|"|[^{}\[\],:"]{1,4}')
_MESSAGE_OVERHEAD = 4
_REPLY_OVERHEAD = 3
_IDS = 100_000


def dice(seed: int, model: str, messages: object, request_seed: object) -> str:
    """Give the name of the random sequence that answers this conversation."""
    what = msgspec.json.encode([seed, model, messages, request_seed])
    return blake2b(what, digest_size=16).hexdigest()


def words(sequence: str, count: int) -> list[str]:
    """Say `count` tokens: a sentence of plausible words, without its full stop."""
    if count <= 0:
        return []
    picked = random.Random(sequence).choices(_VOCABULARY, k=count)  # noqa: S311 - text
    picked[0] = picked[0].strip().capitalize()
    return picked


def split_words(text: str) -> list[str]:
    """Cut a text into tokens: words, each with the blanks before it."""
    return _WORDS.findall(text)


def split_json(text: str) -> list[str]:
    """Cut JSON into tokens: marks, and pieces of at most four characters."""
    return _JSON_PIECES.findall(text)


def token_id(token: str) -> int:
    """Give the number of a token in the stand-in vocabulary."""
    return zlib.crc32(token.encode()) % _IDS


def word_of(number: int) -> str:
    """Give the text of a token of which only the number is known."""
    return _VOCABULARY[number % len(_VOCABULARY)]


def log_probability(token: str, position: int) -> float:
    """Give a log probability between -1 and 0 for a token that was picked."""
    return -(zlib.crc32(f"{position}{token}".encode()) % 1000) / 1000


def alternatives(token: str, position: int, count: int) -> dict[str, float]:
    """Give `count` tokens that were not picked, the likeliest first."""
    start = token_id(token) + position
    picked = log_probability(token, position)
    others: dict[str, float] = {}
    for step in range(count + 1):
        other = _VOCABULARY[(start + step) % len(_VOCABULARY)]
        if other != token and len(others) < count:
            others[other] = round(picked - 1 - step / 10, 3)
    return others


def count_prompt_tokens(messages: Sequence[dict[str, Any]], tools: object) -> int:
    """Count a prompt by a rule that tests can repeat.

    Three for the reply's head, and for each message four and a quarter of the UTF-8
    bytes of its texts (content, reasoning, tool calls as JSON), rounded up; 256 for each
    image, video or audio part; and for the tools a quarter of the bytes of their JSON.
    """
    total = _REPLY_OVERHEAD
    for message in messages:
        size, media = _size_of(message)
        total += _MESSAGE_OVERHEAD + -(-size // 4) + media * MEDIA_TOKENS
    if tools:
        total += -(-len(msgspec.json.encode(tools)) // 4)
    return total


def _size_of(message: dict[str, Any]) -> tuple[int, int]:
    size = len((message.get("reasoning_content") or "").encode())
    if calls := message.get("tool_calls"):
        size += len(msgspec.json.encode(calls))
    content = message.get("content") or ""
    if isinstance(content, str):
        return size + len(content.encode()), 0
    texts = [part.get("text") or "" for part in content]
    media = sum(any(key.endswith("_url") for key in part) for part in content)
    return size + sum(len(text.encode()) for text in texts), media
