"""How a simulator behaves, as one value that its rooms share; nothing acts here."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

__all__ = ("Settings", "UsagePlacement")

UsagePlacement = Literal["trailing", "finish", "both", "trailing-no-choices", "none"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the simulator behaves; see `Simulator` for what each means."""

    ttft: float
    gap: float
    tokens: int
    seed: int
    api_keys: Collection[str] | None
    models: Collection[str] | None
    usage: UsagePlacement
    non_stream_cap: bool
    perf_as_strings: bool
    context_length: int | None = None
