"""Measures a server: time to first token, gaps, throughput, and whether to believe it.

    report = await run_loadtest(model="deepseek-v3p1", concurrency=[1, 8, 64])
    print(report.runs[-1].summary.ttft.p95, report.verdict.grade)

What is here uses the client as any stranger would. Names are loaded on first use: the
processes that it starts need few of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fireworks_async.loadtest._calibration import Calibration
    from fireworks_async.loadtest._compare import comparison_lines, read_report
    from fireworks_async.loadtest._facts import HostFacts
    from fireworks_async.loadtest._measures import Distribution
    from fireworks_async.loadtest._options import LoadTestOptions
    from fireworks_async.loadtest._progress import Progress
    from fireworks_async.loadtest._record import Record
    from fireworks_async.loadtest._report import LoadTestReport, Run
    from fireworks_async.loadtest._report_html import html_page
    from fireworks_async.loadtest._report_terminal import terminal_lines
    from fireworks_async.loadtest._run import run_loadtest
    from fireworks_async.loadtest._spend import Estimate
    from fireworks_async.loadtest._summary import Goodput, Rates, Summary
    from fireworks_async.loadtest._sweep import Search, Step
    from fireworks_async.loadtest._timeline import Timeline
    from fireworks_async.loadtest._verdict import Verdict
    from fireworks_async.loadtest._watch import ClientHealth
    from fireworks_async.loadtest._window import Window
else:
    _HOME = {
        name: f"fireworks_async.loadtest.{home}"
        for home, names in {
            "_calibration": ("Calibration",),
            "_compare": ("comparison_lines", "read_report"),
            "_facts": ("HostFacts",),
            "_measures": ("Distribution",),
            "_options": ("LoadTestOptions",),
            "_progress": ("Progress",),
            "_record": ("Record",),
            "_report": (
                "LoadTestReport",
                "Run",
            ),
            "_report_html": ("html_page",),
            "_report_terminal": ("terminal_lines",),
            "_run": ("run_loadtest",),
            "_spend": ("Estimate",),
            "_summary": (
                "Goodput",
                "Rates",
                "Summary",
            ),
            "_sweep": (
                "Search",
                "Step",
            ),
            "_timeline": ("Timeline",),
            "_verdict": ("Verdict",),
            "_watch": ("ClientHealth",),
            "_window": ("Window",),
        }.items()
        for name in names
    }

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - as above

        globals()[name] = value = getattr(import_module(_HOME[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = (
    "Calibration",
    "ClientHealth",
    "Distribution",
    "Estimate",
    "Goodput",
    "HostFacts",
    "LoadTestOptions",
    "LoadTestReport",
    "Progress",
    "Rates",
    "Record",
    "Run",
    "Search",
    "Step",
    "Summary",
    "Timeline",
    "Verdict",
    "Window",
    "comparison_lines",
    "html_page",
    "read_report",
    "run_loadtest",
    "terminal_lines",
)
