"""The options of ``loadtest`` for its reports, and for what a run is held to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ("OutputOptions",)

_OUTPUT = "Reports and verdicts"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """Where the reports go, and what the run is held to."""

    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="One page with plots, which opens without a network.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="All numbers; - is standard output.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="One row a run; rows are added to a file that is there.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    records: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help="Every request, with the moment of every read.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    export: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=FILE",
            help="vllm=FILE.json or aiperf=FILE.json: under their names, by their "
            "formulas; prometheus=FILE.prom: as Prometheus' text.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    goodput: Annotated[
        str | None,
        typer.Option(
            metavar="TARGETS",
            help="Count requests that meet these: ttft<500ms,tpot<30ms.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    find_max: Annotated[
        str | None,
        typer.Option(
            metavar="TARGETS",
            help="Look for the greatest rate or concurrency whose run meets these: "
            "ttft.p95<500ms,error_share<1%.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    demand: Annotated[
        list[str] | None,
        typer.Option(
            "--assert",
            metavar="TARGETS",
            help="Exit with 1 unless every run meets these: ttft.p95<500ms, "
            "verdict=clean.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    no_calibration: Annotated[
        bool,
        typer.Option(
            "--no-calibration",
            help="Do not measure the client itself first.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False

    def options(self) -> dict[str, Any]:
        """The keywords of ``run_loadtest`` that follow."""
        return {
            "goodput": self.goodput,
            "find_max": self.find_max,
            "calibrate": not self.no_calibration,
        }
