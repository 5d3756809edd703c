"""The chat endpoint: a request's body in, an answer out; nothing here touches HTTP."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from fireworks_async.simulator._answers import Answer, Step
from fireworks_async.simulator._behaviour import plan_choices
from fireworks_async.simulator._chunks import ChatAnswer
from fireworks_async.simulator._extras import Extras
from fireworks_async.simulator._metrics import Account
from fireworks_async.simulator._models import exists, reasoning_complaint
from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply, Reply
from fireworks_async.simulator._text import count_prompt_tokens
from fireworks_async.simulator._validation import chat_problems, join_problems

__all__ = ("Settings", "UsagePlacement", "answer_chat")

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


def answer_chat(body: Any, reply: Reply, settings: Settings, answer_id: str) -> Answer:
    """Answer a chat request, or refuse it the way the API does."""
    if refusal := _refusal(body, settings):
        return refusal.answer()
    tools = body.get("tools") or body.get("functions")
    prompt_tokens = count_prompt_tokens(body["messages"], tools)
    account = Account(
        prompt_tokens=prompt_tokens,
        choices=plan_choices(body, reply, tokens=settings.tokens, seed=settings.seed),
        ttft=settings.ttft,
        gap=settings.gap,
        speculates=bool(body.get("prediction") or body.get("speculation")),
        as_strings=settings.perf_as_strings,
    )
    chat = ChatAnswer(
        id=answer_id,
        created=int(time.time()),
        model=body["model"],
        account=account,
        extras=Extras.of_request(body, prompt_tokens),
        usage=_placement(body, settings.usage),
        with_metrics=bool(body.get("perf_metrics_in_response")),
    )
    is_streamed = bool(body.get("stream")) if reply.stream is None else reply.stream
    return _streamed(chat) if is_streamed else _whole(chat, body)


def _refusal(body: Any, settings: Settings) -> ErrorReply | None:
    problems = chat_problems(body, non_stream_cap=settings.non_stream_cap)
    if problems:
        return Rejection.invalid(join_problems(problems))
    if not exists(body["model"], settings.models):
        return Rejection.model_not_found()
    if complaint := reasoning_complaint(body["model"], body):
        return Rejection.invalid(complaint)
    return None


def _placement(body: dict[str, Any], placement: UsagePlacement) -> UsagePlacement:
    """Trailing usage comes only when asked for; on the finish chunk it always does."""
    options: dict[str, Any] = body.get("stream_options") or {}
    if options.get("include_usage"):
        return placement
    return "finish" if placement in ("finish", "both") else "none"


def _streamed(chat: ChatAnswer) -> Answer:
    headers = {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-cache",
        **chat.account.stream_headers(),
    }
    return Answer(headers=headers, steps=chat.steps())


def _whole(chat: ChatAnswer, body: dict[str, Any]) -> Answer:
    data = chat.json()
    headers = {"Content-Type": "application/json", **chat.account.full_headers(body)}
    return Answer(
        headers=headers,
        steps=(Step(0.0, data),),
        head_delay=chat.account.duration,
        length=len(data),
    )
