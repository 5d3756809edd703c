"""The options of ``simulate`` beside its address and its pace, by what they limit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fireworks_async.simulator import Limits

__all__ = ("BudgetOptions", "CapacityOptions")

_CAPACITY = "Capacity"
_BUDGETS = "Budgets by the minute"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityOptions:
    """How much is served at a time."""

    slots: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Requests worked on at a time; the others wait in line. Else any.",
            rich_help_panel=_CAPACITY,
        ),
    ] = None
    queue: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Requests that may wait for a slot; more get 503. Else any.",
            rich_help_panel=_CAPACITY,
        ),
    ] = None
    patience: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="How long a request waits for a slot before it gets 429. Else for "
            "ever.",
            rich_help_panel=_CAPACITY,
        ),
    ] = None
    cold_start: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Time a model takes to come up after its first request; 503 until "
            "then. Else all are up.",
            rich_help_panel=_CAPACITY,
        ),
    ] = None
    prompt_cache: Annotated[
        bool,
        typer.Option(
            "--prompt-cache/--no-prompt-cache",
            help="Whether beginnings of prompts that came before count as cached.",
            rich_help_panel=_CAPACITY,
        ),
    ] = True
    replicas: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Prompt caches, among which session keys choose.",
            rich_help_panel=_CAPACITY,
        ),
    ] = 1

    context_length: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Tokens that a prompt and its answer can have together. Else any.",
            rich_help_panel=_CAPACITY,
        ),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Give the arguments for the simulator."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetOptions:
    """What one key may ask of one model in a minute."""

    rpm: Annotated[
        float | None,
        typer.Option(min=0, metavar="N", help="Requests.", rich_help_panel=_BUDGETS),
    ] = None
    prompt_tpm: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="N", help="Prompt tokens.", rich_help_panel=_BUDGETS
        ),
    ] = None
    uncached_tpm: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Prompt tokens that were not in the cache.",
            rich_help_panel=_BUDGETS,
        ),
    ] = None
    generated_tpm: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="N", help="Output tokens.", rich_help_panel=_BUDGETS
        ),
    ] = None
    tolerance: Annotated[
        float,
        typer.Option(
            min=1,
            metavar="X",
            help="How many times a budget is served; what exceeds the budget itself "
            "is marked with x-ratelimit-over-limit.",
            rich_help_panel=_BUDGETS,
        ),
    ] = 1.0
    doubles_in: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            metavar="SECONDS",
            help="Time in which a budget that is used doubles. Else it stays.",
            rich_help_panel=_BUDGETS,
        ),
    ] = None
    retry_after: Annotated[
        bool,
        typer.Option(
            "--retry-after",
            help="Say in each 429 how long to wait, which the API does not.",
            rich_help_panel=_BUDGETS,
        ),
    ] = False

    def limits(self) -> "Limits | None":
        """Give the limits; None when no budget is given."""
        from fireworks_async.simulator import Limits  # noqa: PLC0415 - loads aiohttp

        budgets = (self.rpm, self.prompt_tpm, self.uncached_tpm, self.generated_tpm)
        if all(budget is None for budget in budgets):
            return None
        return Limits(
            requests=self.rpm,
            prompt_tokens=self.prompt_tpm,
            uncached_prompt_tokens=self.uncached_tpm,
            generated_tokens=self.generated_tpm,
            tolerance=self.tolerance,
            doubles_in=self.doubles_in,
            retry_after=self.retry_after,
        )
