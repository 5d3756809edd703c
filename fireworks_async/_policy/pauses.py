"""When nothing may be sent for a while: the herd waits, and one call tries the way.

Three reasons, each with its own schedule: the API asked to wait, calls fail one after
another and none succeeds, a deployment is starting. Time and chance are handed in.
"""

import math
from typing import Final, Literal, TypeAlias

__all__ = ("PauseReason", "Pauses")

PauseReason: TypeAlias = Literal[
    "the API's Retry-After",
    "a spent budget",
    "failures",
    "a deployment that is starting",
]

_LONGEST_ASKED: Final = 60.0
"""Seconds that a Retry-After pauses all calls at most; then one call asks again."""
_PATIENCE: Final = 4
"""Failures in a row, each of a call admitted after the one before, that are a pattern."""
_LULL: Final = 0.5
"""Seconds without a success, without which failures in a row are but quick ones."""
_BACKOFF: Final = (0.5, 2.0, 30.0)
"""First pause, factor, longest."""
_SPENT: Final = (0.25, 2.0, 8.0)
"""The same, when a budget is used up: it is refilled within a minute."""
_SCALING_UP: Final = (5.0, 1.5, 60.0)
"""The same, as Fireworks' documentation suggests for deployments scaled to zero."""


class Pauses:
    """The pauses of all calls.

    Of calls that were in flight together the first to fail counts; what the others say
    is the same news. Arguments that come again and again: ``sequence`` is the number
    of the call in the order of admission, ``latest`` that of the call admitted last,
    ``random`` a number from 0 to 1, ``now`` monotonic seconds.

    Attributes:
        probing: Whether, once the pause is over, a single call is to go ahead.
        reason: Of the pause that is on, or was the last.
        until: When nothing is sent before; monotonic seconds.
    """

    __slots__ = (
        "_episode_ends",
        "_failures",
        "_refusals",
        "_succeeded_at",
        "_waking",
        "probing",
        "reason",
        "until",
    )

    def __init__(self) -> None:
        self.probing = False
        self.reason: PauseReason = "failures"
        self.until = 0.0
        self._succeeded_at = -math.inf
        # In a row: failures, refusals for a spent budget, answers of starting up.
        self._failures = 0
        self._refusals = 0
        self._waking = 0
        self._episode_ends = 0

    def succeeded(self, sequence: int, now: float) -> bool:
        """A call was answered; whether that ends an outage."""
        self._failures = 0
        self._succeeded_at = now
        if sequence <= self._episode_ends:
            # Admitted before the trouble began: of that it says nothing.
            return False
        was_down = self.probing and not self._refusals
        self._refusals = self._waking = 0
        self.probing = False
        return was_down

    def asked(self, seconds: float, now: float) -> None:
        """The API asked to wait, in an answer to a call that was refused."""
        until = now + min(seconds, _LONGEST_ASKED)
        if until > self.until:
            self.until = until
            self.reason = "the API's Retry-After"

    def failed(
        self,
        sequence: int,
        *,
        latest: int,
        random: float,
        now: float,
        hopeless: bool = False,
    ) -> None:
        """A call failed, or was refused.

        A few failures pause nothing: others may go well. After several in a row, with
        no success in between, each further one doubles the pause. When nearly all
        fail, successes of calls that were sent before do not count.
        """
        if self._is_known(sequence, latest):
            return
        self._failures += 1
        is_lull = now - self._succeeded_at >= _LULL
        if hopeless or (self._failures >= _PATIENCE and is_lull):
            earlier = max(0, self._failures - _PATIENCE)
            self._pause(_BACKOFF, earlier, random, now, "failures")

    def spent(self, sequence: int, *, latest: int, random: float, now: float) -> None:
        """A call was refused because a budget is used up.

        Budgets that are refilled steadily need no pause beyond what they are paced by;
        those that are refilled once a minute are asked for ever more rarely.
        """
        if self._is_known(sequence, latest):
            return
        self._pause(_SPENT, self._refusals, random, now, "a spent budget")
        self._refusals += 1

    def scaling_up(
        self, sequence: int, *, latest: int, random: float, now: float
    ) -> None:
        """A call was answered that the deployment is starting."""
        if self._is_known(sequence, latest):
            return
        reason: PauseReason = "a deployment that is starting"
        self._pause(_SCALING_UP, self._waking, random, now, reason)
        self._waking += 1

    def _is_known(self, sequence: int, latest: int) -> bool:
        """Whether the call went together with one that has failed before."""
        if sequence <= self._episode_ends:
            return True
        self._episode_ends = latest
        return False

    def _pause(
        self,
        schedule: tuple[float, float, float],
        earlier: int,
        random: float,
        now: float,
        reason: PauseReason,
    ) -> None:
        first, factor, longest = schedule
        # The power stays small: the longest pause is reached long before.
        seconds = min(longest, first * factor ** min(earlier, 30))
        self.probing = True
        self.reason = reason
        # Up to a fifth more, so that many processes do not come back together.
        self.until = max(self.until, now + seconds * (1 + random / 5))
