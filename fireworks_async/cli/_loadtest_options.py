"""The options of ``loadtest`` for the server, the load and its limits."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._loadtest_words import numbers, one_of

__all__ = ("LimitOptions", "LoadOptions", "MeasuredServer")

_SERVER = "Server"
_LOAD = "Load"
_LIMITS = "Length and cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredServer:
    """Which server is measured, and by what right."""

    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Any API of OpenAI's form; ends in /v1. Else FIREWORKS_BASE_URL, else "
            "the public API.",
            rich_help_panel=_SERVER,
        ),
    ] = None
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Better set FIREWORKS_API_KEY: a command's words can be seen by "
            "others.",
            rich_help_panel=_SERVER,
        ),
    ] = field(default=None, repr=False)
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate",
            help="Measure a simulator in another process: no key, no network.",
            rich_help_panel=_SERVER,
        ),
    ] = False
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="chat, completions, embeddings or rerank.",
            rich_help_panel=_SERVER,
        ),
    ] = "chat"
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="The longest silence of the server.",
            rich_help_panel=_SERVER,
        ),
    ] = 300

    def options(self) -> dict[str, Any]:
        """The keywords of ``run_loadtest`` that follow."""
        return {
            "base_url": self.base_url,
            "api_key": self.api_key,
            "simulate": self.simulate,
            "endpoint": one_of(
                "endpoint",
                self.endpoint,
                ("chat", "completions", "embeddings", "rerank"),
            ),
            "timeout": self.timeout,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How requests start."""

    concurrency: Annotated[
        str | None,
        typer.Option(
            metavar="N[,N...]",
            help="Closed loop: so many requests at once; several are run one after "
            "the other. Beside a rate, a cap. Default 8.",
            rich_help_panel=_LOAD,
        ),
    ] = None
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="R[,R...]",
            help="Open loop: requests a second, whatever comes back.",
            rich_help_panel=_LOAD,
        ),
    ] = None
    arrival: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="How starts at a rate clump: poisson, constant, gamma or burst. "
            "Default poisson.",
            rich_help_panel=_LOAD,
        ),
    ] = None
    burstiness: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Shape of gamma: 1 is poisson, less clumps more.",
            rich_help_panel=_LOAD,
        ),
    ] = 0.5
    burst_size: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="How many start together in burst.",
            rich_help_panel=_LOAD,
        ),
    ] = 8
    stages: Annotated[
        str | None,
        typer.Option(
            metavar="STAGES",
            help="Rates in turn, with seconds, and ramps between two: 5:30,5-50:60 "
            "(5^50:60 is exponential).",
            rich_help_panel=_LOAD,
        ),
    ] = None
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Replay JSON lines with timestamp and a body, or Mooncake's lengths.",
            rich_help_panel=_LOAD,
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="The same seed gives the same schedule and prompts, which a prompt "
            "cache may then know. Else the schedule is the same, and prompts are new.",
            rich_help_panel=_LOAD,
        ),
    ] = None
    processes: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Processes that share the load.",
            rich_help_panel=_LOAD,
        ),
    ] = 1
    sentinels: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="R",
            help="Ask for one token so many times a second beside the load: what the "
            "load does to others.",
            rich_help_panel=_LOAD,
        ),
    ] = 0
    past_saturation: Annotated[
        bool,
        typer.Option(
            "--past-saturation",
            help="Go on though requests pile up at this rate. Else such a run ends "
            "early: it has no steady state.",
            rich_help_panel=_LOAD,
        ),
    ] = False

    def options(self) -> dict[str, Any]:
        """The keywords of ``run_loadtest`` that follow."""
        return {
            "concurrency": numbers("concurrency", self.concurrency, int),
            "rate": numbers("rate", self.rate, float),
            "arrival": self.arrival
            and one_of(
                "arrival", self.arrival, ("constant", "poisson", "gamma", "burst")
            ),
            "burstiness": self.burstiness,
            "burst_size": self.burst_size,
            "stages": self.stages,
            "trace": self.trace,
            "seed": self.seed,
            "processes": self.processes,
            "sentinels": self.sentinels,
            "past_saturation": self.past_saturation,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """When it is over, and what it may cost."""

    requests: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Start so many in each run. Default 100, if there is no --duration.",
            rich_help_panel=_LIMITS,
        ),
    ] = None
    duration: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Start none later than this in each run.",
            rich_help_panel=_LIMITS,
        ),
    ] = None
    drain: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="How long answers may go on after that, or after Ctrl-C.",
            rich_help_panel=_LIMITS,
        ),
    ] = 30
    warmup: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Start so many before those that count; the load goes on in between.",
            rich_help_panel=_LIMITS,
        ),
    ] = 0
    max_cost: Annotated[
        float | None,
        typer.Option(
            metavar="USD",
            help="Start nothing that could cost more than this in all.",
            rich_help_panel=_LIMITS,
        ),
    ] = None
    prices: Annotated[
        str | None,
        typer.Option(
            metavar="IN,OUT",
            help="US dollars a million tokens, where the list has none.",
            rich_help_panel=_LIMITS,
        ),
    ] = None
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            "-y",
            help="Do not ask before sending to another machine.",
            rich_help_panel=_LIMITS,
        ),
    ] = False

    def options(self) -> dict[str, Any]:
        """The keywords of ``run_loadtest`` that follow."""
        prices = numbers("prices", self.prices, float)
        if prices is not None and len(prices) != 2:
            raise UsageError("--prices are two numbers: of the prompt and the answer")
        return {
            "requests": self.requests,
            "duration": self.duration,
            "drain": self.drain,
            "warmup": self.warmup,
            "max_cost": self.max_cost,
            "prices": None if prices is None else (prices[0], prices[1]),
        }
