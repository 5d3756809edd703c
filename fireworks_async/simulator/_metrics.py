"""What the API tells about an answer beside its text: headers, usage, perf metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from fireworks_async.simulator._behaviour import ChoicePlan, max_tokens
from fireworks_async.simulator._plans import Terms
from fireworks_async.simulator._settings import Settings

__all__ = ("Account", "gateway_headers")

_SAMPLING_DEFAULTS: dict[str, object] = {
    "max_tokens": 2048,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "min_p": 0.0,
    "typical_p": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "repetition_penalty": 1.0,
    "mirostat_target": None,
    "mirostat_lr": 0.1,
}


def gateway_headers(request_id: str) -> dict[str, str]:
    """Give the headers that the gateway puts on every answer, good or bad."""
    return {
        "server": "istio-envoy",
        "via": "1.1 google",
        "vary": "Origin",
        "x-request-id": request_id,
    }


@dataclass(frozen=True, slots=True)
class Account:
    """What one answer costs in tokens and in time.

    Attributes:
        prompt_tokens: Tokens of the prompt.
        choices: The choices that are sent.
        ttft: Seconds to the first token.
        gap: Seconds between two tokens of one choice.
        speculates: Whether the request came with a prediction.
        as_strings: Whether perf metrics are strings.
        terms: How the request was let in.
    """

    prompt_tokens: int
    choices: Sequence[ChoicePlan]
    ttft: float
    gap: float
    speculates: bool
    as_strings: bool
    terms: Terms

    @classmethod
    def of_request(
        cls,
        body: Mapping[str, Any],
        settings: Settings,
        *,
        prompt_tokens: int,
        choices: Sequence[ChoicePlan],
        terms: Terms,
    ) -> "Account":
        """Read a valid request that has been planned and let in."""
        return cls(
            prompt_tokens=prompt_tokens,
            choices=choices,
            ttft=settings.ttft,
            gap=settings.gap,
            speculates=bool(body.get("prediction") or body.get("speculation")),
            as_strings=settings.perf_as_strings,
            terms=terms,
        )

    @property
    def duration(self) -> float:
        """Seconds from the moment that it was let in to the last token."""
        longest = max(choice.tokens for choice in self.choices)
        return self.ttft + self.gap * max(0, longest - 1)

    def usage(self) -> dict[str, Any]:
        """Give `usage`, its keys in the order of the wire."""
        completion = sum(choice.tokens for choice in self.choices)
        usage: dict[str, Any] = {
            "prompt_tokens": self.prompt_tokens,
            "total_tokens": self.prompt_tokens + completion,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": self.terms.cached_tokens},
        }
        if reasoning := sum(len(choice.reasoning) for choice in self.choices):
            usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
        return usage

    def perf_metrics(self) -> dict[str, Any]:
        """Give `perf_metrics` of the body."""
        waited = self.terms.queued or 0.0
        metrics: dict[str, Any] = {
            **self._known_first(),
            "server-processing-time": round(waited + self.duration, 3),
        }
        if self.terms.queued is not None:
            metrics["generation-queue-duration"] = 0.0
            metrics["generation-duration"] = round(self.duration - self.ttft, 3)
        if self.speculates:
            metrics["speculation-prompt-tokens"] = 0
            metrics["speculation-prompt-matched-tokens"] = 0
        if self.as_strings:
            return {name: str(value) for name, value in metrics.items()}
        return metrics

    def stream_headers(self) -> dict[str, str]:
        """Give the part of the metrics that is known before a stream begins."""
        metrics = self._known_first()
        # Headers have always so many places.
        metrics["server-time-to-first-token"] = f"{self._first_token:.3f}"
        known = {f"fireworks-{name}": str(value) for name, value in metrics.items()}
        return {**known, **self.terms.headers}

    def full_headers(self, body: Mapping[str, Any]) -> dict[str, str]:
        """Give the headers of an answer that is not streamed."""
        effective = {
            name: default if body.get(name) is None else body[name]
            for name, default in _SAMPLING_DEFAULTS.items()
        }
        if (limit := max_tokens(dict(body))) is not None:
            effective["max_tokens"] = limit
        return {
            **{f"fireworks-{k}": str(v) for k, v in self.perf_metrics().items()},
            "fireworks-speculation-prompt-matched-tokens": "0",
            "fireworks-sampling-options": msgspec.json.encode(effective).decode(),
            **self.terms.headers,
        }

    @property
    def _first_token(self) -> float:
        return (self.terms.queued or 0.0) + self.ttft

    def _known_first(self) -> dict[str, Any]:
        """Give the metrics that the first token brings."""
        metrics: dict[str, Any] = {
            "prompt-tokens": self.prompt_tokens,
            "cached-prompt-tokens": self.terms.cached_tokens,
            "server-time-to-first-token": round(self._first_token, 3),
        }
        if self.terms.queued is not None:
            metrics |= {
                "num-concurrent-requests": self.terms.concurrent,
                "tokenizer-queue-duration": 0.0,
                "tokenizer-duration": 0.0,
                "prefill-queue-duration": round(self.terms.queued, 3),
                "prefill-duration": round(self.ttft, 3),
            }
        return metrics
