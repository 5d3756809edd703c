"""Which loads are run: one after the other, or by bisection to the greatest that does.

Decides and runs nothing: it is told how a level did, and answers with the next.
"""

import msgspec

__all__ = ("Bisection", "Search", "Step")

_MOST_STEPS = 24


class Step(msgspec.Struct, frozen=True):
    """One level that was tried.

    Attributes:
        level: Requests a second, or how many at once.
        passed: Whether it met the targets.
    """

    level: float
    passed: bool


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """How the greatest load under the targets was found.

    Attributes:
        targets: In words.
        by: ``rate`` or ``concurrency``.
        greatest: The greatest level that passed; None: none did.
        least_failed: The least that failed; None: none did.
        steps: In the order in which they were tried.
    """

    targets: str
    by: str
    greatest: float | None
    least_failed: float | None
    steps: list[Step]


class Bisection:
    """Doubles a level until it fails, then halves the distance between the two.

    Args:
        start: The first level.
        is_whole: Whether levels are whole numbers.
        precision: How near, as a share of the level, is near enough.
    """

    def __init__(
        self, start: float, *, is_whole: bool, precision: float = 0.04
    ) -> None:
        self._is_whole = is_whole
        self._precision = precision
        self._start = float(max(1, round(start))) if is_whole else start
        self.passed: float | None = None
        self.failed: float | None = None
        self.steps: list[Step] = []

    def tell(self, level: float, *, passed: bool) -> None:
        """How a level did."""
        self.steps.append(Step(level, passed))
        if passed:
            self.passed = level if self.passed is None else max(self.passed, level)
        else:
            self.failed = level if self.failed is None else min(self.failed, level)

    def following(self) -> float | None:
        """The next level to try; None: the greatest is known well enough."""
        if len(self.steps) >= _MOST_STEPS:
            return None
        if self.passed is None and self.failed is None:
            return self._start
        if self.failed is None:
            return (self.passed or self._start) * 2
        if self.passed is None:
            lower = self._rounded(self.failed / 2)
            return lower if 0 < lower < self.failed else None
        if self.failed - self.passed <= self._precision * self.failed:
            return None
        middle = self._rounded((self.passed + self.failed) / 2)
        return middle if self.passed < middle < self.failed else None

    def _rounded(self, level: float) -> float:
        return float(int(level)) if self._is_whole else level
