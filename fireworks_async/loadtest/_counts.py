"""What became of a run's requests, in words; how long they took is not told here."""

from collections.abc import Iterable, Iterator

from fireworks_async.loadtest._summary import Summary

__all__ = ("counts_of",)


def counts_of(summary: Summary) -> Iterator[str]:
    """How many requests there were and how they ended, and their tokens.

    Nothing is said of what there was none of: a server that counts no tokens has not
    used none.
    """
    yield f"{summary.requests:,} requests"
    yield f"{summary.completed:,} completed"
    yield from _some(
        ("failed", summary.errors),
        ("never started", summary.dropped),
        ("left on purpose", summary.cancelled),
    )
    tokens = _some(
        ("prompt", summary.total_prompt_tokens),
        ("output", summary.total_completion_tokens),
    )
    if told := " and ".join(tokens):
        yield f"{told} tokens"


def _some(*counts: tuple[str, int]) -> Iterable[str]:
    return (f"{count:,} {name}" for name, count in counts if count)
