"""How much longer the first token takes than it did: a sign of a queue at the server.

The total time of a call follows the length of its answer and says nothing; the time to
its first token follows the length of its prompt, so that prompts are compared with
prompts of their size only.
"""

from typing import Final

__all__ = ("TTFTDrift",)

_FALL: Final = 0.2
"""How much of the way the baseline goes towards a shorter time at once."""
_RISE: Final = 600.0
"""Seconds in which it goes most of the way towards a longer one.

Long, so that a queue does not become the new normal while it is being worked off.
"""


class TTFTDrift:
    """The usual time to first token by prompt size, and what exceeds it."""

    __slots__ = ("_usual",)

    def __init__(self) -> None:
        # By the magnitude of the prompt: the usual time, and when it was looked at.
        self._usual: dict[int, tuple[float, float]] = {}

    def excess(
        self, ttft: float, *, prompt_tokens: float, now: float
    ) -> tuple[float, float]:
        """Hear of a first token.

        Args:
            ttft: Seconds from sending to the first token.
            prompt_tokens: Those that had to be processed.
            now: Monotonic seconds.

        Returns:
            Seconds beyond the usual, and the usual.
        """
        size = int(prompt_tokens).bit_length()
        usual, seen_at = self._usual.get(size, (ttft, now))
        excess = max(0.0, ttft - usual)
        share = _FALL if ttft < usual else min(1.0, (now - seen_at) / _RISE)
        updated = usual + share * (ttft - usual)
        self._usual[size] = (updated, now)
        return excess, updated

    def forget(self) -> None:
        """Begin anew: the server has become slower, and not by our calls."""
        self._usual.clear()
