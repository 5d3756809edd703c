"""The numbers of one run: kept by round, compared within a round, told as medians."""

import statistics
from collections import defaultdict

__all__ = ("Results",)


class Results:
    """Metrics by (scenario, case, metric), one value a round."""

    def __init__(self) -> None:
        self._values: defaultdict[tuple[str, str, str], dict[int, float]]
        self._values = defaultdict(dict)

    def add(
        self,
        scenario: str,
        case: str,
        numbers: dict[str, float | int | None],
        round_number: int = 0,
    ) -> None:
        """Keep what one process said; None is something it could not know."""
        for metric, value in numbers.items():
            if value is not None:
                self._values[scenario, case, metric][round_number] = value

    def cases(self, scenario: str) -> list[str]:
        """Who has numbers in this scenario, in the order they came."""
        return list(dict.fromkeys(c for s, c, _ in self._values if s == scenario))

    def metrics(self, scenario: str) -> list[str]:
        """What was measured in this scenario."""
        return list(dict.fromkeys(m for s, _, m in self._values if s == scenario))

    def everywhere(self, metric: str) -> list[float]:
        """All values of this metric."""
        return [
            value
            for (_, _, its_metric), values in self._values.items()
            if its_metric == metric
            for value in values.values()
        ]

    def median(self, scenario: str, case: str, metric: str) -> float | None:
        """The median over the rounds."""
        values = self._values.get((scenario, case, metric))
        return statistics.median(values.values()) if values else None

    def ratios(self, scenario: str, case: str, other: str, metric: str) -> list[float]:
        """``case`` over ``other`` in each round that both ran in, sorted."""
        above = self._values.get((scenario, case, metric), {})
        below = self._values.get((scenario, other, metric), {})
        return sorted(
            above[number] / below[number]
            for number in above.keys() & below.keys()
            if below[number]
        )

    def ratio(self, scenario: str, case: str, other: str, metric: str) -> float | None:
        """The median of those ratios."""
        ratios = self.ratios(scenario, case, other, metric)
        return statistics.median(ratios) if ratios else None
