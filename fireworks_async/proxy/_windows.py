"""How much of something there was within the last minute; who may do what is not here."""

__all__ = ("MinuteWindow", "TokenWindow")

_SPAN = 60.0


class MinuteWindow:
    """A count over the last minute, in constant space.

    Two buckets of a minute each; the older one counts by the part of it that is still
    within the last sixty seconds, as if it had been filled evenly.
    """

    __slots__ = ("_before", "_began", "_now")

    def __init__(self) -> None:
        self._began = 0.0
        self._before = 0.0
        self._now = 0.0

    def add(self, amount: float, *, now: float) -> None:
        """Count; ``now`` is in monotonic seconds."""
        self._turn(now)
        self._now += amount

    def total(self, *, now: float) -> float:
        """What the last minute comes to."""
        self._turn(now)
        return self._now + self._before * (1.0 - (now - self._began) / _SPAN)

    def wait(self, room: float, *, now: float) -> float:
        """Seconds until no more than ``room`` is left, if nothing is added."""
        excess = self.total(now=now) - room
        if excess <= 0:
            return 0.0
        elapsed = now - self._began
        if self._before > 0:
            seconds = excess / self._before * _SPAN
            if elapsed + seconds <= _SPAN:
                return seconds
        # Then this minute's own begins to fade.
        left = max(0.0, 1.0 - max(0.0, room) / self._now) if self._now else 0.0
        return _SPAN - elapsed + left * _SPAN

    def _turn(self, now: float) -> None:
        elapsed = now - self._began
        if elapsed < _SPAN:
            return
        if elapsed < 2 * _SPAN:
            self._before, self._now = self._now, 0.0
            self._began += _SPAN
        else:
            self._before = self._now = 0.0
            self._began = now


class TokenWindow:
    """Tokens of the last minute, and those that calls under way will probably take."""

    __slots__ = ("_held", "_used")

    def __init__(self) -> None:
        self._used = MinuteWindow()
        self._held = 0.0

    def wait(self, limit: float, tokens: float, *, now: float) -> float:
        """Seconds until so many more fit; what is larger than the limit needs all."""
        room = limit - min(limit, max(1.0, tokens)) - self._held
        return self._used.wait(room, now=now)

    def hold(self, tokens: float) -> None:
        """Set aside what a call will probably take."""
        self._held += tokens

    def release(self, tokens: float) -> None:
        """Set it aside no longer; what the call took is added."""
        self._held -= tokens

    def add(self, tokens: float, *, now: float) -> None:
        """Count what a call took."""
        self._used.add(tokens, now=now)
