"""How a simulator behaves, as one value that its rooms share; nothing acts here."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

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

    def __post_init__(self) -> None:
        for name in ("ttft", "gap", "tokens"):
            value = getattr(self, name)
            if value < 0:
                raise ValueError(f"{name}: expected at least 0, not {value}")
        placements = get_args(UsagePlacement)
        if self.usage not in placements:
            known = ", ".join(placements)
            raise ValueError(f"usage: expected one of {known}, not {self.usage!r}")
