"""How several processes share one limit: each holds a lease on a part of it.

Pure bookkeeping, with time handed in. The parts held never come to more than the
whole: who comes new gets what is free, and the rest as soon as the others, asking
again, have been told to hold less.
"""

from typing import Final

import msgspec

__all__ = ("RENEW_AFTER", "Lease", "Leases")

RENEW_AFTER: Final = 1.0
"""Seconds after which a lease should be asked for again."""
_EXPIRES_AFTER: Final = 10.0
"""Seconds after which a holder that was not heard of is taken to be gone."""


class Lease(msgspec.Struct, frozen=True, gc=False):
    """A part of the whole.

    Attributes:
        share: Of every budget; 0 to 1.
        places: Rows in flight at most; None when their number is not shared.
    """

    share: float
    places: int | None


class _Holder(msgspec.Struct):
    lease: Lease
    heard_at: float
    is_busy: bool


class Leases:
    """All leases on one limit.

    Args:
        places: Rows in flight in all; None when each holder finds its own number.
    """

    def __init__(self, places: int | None) -> None:
        self._places = places
        self._holders: dict[str, _Holder] = {}

    def renew(self, name: str, held: Lease, *, busy: bool, now: float) -> Lease:
        """Ask for a part, which holds until the next asking.

        Args:
            name: Of the holder.
            held: What it holds. Told each time, so that the book can be begun anew.
            busy: Whether it has anything to send; who has not, holds nothing.
            now: Monotonic seconds.
        """
        self._forget_silent(now)
        holder = _Holder(held, now, busy)
        self._holders[name] = holder
        others = [each for key, each in self._holders.items() if key != name]
        takers = sorted(key for key, each in self._holders.items() if each.is_busy)
        if not busy:
            holder.lease = Lease(0.0, None if self._places is None else 0)
            return holder.lease
        free = max(0.0, 1.0 - sum(each.lease.share for each in others))
        share = min(1 / len(takers), free)
        places = None
        if self._places is not None:
            each_gets, left = divmod(self._places, len(takers))
            fair = each_gets + (takers.index(name) < left)
            taken = sum(each.lease.places or 0 for each in others)
            places = max(0, min(fair, self._places - taken))
        holder.lease = Lease(share, places)
        return holder.lease

    def leave(self, name: str) -> None:
        """A holder is done."""
        self._holders.pop(name, None)

    def _forget_silent(self, now: float) -> None:
        for name, holder in tuple(self._holders.items()):
            if now - holder.heard_at > _EXPIRES_AFTER:
                del self._holders[name]
