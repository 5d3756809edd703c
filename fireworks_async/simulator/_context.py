"""What fits in a model's context, and what is done about the rest."""

from collections.abc import Sequence
from typing import Any

from fireworks_async.simulator._behaviour import max_tokens
from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply
from fireworks_async.simulator._text import count_prompt_tokens

__all__ = ("fitted", "kept_messages")

Messages = list[dict[str, Any]]


def kept_messages(body: dict[str, Any]) -> Messages:
    """Give the messages of a chat, without the oldest if it asks for a shorter prompt.

    System messages go last, and the latest message never.
    """
    messages: Messages = body["messages"]
    limit = body.get("prompt_truncate_len")
    if limit is None or body.get("safe_tokenization"):
        return messages
    tools = body.get("tools") or body.get("functions")
    kept = list(messages)
    turns = [message for message in messages[:-1] if message["role"] != "system"]
    for oldest in [*turns, *(one for one in messages[:-1] if one["role"] == "system")]:
        if count_prompt_tokens(kept, tools) <= limit:
            break
        kept = [message for message in kept if message is not oldest]
    return kept


def fitted(
    body: dict[str, Any],
    prompt_tokens: Sequence[int],
    *,
    context: int | None,
    usual: int,
) -> dict[str, Any] | ErrorReply:
    """Give the request with no more output tokens than there is room for, or refuse it.

    Args:
        body: A valid request.
        prompt_tokens: The tokens of each of its prompts.
        context: The length of the model's context; None for one without end.
        usual: How many tokens an answer has that nothing limits.
    """
    if context is None:
        return body
    longest = max(prompt_tokens)
    room = context - longest
    limit = max_tokens(body)
    if room <= 0:
        return Rejection.prompt_too_long(longest, context)
    if (usual if limit is None else limit) <= room:
        return body
    if limit is not None and body.get("context_length_exceeded_behavior") == "error":
        return Rejection.prompt_too_long(longest + limit, context)
    others = {name: value for name, value in body.items() if name not in _LIMITS}
    return {**others, "max_tokens": room}


_LIMITS = ("max_tokens", "max_completion_tokens")
