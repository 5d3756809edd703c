"""How many tokens a prompt or an answer has, as a distribution; no text is made here."""

import math
import random
import re
from typing import Literal

import msgspec

from fireworks_async.errors import LoadTestError

__all__ = ("Lengths",)

_FORMS = re.compile(
    r"(?:(?P<from>\d+)-(?P<to>\d+)|(?P<log>log:)?(?P<mean>\d+)(?:~(?P<spread>\d+))?)"
)


class Lengths(msgspec.Struct, frozen=True):
    """A distribution of token counts.

    Attributes:
        kind: ``fixed``, ``uniform`` (from ``first`` to ``second``), ``normal`` or
            ``lognormal`` (mean ``first``, standard deviation ``second``).
        first: In tokens.
        second: In tokens; 0 when fixed.
    """

    kind: Literal["fixed", "uniform", "normal", "lognormal"]
    first: int
    second: int = 0

    @classmethod
    def parse(cls, text: "str | int | Lengths") -> "Lengths":
        """Read ``512``, ``256-1024``, ``512~64`` (normal) or ``log:512~300``.

        Raises:
            LoadTestError: It is none of these.
        """
        if isinstance(text, Lengths):
            return text
        found = _FORMS.fullmatch(str(text).strip())
        if found is None:
            raise LoadTestError(
                f"{text!r} is no number of tokens: write 512, 256-1024, 512~64 or "
                "log:512~300"
            )
        if found["from"] is not None:
            low, high = sorted((int(found["from"]), int(found["to"])))
            return cls("uniform", max(1, low), max(1, high))
        mean = max(1, int(found["mean"]))
        if not int(found["spread"] or 0):
            return cls("fixed", mean)
        kind: Literal["lognormal", "normal"] = "lognormal" if found["log"] else "normal"
        return cls(kind, mean, int(found["spread"]))

    def __str__(self) -> str:
        match self.kind:
            case "fixed":
                return str(self.first)
            case "uniform":
                return f"{self.first}-{self.second}"
            case "normal":
                return f"{self.first}~{self.second}"
            case "lognormal":
                return f"log:{self.first}~{self.second}"

    @property
    def mean(self) -> float:
        """The expected number of tokens."""
        if self.kind == "uniform":
            return (self.first + self.second) / 2
        return float(self.first)

    def draw(self, dice: random.Random) -> int:
        """One length, at least 1."""
        match self.kind:
            case "fixed":
                return self.first
            case "uniform":
                return dice.randint(self.first, self.second)
            case "normal":
                return max(1, round(dice.gauss(self.first, self.second)))
            case "lognormal":
                # The parameters of the normal that is raised, from mean and spread.
                ratio = self.second / self.first
                sigma = math.log1p(ratio * ratio) ** 0.5
                mu = math.log1p(self.first - 1) - sigma * sigma / 2
                return max(1, round(dice.lognormvariate(mu, sigma)))
