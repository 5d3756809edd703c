"""The chat endpoint: a request's body in, an answer out; nothing here touches HTTP."""

import time
from typing import Any

from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._behaviour import plan_choices
from fireworks_async.simulator._chunks import ChatAnswer
from fireworks_async.simulator._extras import Extras
from fireworks_async.simulator._framing import delivered, refusal, usage_placement
from fireworks_async.simulator._metrics import Account
from fireworks_async.simulator._replies import Reply
from fireworks_async.simulator._settings import Settings
from fireworks_async.simulator._text import count_prompt_tokens
from fireworks_async.simulator._validation import chat_problems

__all__ = ("answer_chat",)


def answer_chat(body: Any, reply: Reply, settings: Settings, answer_id: str) -> Answer:
    """Answer a chat request, or refuse it the way the API does."""
    problems = chat_problems(body, non_stream_cap=settings.non_stream_cap)
    if refused := refusal(body, problems, settings.models):
        return refused.answer()
    tools = body.get("tools") or body.get("functions")
    prompt_tokens = count_prompt_tokens(body["messages"], tools)
    account = Account.of_request(
        body,
        settings,
        prompt_tokens=prompt_tokens,
        choices=plan_choices(body, reply, tokens=settings.tokens, seed=settings.seed),
    )
    chat = ChatAnswer(
        id=answer_id,
        created=int(time.time()),
        model=body["model"],
        account=account,
        usage=usage_placement(body, settings.usage),
        with_metrics=bool(body.get("perf_metrics_in_response")),
        extras=Extras.of_chat(body, prompt_tokens),
    )
    return delivered(chat, body, reply)
