"""The endpoint of text completions: a body in, an answer out; no HTTP here."""

import time
from typing import Any

from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._behaviour import plan_texts
from fireworks_async.simulator._framing import delivered, refusal, usage_placement
from fireworks_async.simulator._metrics import Account
from fireworks_async.simulator._prompts import text_prompts
from fireworks_async.simulator._replies import Reply
from fireworks_async.simulator._settings import Settings
from fireworks_async.simulator._text_chunks import Preface, TextAnswer
from fireworks_async.simulator._validation import text_problems

__all__ = ("answer_text",)


def answer_text(body: Any, reply: Reply, settings: Settings, answer_id: str) -> Answer:
    """Answer a request for text completions, or refuse it the way the API does."""
    problems = text_problems(body, non_stream_cap=settings.non_stream_cap)
    if refused := refusal(body, problems, settings.models):
        return refused.answer()
    prompts = text_prompts(body)
    choices = plan_texts(
        body, reply, prompts, tokens=settings.tokens, seed=settings.seed
    )
    account = Account.of_request(
        body,
        settings,
        prompt_tokens=sum(prompt.count for prompt in prompts),
        choices=choices,
    )
    text = TextAnswer(
        id=answer_id,
        created=int(time.time()),
        model=body["model"],
        account=account,
        usage=usage_placement(body, settings.usage),
        with_metrics=bool(body.get("perf_metrics_in_response")),
        prefaces=[Preface.of_request(body, prompt) for prompt in prompts],
    )
    return delivered(text, body, reply)
