"""The report as one page of HTML that needs nothing else: no script, no network."""

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files

from fireworks_async.loadtest._counts import counts_of
from fireworks_async.loadtest._figures import curves, distributions, timelines
from fireworks_async.loadtest._measures import Distribution, milliseconds, spread
from fireworks_async.loadtest._options import Options
from fireworks_async.loadtest._plots import Plot, plot_svg
from fireworks_async.loadtest._report import LoadTestReport, Run
from fireworks_async.loadtest._summary import Summary

__all__ = ("html_page",)

_COLUMNS = ("mean", "p50", "p90", "p95", "p99", "max")
_ROWS = {
    "Time to first token": "ttft",
    "… from intended start": "ttft_scheduled",
    "… outside of the server": "ttft_outside",
    "… first visible": "ttfv",
    "Time per output token": "tpot",
    "Inter-token latency": "itl",
    "Inter-chunk latency": "icl",
    "End to end": "e2e",
    "… from intended start ": "e2e_scheduled",
    "Started late by": "schedule_lag",
}
_SAYS = {
    "clean": "The numbers are the server's.",
    "strained": "The client was near a limit of its own: doubt the tails.",
    "client-limited": "The client was the bottleneck: these are not the server's numbers.",
}


def html_page(report: LoadTestReport) -> str:
    """Make a page of HTML that holds all it shows, styles and plots too.

    Args:
        report: What is shown.
    """
    style = files("fireworks_async.loadtest").joinpath("report.css").read_text("utf-8")
    title = f"Load test of {report.model}"
    body = [
        *_head(report, title),
        *_tiles(report.runs[-1]),
        *(_section("Load and latency", _pictures(curves(report)))),
        *(_section("Runs", _overview(report.runs)) if len(report.runs) > 1 else ()),
        *_section("How latencies are spread", _pictures(distributions(report))),
    ]
    for run in report.runs:
        body += _run(run, is_open=run is report.runs[-1])
    body += _about(report)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # An icon that is here already, so that none is asked for.
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _head(report: LoadTestReport, title: str) -> Iterator[str]:
    verdict = report.verdict
    when = report.created.strftime("%Y-%m-%d %H:%M UTC")
    yield f"<header><h1>{escape(title)}</h1>"
    yield f"<p>{escape(report.base_url)} · {when}</p></header>"
    yield f'<div class="verdict {verdict.grade}"><strong>{verdict.grade}</strong> '
    yield _SAYS[verdict.grade]
    if verdict.reasons:
        said = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
        yield f"<ul>{said}</ul>"
    yield "</div>"


def _tiles(run: Run) -> Iterator[str]:
    summary = run.summary
    # Where there is a schedule, who asks waits from the moment that it meant.
    ttft = summary.ttft if run.is_closed else summary.ttft_scheduled
    since = "" if run.is_closed else " from the intended start"
    tiles = [
        (f"Time to first token{since}, median", milliseconds(ttft.p50)),
        ("… 95 of 100 within", _or_few(ttft, "p95")),
        ("Inter-token, median", milliseconds(summary.itl.p50)),
        ("Output tokens/s", f"{summary.output_tokens_per_second:,.0f}"),
        ("Requests/s", f"{summary.requests_per_second:,.2f}"),
        ("Failed", f"{summary.error_share:.1%}"),
    ]
    if summary.goodput is not None:
        tiles.append(("Met the targets", f"{summary.goodput.fraction:.1%}"))
    yield f"<p class=note>{escape(run.name)}</p>" if run.name else ""
    yield '<div class="tiles">'
    for label, value in tiles:
        yield f"<div><b>{escape(value)}</b><span>{escape(label)}</span></div>"
    yield "</div>"


def _run(run: Run, *, is_open: bool) -> Iterator[str]:
    summary = run.summary
    yield f"<details{' open' if is_open else ''}><summary>{escape(run.name)}"
    yield f' <span class="badge {run.verdict.grade}">{run.verdict.grade}</span></summary>'
    yield f"<p>{escape(run.load)}. {', '.join(counts_of(summary))}.</p>"
    window = summary.window
    yield (
        f"<p class=note>Measured for {window.seconds:.2f} s: {escape(window.reason)}. "
        f"{summary.in_flight:.1f} requests in flight.</p>"
    )
    if run.stopped is not None:
        yield f"<p class=note>Ended early: {escape(run.stopped)}.</p>"
    yield from _latencies(run)
    yield from _pictures(timelines(run))
    yield from _errors(summary)
    yield "</details>"


