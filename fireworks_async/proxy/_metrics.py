"""Numbers for those who watch: counted here, told in Prometheus' form.

Counting is adding to plain numbers; what they are called is decided when somebody asks.
Of several processes each keeps its own, and whoever is asked adds them up.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from fireworks_async.errors import ProxyConfigError

if TYPE_CHECKING:
    from prometheus_client.core import Metric

__all__ = (
    "CONTENT_TYPE",
    "Gauges",
    "Histogram",
    "Metrics",
    "ModelNumbers",
    "exposition",
)

KeyT = TypeVar("KeyT", str, int)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0),
)
_MOST_MODELS: Final = 500
_OTHERS: Final = "(others)"
_PREFIX: Final = "fireworks_gateway"


class Histogram(msgspec.Struct):
    """How long something took, by classes of length.

    Attributes:
        counts: By class; the last is for all that is longer.
        total: Seconds in all.
    """

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds

    def merge(self, other: "Histogram") -> None:
        """Count another's."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.total += other.total

    def buckets(self) -> list[tuple[str, float]]:
        """Bounds and counts up to them, as Prometheus has it."""
        found: list[tuple[str, float]] = []
        running = 0
        for bound, count in zip((*_BOUNDS, "+Inf"), self.counts, strict=True):
            running += count
            found.append((str(bound), running))
        return found


class ModelNumbers(msgspec.Struct):
    """What calls of one model came to."""

    statuses: dict[int, int] = {}
    retries: int = 0
    fallbacks: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    unreported: int = 0
    unpriced: int = 0
    usd: float = 0.0
    seconds: Histogram = msgspec.field(default_factory=Histogram)
    first: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: "ModelNumbers") -> None:
        """Add another's."""
        _add(self.statuses, other.statuses)
        for name in _SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.seconds.merge(other.seconds)
        self.first.merge(other.first)


_SUMMED: Final = (
    "retries",
    "fallbacks",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "unreported",
    "unpriced",
    "usd",
)


class Metrics(msgspec.Struct):
    """All that one process counts.

    Attributes:
        models: By the callers' names.
        refused: Requests that were answered before they became a call, by status.
        in_flight: Calls that are being answered, by deployment's id.
        streaming: Chunks of streams that are under way, by model.
    """

    models: dict[str, ModelNumbers] = {}
    refused: dict[int, int] = {}
    in_flight: dict[str, int] = {}
    streaming: dict[str, int] = {}

    def of(self, model: str) -> ModelNumbers:
        """The numbers of one model."""
        numbers = self.models.get(model)
        if numbers is None:
            # Callers choose names where any is taken: they must not fill the memory.
            if len(self.models) >= _MOST_MODELS:
                model = _OTHERS
            numbers = self.models.setdefault(model, ModelNumbers())
        return numbers

    def refuse(self, status: int) -> None:
        """Count a request that became no call."""
        self.refused[status] = self.refused.get(status, 0) + 1

    def merge(self, other: "Metrics") -> None:
        """Add another's."""
        for model, numbers in other.models.items():
            self.of(model).merge(numbers)
        _add(self.refused, other.refused)
        _add(self.in_flight, other.in_flight)
        _add(self.streaming, other.streaming)


class Gauges(msgspec.Struct):
    """What one process sees now, by deployment's id and model; and of its pool."""

    cooling: list[tuple[str, str, float]]
    latency: list[tuple[str, str, float]]
    remaining: list[tuple[str, str, float]]
    pool: dict[str, float]


def _add(counts: dict[KeyT, int], more: Mapping[KeyT, int]) -> None:
    for key, count in more.items():
        counts[key] = counts.get(key, 0) + count


def exposition(metrics: Metrics, gauges: Gauges) -> bytes:
    """Both in Prometheus' text form.

    Raises:
        ProxyConfigError: prometheus-client is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise ProxyConfigError(
            "/metrics needs prometheus-client: install fireworks-async[proxy]"
        ) from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(metrics, gauges))
    return generate_latest(registry)


class _Collector:
    """Gives prometheus-client what was counted."""

    def __init__(self, metrics: Metrics, gauges: Gauges) -> None:
        self._metrics = metrics
        self._gauges = gauges

    def collect(self) -> "Iterator[Metric]":
        yield from _counters(self._metrics)
        yield from _histograms(self._metrics)
        yield from _gauges(self._metrics, self._gauges)


def _counters(metrics: Metrics) -> "Iterator[Metric]":
    models = metrics.models.items()
    yield _counter(
        "requests",
        "Calls by model and status; 499 is a caller that left.",
        ("model", "status"),
        [
            ((model, str(status)), count)
            for model, each in models
            for status, count in each.statuses.items()
        ],
    )
    yield _counter(
        "refused",
        "Requests refused before they became a call.",
        ("status",),
        [((str(status),), count) for status, count in metrics.refused.items()],
    )
    yield _counter(
        "tokens",
        "Tokens as reported by the API; cached ones are among the prompt's.",
        ("model", "kind"),
        [
            ((model, kind), count)
            for model, each in models
            for kind, count in (
                ("prompt", each.prompt_tokens),
                ("cached", each.cached_tokens),
                ("completion", each.completion_tokens),
            )
        ],
    )
    for name, what, field in (
        ("spend_usd", "US dollars by list prices.", "usd"),
        ("retries", "Attempts beyond the first.", "retries"),
        ("fallbacks", "Calls that went to another name.", "fallbacks"),
        ("usage_missing", "Answers without usage.", "unreported"),
        ("price_missing", "Answers whose cost is not known.", "unpriced"),
    ):
        yield _counter(
            name,
            what,
            ("model",),
            [((model,), getattr(each, field)) for model, each in models],
        )


def _histograms(metrics: Metrics) -> "Iterator[Metric]":
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - an extra

    for name, what, field in (
        ("request_seconds", "From the request to the end of its answer.", "seconds"),
        ("first_event_seconds", "From the request to the first event.", "first"),
    ):
        family = HistogramMetricFamily(f"{_PREFIX}_{name}", what, labels=["model"])
        for model, each in metrics.models.items():
            histogram: Histogram = getattr(each, field)
            family.add_metric([model], histogram.buckets(), histogram.total)
        yield family


def _gauges(metrics: Metrics, gauges: Gauges) -> "Iterator[Metric]":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - an extra

    in_flight = [
        (each, model, float(metrics.in_flight.get(each, 0)))
        for each, model, _ in gauges.latency
    ]
    for name, what, rows in (
        ("deployment_in_flight", "Calls that it answers now.", in_flight),
        ("deployment_cooldown_seconds", "How long it is left alone.", gauges.cooling),
        ("deployment_latency_seconds", "Average to the headers.", gauges.latency),
        (
            "deployment_remaining_requests",
            "What the API says is left of its limit.",
            gauges.remaining,
        ),
    ):
        family = GaugeMetricFamily(
            f"{_PREFIX}_{name}", what, labels=["deployment", "model"]
        )
        for deployment, model, value in rows:
            family.add_metric([deployment, model], value)
        yield family
    family = GaugeMetricFamily(f"{_PREFIX}_pool", "Of the pool.", labels=["what"])
    for what, value in gauges.pool.items():
        family.add_metric([what], value)
    yield family


def _counter(
    name: str,
    what: str,
    labels: Sequence[str],
    rows: Iterable[tuple[tuple[str, ...], float]],
) -> "Metric":
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - an extra

    family = CounterMetricFamily(f"{_PREFIX}_{name}", what, labels=list(labels))
    for values, count in rows:
        family.add_metric(list(values), count)
    return family
