"""The prompt cache: which beginnings of prompts were seen before, in blocks.

Time is handed in; nothing here knows what a prompt means.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

__all__ = ("BLOCK", "PromptCache", "affinity", "isolation")

BLOCK = 16
_TOKEN_BYTES = 4
_BLOCK_BYTES = BLOCK * _TOKEN_BYTES
_MOST_BLOCKS = 1_000_000 // BLOCK


class PromptCache:
    """Remembers the last million tokens of prompts, and forgets what is unused longest.

    Only whole blocks of 16 tokens are found again, and never the whole of a prompt:
    its last token has to be processed for there to be an answer.
    """

    def __init__(self) -> None:
        self._ready_at: OrderedDict[int, float] = OrderedDict()

    def find(
        self,
        place: Hashable,
        prompts: Sequence[bytes],
        *,
        now: float,
        at_most: int | None = None,
    ) -> int:
        """Count the tokens at the beginnings of `prompts` that are there.

        Args:
            place: Where to look: what one place holds is unknown to the others.
            prompts: Prompts, four bytes a token.
            now: Seconds, on the clock of `store`.
            at_most: Tokens of a prompt that are found at most.
        """
        return sum(self._find(place, prompt, now, at_most) for prompt in prompts)

    def store(
        self, place: Hashable, prompts: Sequence[bytes], *, ready_at: float
    ) -> None:
        """Remember prompts, which are found from `ready_at` on."""
        for prompt in prompts:
            for block in _blocks(place, prompt):
                ready = self._ready_at.get(block, ready_at)
                self._ready_at[block] = min(ready, ready_at)
                self._ready_at.move_to_end(block)
        while len(self._ready_at) > _MOST_BLOCKS:
            self._ready_at.popitem(last=False)

    def _find(
        self, place: Hashable, prompt: bytes, now: float, at_most: int | None
    ) -> int:
        most = (len(prompt) // _TOKEN_BYTES - 1) // BLOCK
        if at_most is not None:
            most = min(most, at_most // BLOCK)
        found = 0
        for block in _blocks(place, prompt):
            ready_at = self._ready_at.get(block)
            if found >= most or ready_at is None or ready_at > now:
                break
            found += 1
        return found * BLOCK


def affinity(body: Mapping[str, Any], headers: Mapping[str, str], replicas: int) -> int:
    """Tell which replica a request wants: the same for one key; -1 without any."""
    key = (
        body.get("prompt_cache_key")
        or headers.get("x-multi-turn-session-id")
        or headers.get("x-session-affinity")
        or body.get("user")
    )
    return crc32(str(key).encode()) % replicas if key else -1


def isolation(body: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """Tell which part of the cache a request wants for itself, if any."""
    key: str | None = body.get("prompt_cache_isolation_key")
    return key or headers.get("x-prompt-cache-isolation-key")


def _blocks(place: Hashable, prompt: bytes) -> Iterator[int]:
    """Name each whole block by itself and all that comes before it."""
    name = hash(place)
    for start in range(0, len(prompt) - _BLOCK_BYTES + 1, _BLOCK_BYTES):
        name = hash((name, prompt[start : start + _BLOCK_BYTES]))
        yield name
