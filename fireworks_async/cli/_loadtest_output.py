"""Where the reports of a load test go, and whether it met what was demanded."""

import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec
from rich.console import Console
from rich.text import Text

from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._lines import shown_on
from fireworks_async.cli._loadtest_reports import OutputOptions
from fireworks_async.loadtest._compare import comparison_lines, read_report
from fireworks_async.loadtest._exports import EXPORTS
from fireworks_async.loadtest._measures import Distribution
from fireworks_async.loadtest._record import unpacked
from fireworks_async.loadtest._report_csv import append_rows, has_rows
from fireworks_async.loadtest._report_html import html_page
from fireworks_async.loadtest._report_terminal import terminal_lines
from fireworks_async.loadtest._run_targets import run_targets, value_of
from fireworks_async.loadtest._targets import Target

if TYPE_CHECKING:
    from fireworks_async.loadtest import LoadTestReport

__all__ = (
    "Demands",
    "check_files",
    "parse_exports",
    "show_comparison",
    "write_reports",
)

_STYLES = {"clean": "green", "strained": "yellow", "client-limited": "bold red"}


@dataclass(frozen=True, slots=True)
class Demands:
    """What every run has to meet.

    Attributes:
        targets: One by one.
    """

    targets: tuple[Target, ...]

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self:
        """Read them, before anything is measured."""
        return cls(tuple(each for text in texts for each in run_targets(text)))

    def doubts_of(self, report: "LoadTestReport") -> list[str]:
        """Which of them are held against too few requests, in words."""
        return [
            f"{run.name}: {target.path} is of {distribution.requests} requests, too few "
            "to rely on"
            for run in report.runs
            for target in self.targets
            for name, _, percentile in [target.path.partition(".")]
            for distribution in [getattr(run.summary, name, None)]
            if isinstance(distribution, Distribution)
            and percentile in distribution.unreliable
        ]

    def __bool__(self) -> bool:
        return bool(self.targets)

    def broken_by(self, report: "LoadTestReport") -> list[str]:
        """What is not as demanded, in words."""
        said: list[str] = []
        for run in report.runs:
            for target in self.targets:
                found = value_of(target, run)
                if not target.holds(found):
                    spelled = target.spelled(found)
                    said.append(f"{run.name}: not {target.text}, but {spelled}")
        return said


def check_files(output: OutputOptions) -> None:
    """Find out before anything is measured that a report could not be written.

    Raises:
        UsageError: A folder is not there, or a file cannot be written.
        LoadTestError: Rows cannot be added to a file.
    """
    for file in _files(output):
        if str(file) == "-":
            continue
        if not file.parent.is_dir():
            raise UsageError(f"{file}: there is no folder {file.parent}")
        place = file if file.exists() else file.parent
        if file.is_dir() or not os.access(place, os.W_OK):
            raise UsageError(f"{file} cannot be written")
    if output.csv is not None:
        has_rows(output.csv)


def _files(output: OutputOptions) -> list[Path]:
    """All that is to be written; ``-`` is standard output."""
    exports = parse_exports(output.export or ())
    files = [output.json, output.report, output.csv, output.records]
    return [*filter(None, files), *(Path(file) for _, file in exports)]


def write_reports(report: "LoadTestReport", output: OutputOptions) -> None:
    """Write all that was asked for; the summary goes to standard output.

    Raises:
        OSError: A file cannot be written.
    """
    if "-" not in map(str, _files(output)):
        _show(list(terminal_lines(report, width=_width())))
    if output.json is not None:
        _write(output.json, report.json() + b"\n")
    if output.report is not None:
        _write(output.report, html_page(report).encode())
    if output.csv is not None:
        append_rows(output.csv, report)
    if output.records is not None:
        rows = (
            {"run": run.name, **unpacked(record)}
            for run in report.runs
            for record in run.records
        )
        _write(
            output.records, b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        )
    for kind, file in parse_exports(output.export or ()):
        _write(Path(file), EXPORTS[kind](report))


def parse_exports(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Read what is to be written under whose names.

    Raises:
        UsageError: It is of another form, or nobody's names.
    """
    pairs = [(kind, file) for kind, _, file in (text.partition("=") for text in texts)]
    for kind, file in pairs:
        if kind not in EXPORTS or not file:
            forms = " or ".join(f"{known}=FILE" for known in EXPORTS)
            raise UsageError(f"--export {kind}={file}: write {forms}")
    return pairs


def show_comparison(before: str, after: str) -> ExitCode:
    """Show what changed between two reports."""
    _show(list(comparison_lines(read_report(before), read_report(after))))
    return ExitCode.OK


def _width() -> int | None:
    """Of a terminal; None: it is none, and lines may be as long as they are."""
    return Console(file=sys.stdout).width if sys.stdout.isatty() else None


def _show(lines: list[str]) -> None:
    if not sys.stdout.isatty():
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        return
    console = Console(file=sys.stdout, highlight=False)
    for part in (each for line in lines for each in _wrapped(line, console.width)):
        text = Text(shown_on(sys.stdout, part))
        for grade, style in _STYLES.items():
            text.highlight_words([f" {grade}"], style)
        console.print(text, soft_wrap=True)


def _wrapped(line: str, width: int) -> list[str]:
    """A line in parts that end between two words, the later ones further in."""
    inner = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, width, subsequent_indent=inner) or [""]


def _write(path: Path, data: bytes) -> None:
    if str(path) == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        path.write_bytes(data)