def _latencies(run: Run) -> Iterator[str]:
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    yield f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>'
    for label, name in _ROWS.items():
        found: Distribution = getattr(run.summary, name)
        is_of_schedule = name.endswith("_scheduled") or name == "schedule_lag"
        if not found.n or (run.is_closed and is_of_schedule):
            continue
        if name == "ttfv" and found.p50 == run.summary.ttft.p50:
            continue
        cells = "".join(f"<td>{_cell(found, column)}</td>" for column in _COLUMNS)
        yield f"<tr><th>{escape(label)}</th>{cells}</tr>"
    if run.sentinels is not None and run.sentinels.e2e.n:
        found = run.sentinels.e2e
        cells = "".join(f"<td>{_cell(found, column)}</td>" for column in _COLUMNS)
        yield f"<tr><th>Who asked for one token beside it</th>{cells}</tr>"
    for name, found in run.summary.server.items():
        cells = "".join(f"<td>{_cell(found, column)}</td>" for column in _COLUMNS)
        said = name.removeprefix("server_").replace("_", " ")
        yield f"<tr><th>The server's own {escape(said)}</th>{cells}</tr>"
    yield "</tbody></table></div>"


def _cell(found: Distribution, column: str) -> str:
    text = _or_few(found, column)
    interval = found.intervals.get(column)
    if interval is None or column in found.unreliable:
        return text
    return f"{text}<small>{spread(getattr(found, column), interval, ' to ')}</small>"


def _or_few(found: Distribution, column: str) -> str:
    if column in found.unreliable:
        return "too few"
    return milliseconds(getattr(found, column))


def _errors(summary: Summary) -> Iterator[str]:
    if summary.error_classes:
        yield "<h3>Errors</h3><table><tbody>"
        for kind, count in summary.error_classes.items():
            said = "<br>".join(escape(text) for text in summary.error_examples[kind])
            yield f"<tr><th>{escape(kind)}</th><td>{count}</td><td>{said}</td></tr>"
        yield "</tbody></table>"


def _overview(runs: Iterable[Run]) -> Iterator[str]:
    heads = ("tokens/s", "requests/s", "TTFT p50", "TTFT p95", "ITL p50", "failed", "")
    cells = "".join(f"<th>{head}</th>" for head in heads)
    yield f'<div class="wide"><table><thead><tr><th></th>{cells}</tr></thead><tbody>'
    for run in runs:
        summary = run.summary
        early = " ended early" if run.stopped else ""
        values = (
            f"{summary.output_tokens_per_second:,.1f}",
            f"{summary.requests_per_second:,.2f}",
            milliseconds(summary.ttft.p50),
            _or_few(summary.ttft, "p95"),
            milliseconds(summary.itl.p50),
            f"{summary.error_share:.1%}",
            f'<span class="badge {run.verdict.grade}">{run.verdict.grade}</span>{early}',
        )
        row = "".join(f"<td>{value}</td>" for value in values)
        yield f"<tr><th>{escape(run.name)}</th>{row}</tr>"
    yield "</tbody></table></div>"


def _pictures(plots: Iterable[Plot]) -> Iterator[str]:
    figures = [
        f"<figure><figcaption>{escape(plot.title)}</figcaption>{plot_svg(plot)}</figure>"
        for plot in plots
        if any(series.points for series in plot.series)
    ]
    if figures:
        yield f'<div class="figures">{"".join(figures)}</div>'


def _section(title: str, parts: Iterable[str]) -> Iterator[str]:
    inside = "".join(parts)
    if inside:
        yield f"<section><h2>{escape(title)}</h2>{inside}</section>"


def _about(report: LoadTestReport) -> Iterator[str]:
    rows: dict[str, str] = {}
    found = report.calibration
    if found is not None:
        rows["The client adds"] = (
            f"{milliseconds(found.added_ttft)} to the first token and "
            f"{milliseconds(found.added_itl)} to a gap, at the median, and can take "
            f"{found.ceiling:,.0f} chunks a second. Measured against a simulator in "
            f"another process of this machine: {found.load}"
        )
    if report.search is not None:
        greatest = report.search.greatest
        rows["Greatest load"] = (
            f"no {report.search.by} met {report.search.targets}"
            if greatest is None
            else f"{report.search.by} {greatest:g} met {report.search.targets}"
        )
    if report.notes:
        rows["Notes"] = "; ".join(report.notes)
    if report.cost is not None:
        rows["Cost"] = f"about ${report.cost:.4g} by list prices"
    host = report.host
    usual = Options(model="")
    versions = [f"{name} {version}" for name, version in host.packages.items()]
    rows["Measured with"] = (
        f"fireworks-async {host.version}, Python {host.python}, {host.system}, "
        f"{host.cpus} processors; {', '.join(versions)}"
    )
    rows["Options"] = ", ".join(
        f"{name} {value}"
        for name, value in report.config.items()
        if value != getattr(usual, name)
    )
    rows["Bars and brackets"] = "95 % confidence intervals"
    lines = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in rows.items()
    )
    yield from _section(
        "About this measurement", [f"<table class=about>{lines}</table>"]
    )
