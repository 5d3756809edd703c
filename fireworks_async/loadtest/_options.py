"""What a load test can be told, and the plan that follows from it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import msgspec

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._arrivals import Arrival, Load, Segment, parse_stages
from fireworks_async.loadtest._dataset import read_items, read_trace
from fireworks_async.loadtest._lengths import Lengths
from fireworks_async.loadtest._runner import Limits
from fireworks_async.loadtest._workload import Endpoint, Item, Part, Workload, parse_mix

__all__ = ("LoadTestOptions", "Options")

_Number = TypeVar("_Number", int, float)

_SOME_CONCURRENCY = 8
_SOME_REQUESTS = 100
_DOCUMENTS = 8
_GENERATING = ("chat", "completions")
_LEAST = {
    "concurrency": 1,
    "requests": 1,
    "burst_size": 1,
    "processes": 1,
    "turns": 1,
    "prefix_groups": 1,
    "image_size": 1,
    "warmup": 0,
    "drain": 0,
    "think": 0,
    "images": 0,
    "prefix_tokens": 0,
    "sentinels": 0,
    "cancel": 0,
    "max_cost": 0,
    "prices": 0,
}
_POSITIVE = ("rate", "duration", "timeout", "burstiness")


class LoadTestOptions(TypedDict, total=False):
    """The keywords of ``run_loadtest`` beside ``model``."""

    base_url: str | None
    """Where the API is; else as ``AsyncFireworks`` finds it."""
    api_key: str | None
    """The key; else as ``AsyncFireworks`` finds it."""
    endpoint: Endpoint
    """``chat`` (default), ``completions``, ``embeddings`` or ``rerank``."""
    simulate: bool
    """Measure a simulator in another process; needs no key."""
    timeout: float
    """The longest silence of the server, in seconds. Default 300."""

    # The load.
    concurrency: int | Sequence[int] | None
    """Closed loop: so many requests at once, one run for each. With a rate, a cap."""
    rate: float | Sequence[float] | None
    """Open loop: requests a second, one run for each."""
    arrival: Arrival | None
    """How starts at a rate clump: ``poisson`` (default), ``constant``, ``gamma`` or
    ``burst``."""
    burstiness: float
    """Shape of ``gamma``; 1 is Poisson, less clumps more. Default 0.5."""
    burst_size: int
    """How many start together in ``burst``. Default 8."""
    stages: str | None
    """Rates in turn and ramps between them: ``5:30,5-50:60``."""
    trace: str | Path | None
    """A file of moments and lengths to replay."""
    requests: int | None
    """Start so many. Default 100, if there is no duration."""
    duration: float | None
    """Start none later than this, in seconds."""
    drain: float
    """How long answers may go on after that, or after being stopped, in seconds.
    Default 30."""
    warmup: int
    """Start so many before those that count; the load goes on in between."""
    seed: int | None
    """The same seed gives the same schedule and the same prompts, which a prompt cache
    may then know. None (default): always the same schedule, and new prompts."""
    processes: int
    """How many processes share the load. Default 1."""
    sentinels: float
    """Beside the load, ask the same short question for one token so many times a
    second: what the load does to others. Default 0."""
    past_saturation: bool
    """Go on at a rate at which requests pile up for ever; else such a run ends early."""

    # What is asked.
    input_tokens: int | str
    """Tokens of a prompt: a number or a distribution. Default 256."""
    output_tokens: int | str | None
    """Tokens of an answer, likewise. Default 128. None: as the model likes."""
    mix: Sequence[str]
    """Several kinds of requests: ``0.7:512/128``."""
    prefix_tokens: int
    """How much of each prompt others begin with too."""
    prefix_groups: int
    """How many different beginnings there are. Default 1."""
    same_prompt: bool
    """Ask the same all the time, so that prompt caches help."""
    dataset: str | Path | None
    """A file of requests: JSON lines, or ShareGPT."""
    turns: int
    """Turns of a conversation."""
    think: float
    """Seconds between an answer and the next turn."""
    images: int
    """Pictures in each prompt."""
    image_size: int
    """Their width and height in pixels. Default 256."""
    cancel: float
    """The share of answers that are left in the middle."""
    params: Mapping[str, Any]
    """Other fields of every request, such as ``temperature``."""
    ignore_eos: bool
    """Ask for answers of exactly ``output_tokens``. Default true."""

    # What it is held to.
    goodput: str | None
    """Targets of a request: ``ttft<500ms,tpot<30ms``."""
    find_max: str | None
    """Look for the greatest load under these targets of a run: ``ttft.p95<500ms``."""
    calibrate: bool
    """Measure the client itself first. Default true."""
    max_cost: float | None
    """Start nothing that could cost more than this in all, in US dollars."""
    prices: tuple[float, float] | None
    """US dollars a million tokens of prompt and answer; else the list's."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, with defaults; see ``LoadTestOptions``."""

    model: str
    base_url: str | None = None
    api_key: str | None = None
    endpoint: Endpoint = "chat"
    simulate: bool = False
    timeout: float = 300.0
    concurrency: int | Sequence[int] | None = None
    rate: float | Sequence[float] | None = None
    arrival: Arrival | None = None
    burstiness: float = 0.5
    burst_size: int = 8
    stages: str | None = None
    trace: str | Path | None = None
    requests: int | None = None
    duration: float | None = None
    drain: float = 30.0
    warmup: int = 0
    seed: int | None = None
    processes: int = 1
    sentinels: float = 0.0
    past_saturation: bool = False
    input_tokens: int | str = 256
    output_tokens: int | str | None = 128
    mix: Sequence[str] = ()
    prefix_tokens: int = 0
    prefix_groups: int = 1
    same_prompt: bool = False
    dataset: str | Path | None = None
    turns: int = 1
    think: float = 0.0
    images: int = 0
    image_size: int = 256
    cancel: float = 0.0
    params: Mapping[str, Any] = {}
    ignore_eos: bool = True
    goodput: str | None = None
    find_max: str | None = None
    calibrate: bool = True
    max_cost: float | None = None
    prices: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return f"Options({self.model!r}, {self.base_url!r})"

    def config(self) -> dict[str, Any]:
        """The options as plain values, without the key."""
        plain = msgspec.structs.asdict(self)
        del plain["api_key"]
        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in plain.items()
        }

    def check(self) -> None:
        """Look at single numbers.

        Raises:
            LoadTestError: One is out of its range.
        """
        for name, least in _LEAST.items():
            values: list[float] = _many(getattr(self, name))
            for value in values:
                if not (math.isfinite(value) and value >= least):
                    raise LoadTestError(f"{name} is {least:g} or more, not {value:g}")
        for name in _POSITIVE:
            values = _many(getattr(self, name))
            for value in values:
                if not (math.isfinite(value) and value > 0):
                    raise LoadTestError(f"{name} is more than 0, not {value:g}")

    def _check_uses(self) -> None:
        """Refuse what would go unused: who set it believes that it counts."""
        is_open = self.rate is not None or self.stages is not None
        is_made_up = self.dataset is None
        is_free = is_made_up and self.trace is None
        made_up = ("prefix_tokens", "same_prompt", "turns", "images")
        for name, has_use, base in (
            ("arrival", is_open, "with rate or stages"),
            ("burstiness", self.arrival == "gamma", "with arrival gamma"),
            ("burst_size", self.arrival == "burst", "with arrival burst"),
            ("past_saturation", is_open, "with rate or stages"),
            ("input_tokens", is_free and not self.mix, "without mix, dataset or trace"),
            (
                "output_tokens",
                is_free and not self.mix,
                "without mix, dataset or trace",
            ),
            ("mix", is_free, "without dataset or trace"),
            *((name, is_made_up, "without dataset") for name in made_up),
            ("think", self.turns > 1, "with turns"),
            ("image_size", self.images > 0, "with images"),
            ("prefix_groups", self.prefix_tokens > 0, "with prefix_tokens"),
        ):
            # As text: a length is one, or a number.
            given, usual = getattr(self, name), getattr(_DEFAULTS, name)
            if not has_use and str(given) != str(usual):
                raise LoadTestError(f"{name} is of use only {base}")

    def loads(self) -> list[tuple[str, Load]]:
        """The loads to run, each with its name.

        Raises:
            LoadTestError: What was asked for excludes itself, or cannot be read.
        """
        self.check()
        self._check_uses()
        concurrencies, rates = _many(self.concurrency), _many(self.rate)
        asked = [self.rate is not None, self.stages is not None, self.trace is not None]
        if sum(asked) > 1:
            raise LoadTestError("of rate, stages and trace, give one")
        if any(asked) and len(concurrencies) > 1:
            raise LoadTestError(
                "beside a rate, one concurrency is a cap; several are none"
            )
        cap = concurrencies[0] if concurrencies else None
        if self.trace is not None:
            times, _ = read_trace(self.trace)
            return [("trace", Load(times=times, concurrency=cap))]
        if self.stages is not None:
            return [("stages", self._open(parse_stages(self.stages), cap))]
        if rates:
            return [(f"rate {r:g}/s", self._open((Segment(r, r),), cap)) for r in rates]
        return [
            (f"concurrency {level}", Load(concurrency=level))
            for level in concurrencies or [_SOME_CONCURRENCY]
        ]

    def level(self, level: float) -> tuple[str, Load]:
        """The load at one level of a search."""
        if self.rate is None:
            return f"concurrency {level:g}", Load(concurrency=int(level))
        cap = _many(self.concurrency)[0] if _many(self.concurrency) else None
        return f"rate {level:g}/s", self._open((Segment(level, level),), cap)

    def limits(self) -> Limits:
        """When each run is over."""
        requests = self.requests
        if requests is None and self.duration is None and self._has_no_end:
            requests = _SOME_REQUESTS
        return Limits(
            requests=None if requests is None else requests + self.warmup,
            duration=self.duration,
            drain=self.drain,
            think=self.think,
        )

    def workload(self) -> Workload:
        """What is asked, before the lengths of prompts are fitted.

        Raises:
            LoadTestError: A length, a part of the mix or a file cannot be read.
        """
        items: tuple[Item, ...] = ()
        if self.dataset is not None:
            items = read_items(self.dataset, self.endpoint)
        elif self.trace is not None:
            _, items = read_trace(self.trace)
        output = (
            None if self.output_tokens is None else Lengths.parse(self.output_tokens)
        )
        parts = parse_mix(self.mix) or (
            Part(input=Lengths.parse(self.input_tokens), output=output),
        )
        return Workload(
            parts=parts,
            items=items,
            prefix_tokens=self.prefix_tokens,
            prefix_groups=self.prefix_groups,
            is_unique=not self.same_prompt,
            turns=self.turns,
            images=self.images,
            image_size=self.image_size,
            documents=_DOCUMENTS if self.endpoint == "rerank" else 0,
            cancel_share=self.cancel,
            params=self._params(),
            seed=self.seed or 0,
        )

    @property
    def _has_no_end(self) -> bool:
        if self.trace is not None:
            return False
        segments = parse_stages(self.stages) if self.stages is not None else ()
        return not segments or segments[-1].seconds is None

    def _open(self, segments: tuple[Segment, ...], cap: int | None) -> Load:
        return Load(
            segments=segments,
            arrival=self.arrival or "poisson",
            burstiness=self.burstiness,
            burst_size=self.burst_size,
            concurrency=cap,
        )

    def _params(self) -> dict[str, Any]:
        """The fields of every request; exact lengths only where a length is asked."""
        is_exact = (
            self.ignore_eos
            and self.endpoint in _GENERATING
            and self.dataset is None
            and self.output_tokens is not None
        )
        return {**({"ignore_eos": True} if is_exact else {}), **self.params}


_DEFAULTS = Options(model="")


def _many(value: "_Number | Sequence[_Number] | None") -> "list[_Number]":
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) else [value]
