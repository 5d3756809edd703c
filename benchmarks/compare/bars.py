"""The bars this library holds itself to, as ratios within one run, and the verdicts."""

from dataclasses import dataclass

from benchmarks.compare.results import Results

__all__ = ("BARS", "REFERENCE", "Bar")

REFERENCE = "msgspec"


@dataclass(frozen=True)
class Bar:
    """``case`` over ``other`` (or alone, where None), at most or at least ``limit``."""

    text: str
    scenario: str
    case: str
    metric: str
    limit: float
    other: str | None = REFERENCE
    at_least: bool = False

    def measured(self, results: Results) -> float | None:
        """The number that is held against the limit, None if it was not measured."""
        if self.other is None:
            return results.median(self.scenario, self.case, self.metric)
        return results.ratio(self.scenario, self.case, self.other, self.metric)

    def spread(self, results: Results) -> str:
        """Least and greatest ratio of a round."""
        if self.other is None:
            return ""
        all_ratios = results.ratios(self.scenario, self.case, self.other, self.metric)
        if len(all_ratios) < 2:
            return ""
        return f"{all_ratios[0]:.2f} to {all_ratios[-1]:.2f}"

    def verdict(self, results: Results) -> str:
        """met, missed, or not measured."""
        measured = self.measured(results)
        if measured is None:
            return "not measured"
        met = measured >= self.limit if self.at_least else measured <= self.limit
        return "met" if met else "MISSED"


_CHUNK = "cpu_us_per_chunk"
_CALL = "cpu_us_per_call"
_ITERATOR, _BATCHES, _COLLECTED = "ours, async for", "ours, batches", "ours, collected"

BARS = (
    Bar("burst, `async for`: CPU per chunk", "burst", _ITERATOR, _CHUNK, 1.3),
    Bar("burst, `batches()`: CPU per chunk", "burst", _BATCHES, _CHUNK, 1.1),
    Bar("burst, collected: CPU per chunk", "burst", _COLLECTED, _CHUNK, 1.0),
    Bar("short streamed call: CPU per call", "short", _ITERATOR, _CALL, 1.4),
    Bar("500 streams: CPU per chunk", "paced", _ITERATOR, _CHUNK, 1.2),
    Bar("500 streams: lag p99", "paced", _ITERATOR, "lag_p99_ms", 2.0),
    Bar("500 streams: memory per stream", "paced", _ITERATOR, "kib_per_stream", 1.3),
    Bar(
        "1,000 streams left and closed: seconds",
        *("close", _ITERATOR, "close_s"),
        limit=0.3,
        other=None,
    ),
    Bar(
        "1,000 streams closed under their readers: seconds",
        *("aclose", _ITERATOR, "close_s"),
        limit=0.3,
        other=None,
    ),
    Bar("`import fireworks_async`", "import", "ours", "import_ms", 0.2),
    Bar("ready to call", "import", "ours", "ready_ms", 1.15),
    Bar(
        "burst: the OpenAI SDK over `async for`",
        *("burst", "openai", _CHUNK),
        limit=35,
        other=_ITERATOR,
        at_least=True,
    ),
    Bar(
        "burst: the official SDK over `async for`",
        *("burst", "fireworks-ai", _CHUNK),
        limit=25,
        other=_ITERATOR,
        at_least=True,
    ),
)
