"""What a cell says: few words, the same for the same thing in every row.

An error is named by its class; ``raw`` is one that is not the client's own. ``silent``
is what ended as if all were well.
"""

from benchmarks.faults.outcome import DELTAS, WHOLE, Failure
from benchmarks.faults.trials import Outcome

__all__ = (
    "closing",
    "connections",
    "ending",
    "key_in_chain",
    "key_in_locals",
    "letting_go",
    "long_wait",
    "refusal",
    "replayed",
    "reported_usage",
    "retries",
    "sendings",
    "stale",
    "timing_out",
    "unknown_keyword",
)

# Below it, a thing happened "at once".
_AT_ONCE = 0.2
_CLOSED_WITHIN = 0.5
_REPLACED = WHOLE.replace("amber", "a\ufffdber")


def ending(outcome: Outcome) -> str:
    """How the call ended, and whether its error has the text that had come."""
    report = outcome.report
    if report.waited_in_vain:
        return f"no end and no error in {report.seconds:.0f} s"
    if report.failure is not None:
        return _raised(report.failure, heard_something=any(report.texts))
    if outcome.is_whole:
        return "whole answer"
    return _without_error("".join(report.texts), report.unusable)


def _raised(failure: Failure, *, heard_something: bool) -> str:
    name = failure.name if failure.is_own else f"raw {failure.name}"
    if not heard_something:
        return name
    return f"{name}, {'partial kept' if failure.keeps_partial else 'no partial'}"


def _without_error(text: str, unusable: int) -> str:
    if text == _REPLACED:
        return "whole answer, U+FFFD for the bad byte"
    if text == WHOLE.removeprefix(DELTAS[0]):
        return "silent, first delta lost"
    how = "silent success" if text else "silent success, empty"
    return f"{how} after an unusable chunk" if unusable else how


def refusal(outcome: Outcome) -> str:
    """The error, and how often the call was sent if more than once."""
    sent = len(outcome.requests)
    return ending(outcome) + (f", sent {sent} times" if sent > 1 else "")


def sendings(outcome: Outcome) -> str:
    """How the call ended, and how often it was sent."""
    sent = len(outcome.requests)
    return f"{ending(outcome)}, sent {'once' if sent == 1 else f'{sent} times'}"


def timing_out(outcome: Outcome) -> str:
    """Whether the timeout fired, and when."""
    if outcome.is_whole:
        return f"no timeout in {outcome.report.seconds:.1f} s"
    return f"{ending(outcome)}, after {outcome.report.seconds:.1f} s"


def reported_usage(outcome: Outcome) -> str:
    """Whether a caller that did not ask for usage was given it."""
    if not outcome.is_whole:
        return ending(outcome)
    return "reported" if outcome.report.usage == len(DELTAS) else "not reported"


def retries(outcome: Outcome) -> str:
    """How often the call was repeated, after how long, and how it ended."""
    taken = len(outcome.requests) - 1
    if taken < 1:
        return f"{ending(outcome)}, no retry"
    waits = " and ".join(f"{outcome.gap(number + 1):.1f}" for number in range(taken))
    times = "1 retry" if taken == 1 else f"{taken} retries"
    return f"{ending(outcome)}, {times} after {waits} s"


def long_wait(outcome: Outcome) -> str:
    """What becomes of a wait that is longer than the caller's patience."""
    if len(outcome.requests) > 1:
        return f"asks again after {outcome.gap(1):.1f} s"
    if outcome.report.failure is not None and outcome.report.seconds < 1.0:
        return f"{ending(outcome)} at once"
    return ending(outcome)


def stale(outcome: Outcome) -> str:
    """What becomes of a call whose connection turns out to be closed."""
    sent = len(outcome.requests)
    if sent < 2 or outcome.requests[1].connection.number != 0:
        return f"{ending(outcome)}, no connection reused"
    if sent == 2:
        return f"{ending(outcome)}, not repeated"
    wait = outcome.gap(2)
    when = "at once" if wait < _AT_ONCE else f"after {wait:.1f} s"
    return f"{ending(outcome)}, repeated {when}"


def closing(outcome: Outcome) -> str:
    """Whether the server saw the connection close when the caller left."""
    report = outcome.report
    if report.failure is not None or report.waited_in_vain:
        return ending(outcome)
    after = outcome.closed_after
    if after is None or after > _CLOSED_WITHIN:
        return f"still open after {_CLOSED_WITHIN} s"
    return "closed at once" if after < _AT_ONCE else f"closed after {after:.1f} s"


def letting_go(outcome: Outcome) -> str:
    """When a loop ended whose stream had said all."""
    if not outcome.is_whole:
        return ending(outcome)
    return f"loop ends after {outcome.report.seconds:.2f} s"


def connections(outcome: Outcome) -> str:
    """How many connections it took."""
    return str(outcome.connections) if outcome.is_whole else ending(outcome)


def replayed(outcome: Outcome) -> str:
    """What became of a message's key that the API refuses."""
    messages = outcome.requests[0].json["messages"]
    was_sent = any("metadata" in message for message in messages)
    return f"{'sent' if was_sent else 'left out'}: {ending(outcome)}"


def unknown_keyword(outcome: Outcome) -> str:
    """What became of a keyword that is misspelt."""
    if outcome.requests:
        was_sent = "temprature" in outcome.requests[0].json
        return "sent to the server" if was_sent else "silently dropped"
    failure = outcome.report.failure
    if failure is None:
        return ending(outcome)
    # Python's own TypeError is the right one here, and not called raw.
    hint = ", names `temperature`" if "'temperature'" in failure.message else ""
    return f"{failure.name} before sending{hint}"


def key_in_chain(outcome: Outcome) -> str:
    """Whether the error, or one behind it, shows the key."""
    failure = outcome.report.failure
    return _shown(failure.key_in_chain) if failure is not None else ending(outcome)


def key_in_locals(outcome: Outcome) -> str:
    """Whether the traceback shows the key, with the local variables of its frames."""
    failure = outcome.report.failure
    return _shown(failure.key_in_locals) if failure is not None else ending(outcome)


def _shown(is_shown: bool) -> str:
    return "shown" if is_shown else "not shown"
