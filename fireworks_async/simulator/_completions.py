"""The endpoint of text completions: a body in, an answer planned; no HTTP here."""

import time
from typing import Any

from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._behaviour import plan_texts
from fireworks_async.simulator._context import fitted
from fireworks_async.simulator._extras import Extras
from fireworks_async.simulator._framing import deliver, refusal, usage_placement
from fireworks_async.simulator._metrics import Account
from fireworks_async.simulator._plans import Plan, Terms
from fireworks_async.simulator._prefaces import Preface
from fireworks_async.simulator._prompts import text_prompts
from fireworks_async.simulator._replies import ErrorReply, Reply
from fireworks_async.simulator._settings import Settings
from fireworks_async.simulator._text_chunks import TextAnswer
from fireworks_async.simulator._validation import text_problems

__all__ = ("plan_text",)


def plan_text(
    body: Any, reply: Reply, settings: Settings, answer_id: str
) -> Plan | ErrorReply:
    """Plan text completions, or refuse the request the way the API does."""
    problems = text_problems(body, non_stream_cap=settings.non_stream_cap)
    if refused := refusal(body, problems, settings.models):
        return refused
    prompts = text_prompts(body)
    counts = [prompt.count for prompt in prompts]
    room = fitted(body, counts, context=settings.context_length, usual=settings.tokens)
    if isinstance(room, ErrorReply):
        return room
    choices = plan_texts(
        room, reply, prompts, tokens=settings.tokens, seed=settings.seed
    )

    def make(terms: Terms) -> Answer:
        told = [(prompt, Extras.of_text(body, prompt)) for prompt in prompts]
        text = TextAnswer(
            id=answer_id,
            created=int(time.time()),
            model=body["model"],
            account=Account.of_request(
                body,
                settings,
                prompt_tokens=sum(counts),
                choices=choices,
                terms=terms,
            ),
            usage=usage_placement(body, settings.usage),
            with_metrics=bool(body.get("perf_metrics_in_response")),
            prompts=[
                (extras, Preface.of_request(body, prompt, extras))
                for prompt, extras in told
            ],
        )
        return deliver(text, body, reply)

    return Plan(
        body["model"],
        sum(counts),
        make,
        lambda: [prompt.data() for prompt in prompts],
    )
