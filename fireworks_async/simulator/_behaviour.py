"""What is answered to a valid chat request, token by token, before it is put in JSON.

The same request gets the same answer, streamed or not, for one seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from fireworks_async.simulator._examples import example
from fireworks_async.simulator._grammars import derived
from fireworks_async.simulator._models import reasons
from fireworks_async.simulator._prompts import TextPrompt
from fireworks_async.simulator._replies import Reply, ToolCall
from fireworks_async.simulator._schema_words import schema_in
from fireworks_async.simulator._text import dice, split_json, split_words, words

__all__ = ("CallPiece", "ChoicePlan", "max_tokens", "plan_choices", "plan_texts")

_REASONING_SHARE = 4


class CallPiece(NamedTuple):
    """One fragment of a tool call; the first of each call has its id and name."""

    call: int
    arguments: str
    id: str | None = None
    name: str | None = None


@dataclass(slots=True)
class ChoicePlan:
    """One choice: reasoning first, then content, then tool calls; a token an item.

    When `deltas` are given they are streamed in place of all three.
    """

    index: int
    reasoning: Sequence[str]
    content: Sequence[str]
    calls: Sequence[CallPiece]
    finish_reason: str
    deltas: Sequence[Mapping[str, Any] | None] | None = None

    @property
    def tokens(self) -> int:
        """How many tokens are sent, which is also what they are charged as."""
        if self.deltas is not None:
            return len(self.deltas)
        return len(self.reasoning) + len(self.content) + len(self.calls)

    def cut(self, limit: int) -> None:
        """Keep the first `limit` tokens."""
        if self.deltas is not None or self.tokens <= limit:
            return
        self.reasoning = self.reasoning[:limit]
        limit -= len(self.reasoning)
        self.content = self.content[:limit]
        self.calls = self.calls[: limit - len(self.content)]
        self.finish_reason = "length"


def plan_choices(
    body: dict[str, Any], reply: Reply, *, tokens: int, seed: int
) -> list[ChoicePlan]:
    """Decide what every choice says.

    Args:
        body: A valid request.
        reply: What is given; the rest is made up.
        tokens: How long an answer is that nothing else limits, reasoning included.
        seed: Another seed gives other words.
    """
    sequence = dice(seed, body["model"], body["messages"], body.get("seed"))
    return [
        _plan(body, reply, tokens, index, f"{sequence}{index}")
        for index in range(int(body.get("n", 1)))
    ]


def plan_texts(
    body: dict[str, Any],
    reply: Reply,
    prompts: Sequence[TextPrompt],
    *,
    tokens: int,
    seed: int,
) -> list[ChoicePlan]:
    """Decide how every prompt goes on: `n` choices for each, side by side.

    A text has neither reasoning nor tool calls; the other arguments are as for chat.
    """
    plans: list[ChoicePlan] = []
    for prompt in prompts:
        sequence = dice(seed, body["model"], prompt.source, body.get("seed"))
        for turn in range(int(body.get("n", 1))):
            length = _length(body, tokens)
            pieces = _content(body, reply, length, f"{sequence}{turn}", ())
            plan = ChoicePlan(len(plans), (), pieces, (), "stop", reply.deltas)
            plans.append(_limited(plan, body, reply))
    return plans


def max_tokens(body: dict[str, Any]) -> int | None:
    """Give the request's limit of output tokens, under either of its names."""
    limit = body.get("max_tokens")
    limit = body.get("max_completion_tokens") if limit is None else limit
    return None if limit is None else int(limit)


def _plan(
    body: dict[str, Any], reply: Reply, tokens: int, index: int, sequence: str
) -> ChoicePlan:
    length = _length(body, tokens)
    calls = _calls(reply.tool_calls or _forced_calls(body), sequence)
    reasoning = _reasoning(body, reply, length, sequence)
    # Made-up content fills what the reasoning left, and keeps out of tool calls' way.
    content = _content(body, reply, max(0, length - len(reasoning)), sequence, calls)
    finish = "tool_calls" if calls else "stop"
    if any((delta or {}).get("tool_calls") for delta in reply.deltas or ()):
        finish = "tool_calls"
    plan = ChoicePlan(index, reasoning, content, calls, finish, reply.deltas)
    return _limited(plan, body, reply)


