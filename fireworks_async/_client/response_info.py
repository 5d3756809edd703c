"""What is known of an answer beside its body."""

from collections.abc import Mapping

import msgspec

from fireworks_async._protocol.completions import PerfMetricValues
from fireworks_async._protocol.metadata import PerfMetrics, RateLimit

__all__ = ("ResponseInfo",)


class ResponseInfo(msgspec.Struct, frozen=True):
    """The HTTP side of one answer.

    Attributes:
        status: HTTP status.
        headers: Asked for by names in any case.
        request_id: The API's id for the request, or None.
        retries_taken: Attempts beyond the first that it took.
        perf_metrics: ``perf_metrics`` of the body, as sent; None when there are none.
    """

    status: int
    headers: Mapping[str, str]
    request_id: str | None
    retries_taken: int
    perf_metrics: PerfMetricValues | None = None

    @property
    def rate_limit(self) -> RateLimit | None:
        """The account's limits at this answer, or None when not reported."""
        return RateLimit.from_headers(self.headers)

    @property
    def perf(self) -> PerfMetrics | None:
        """The server's own times and counts, or None when not reported.

        A stream's headers hold a part of them; its last chunk holds all, with
        ``perf_metrics_in_response=True``.
        """
        if self.perf_metrics is not None:
            return PerfMetrics.of(self.perf_metrics)
        return PerfMetrics.from_headers(self.headers)
