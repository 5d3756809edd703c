"""The report of a load test: all that is kept of it, and its form as JSON."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from fireworks_async.loadtest._calibration import Calibration
from fireworks_async.loadtest._facts import HostFacts
from fireworks_async.loadtest._record import Record
from fireworks_async.loadtest._summary import Sentinels, Summary
from fireworks_async.loadtest._sweep import Search
from fireworks_async.loadtest._timeline import Timeline
from fireworks_async.loadtest._verdict import Verdict
from fireworks_async.loadtest._watch import ClientHealth

__all__ = ("SCHEMA", "LoadTestReport", "Run")

SCHEMA = "fireworks-async/loadtest/1"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run: one load, from its first request to its last.

    Attributes:
        name: The load in a word or two, such as ``concurrency 8``.
        load: The load in words.
        is_closed: Whether a start waited for an end, so that none could be late.
        concurrency: Of a closed loop; of an open one, its cap.
        rate: Of an open loop with one rate.
        summary: What came of it.
        verdict: Whether the client kept up.
        clients: How each measuring process fared.
        timeline: What went on when.
        stopped: Why it ended before its plan did; None: it did not.
        is_saturated: Whether that was because requests piled up.
        sentinels: What the load did to others; None: nobody asked.
        records: Every request; not in the JSON.
    """

    name: str
    load: str
    is_closed: bool
    concurrency: int | None
    rate: float | None
    summary: Summary
    verdict: Verdict
    clients: list[ClientHealth]
    timeline: Timeline
    stopped: str | None = None
    is_saturated: bool = False
    sentinels: Sentinels | None = None
    records: list[Record] = []


class LoadTestReport(msgspec.Struct, frozen=True, kw_only=True):
    """A whole load test.

    Attributes:
        model: What was asked.
        base_url: Where.
        config: The options, without the key.
        runs: In the order in which they ran.
        host: Where the measuring was done.
        calibration: What the client itself adds; None: it was not calibrated.
        search: How the greatest load under the targets was found.
        cost: What it cost by list prices, in US dollars; None: not known.
        notes: What is not as it was asked for, in words.
        created: When it began.
        schema: The form of the JSON, with its version.
    """

    model: str
    base_url: str
    config: dict[str, Any]
    runs: list[Run]
    host: HostFacts
    calibration: Calibration | None = None
    search: Search | None = None
    cost: float | None = None
    notes: list[str] = []
    created: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    schema: str = SCHEMA

    @property
    def verdict(self) -> Verdict:
        """The worst of the runs'."""
        return max((run.verdict for run in self.runs), key=lambda each: each.rank)

    def document(self) -> dict[str, Any]:
        """The report as plain dictionaries and lists, without single requests."""
        slim = [msgspec.structs.replace(run, records=[]) for run in self.runs]
        plain: dict[str, Any] = msgspec.to_builtins(
            msgspec.structs.replace(self, runs=slim), str_keys=True
        )
        for run in plain["runs"]:
            del run["records"]
        return {"schema": plain.pop("schema"), **plain}

    def json(self) -> bytes:
        """The report as JSON."""
        return msgspec.json.format(msgspec.json.encode(self.document()), indent=1)