def _length(body: dict[str, Any], tokens: int) -> int:
    limit = max_tokens(body)
    if body.get("ignore_eos") and limit is not None:
        return limit
    return max(tokens, int(body.get("min_tokens") or 0))


def _limited(plan: ChoicePlan, body: dict[str, Any], reply: Reply) -> ChoicePlan:
    limit = max_tokens(body)
    if limit is not None:
        plan.cut(limit)
        if body.get("ignore_eos") and not plan.calls and plan.tokens == limit:
            plan.finish_reason = "length"
    if reply.finish_reason is not None:
        plan.finish_reason = reply.finish_reason
    return plan


def _reasoning(
    body: dict[str, Any], reply: Reply, length: int, sequence: str
) -> Sequence[str]:
    match reply.reasoning:
        case None:
            # A reply whose text is given says no more than it was given.
            wanted = reply.text is None and reasons(body["model"], body)
            count = max(1, length // _REASONING_SHARE) if wanted and length else 0
            return words(f"{sequence}reasoning", count)
        case str(text):
            return split_words(text)
        case pieces:
            return pieces


def _content(
    body: dict[str, Any],
    reply: Reply,
    length: int,
    sequence: str,
    calls: Sequence[CallPiece],
) -> Sequence[str]:
    match reply.text:
        case None if calls:
            return ()
        case None:
            pieces = _made_up(body, length, sequence)
        case str(text):
            pieces = split_words(text)
        case given:
            return given
    stop = body.get("stop") or ()
    return _stopped(pieces, (stop,) if isinstance(stop, str) else stop)


def _made_up(body: dict[str, Any], length: int, sequence: str) -> list[str]:
    wanted: dict[str, Any] = body.get("response_format") or {}
    if wanted.get("type") in ("json_object", "json_schema"):
        value = example(schema_in(wanted))
        return split_json(msgspec.json.encode(value).decode())
    if wanted.get("type") == "grammar":
        text = derived(wanted.get("grammar") or "")
        if text is not None:
            return split_words(text)
    pieces = words(sequence, length)
    if length > 1:
        pieces[-1] = "."
    return pieces


def _stopped(pieces: list[str], stops: Sequence[str]) -> list[str]:
    if not stops:
        return pieces
    text = "".join(pieces)
    end = min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))
    kept: list[str] = []
    for piece in pieces:
        if end <= 0:
            break
        kept.append(piece[:end])
        end -= len(piece)
    return kept


def _forced_calls(body: dict[str, Any]) -> list[ToolCall]:
    tools = [tool.get("function") for tool in body.get("tools") or ()]
    functions = [tool for tool in tools or body.get("functions") or () if tool]
    choice = body.get("tool_choice") or body.get("function_call") or "auto"
    match choice:
        case "any" | "required":
            picked = functions[: 2 if body.get("parallel_tool_calls") else 1]
        case {"function": {"name": name}} | {"name": name}:
            picked = [tool for tool in functions if tool["name"] == name]
        case _:
            picked = []
    return [
        ToolCall(
            tool["name"],
            msgspec.json.encode(example(tool.get("parameters") or {})).decode(),
        )
        for tool in picked
    ]


def _calls(calls: Sequence[ToolCall], sequence: str) -> list[CallPiece]:
    pieces: list[CallPiece] = []
    for index, call in enumerate(calls):
        made_up = dice(index, call.name, sequence, None)[:24]
        pieces.append(CallPiece(index, "", call.id or f"call_{made_up}", call.name))
        pieces += [CallPiece(index, text) for text in split_json(call.arguments)]
    return pieces
