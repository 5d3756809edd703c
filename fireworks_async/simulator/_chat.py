"""The chat endpoint: a request's body in, an answer planned; no HTTP here."""

import time
from typing import Any

from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._behaviour import plan_choices
from fireworks_async.simulator._chunks import ChatAnswer
from fireworks_async.simulator._context import fitted, kept_messages
from fireworks_async.simulator._extras import Extras
from fireworks_async.simulator._framing import deliver, refusal, usage_placement
from fireworks_async.simulator._metrics import Account
from fireworks_async.simulator._plans import Plan, Terms
from fireworks_async.simulator._prefaces import Preface, rendered
from fireworks_async.simulator._prompts import TextPrompt, chat_bytes
from fireworks_async.simulator._replies import ErrorReply, Reply
from fireworks_async.simulator._settings import Settings
from fireworks_async.simulator._text import count_prompt_tokens
from fireworks_async.simulator._validation import chat_problems

__all__ = ("plan_chat",)


def plan_chat(
    body: Any, reply: Reply, settings: Settings, answer_id: str
) -> Plan | ErrorReply:
    """Plan the answer to a chat request, or refuse it the way the API does."""
    problems = chat_problems(body, non_stream_cap=settings.non_stream_cap)
    if refused := refusal(body, problems, settings.models):
        return refused
    tools = body.get("tools") or body.get("functions")
    messages = kept_messages(body)
    prompt_tokens = count_prompt_tokens(messages, tools)
    room = fitted(
        body, [prompt_tokens], context=settings.context_length, usual=settings.tokens
    )
    if isinstance(room, ErrorReply):
        return room
    choices = plan_choices(room, reply, tokens=settings.tokens, seed=settings.seed)

    def make(terms: Terms) -> Answer:
        extras = Extras.of_chat(body, prompt_tokens)
        chat = ChatAnswer(
            id=answer_id,
            created=int(time.time()),
            model=body["model"],
            account=Account.of_request(
                body,
                settings,
                prompt_tokens=prompt_tokens,
                choices=choices,
                terms=terms,
            ),
            usage=usage_placement(body, settings.usage),
            with_metrics=bool(body.get("perf_metrics_in_response")),
            extras=extras,
            preface=_preface(body, messages, extras),
        )
        return deliver(chat, body, reply)

    return Plan(
        body["model"],
        prompt_tokens,
        make,
        lambda: [chat_bytes(messages, tools)],
    )


def _preface(
    body: dict[str, Any], messages: list[dict[str, Any]], extras: Extras
) -> Preface:
    if not (body.get("echo") or body.get("echo_last")):
        return Preface()
    return Preface.of_request(body, TextPrompt(rendered(messages)), extras)
