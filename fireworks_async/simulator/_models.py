"""Which models the stand-in has, and how the families differ in reasoning."""

import re
from collections.abc import Collection
from typing import Any

__all__ = ("DEFAULT_MODELS", "exists", "reasoning_complaint", "reasons")

DEFAULT_MODELS = (
    "accounts/fireworks/models/deepseek-v3p1",
    "accounts/fireworks/models/gpt-oss-20b",
    "accounts/fireworks/models/kimi-k2p6",
    "accounts/fireworks/models/llama-v3p3-70b-instruct",
    "accounts/fireworks/models/qwen3-8b",
)

_FULL_NAME = re.compile(
    r"""(accounts/[^/#]+/(models|routers|deployments)/[^#]+|FW-[^/#]+)
        (\#.+)?""",
    re.VERBOSE,
)
_REASONING = re.compile(
    r"gpt-oss|minimax-m|kimi-k2(p[5-9]|-thinking)|glm-(4p[5-9]|5)|deepseek-(r1|v3p2|v4)"
    r"|qwen3"
)
_ALWAYS_REASONING = re.compile(r"gpt-oss|minimax-m2")


def exists(model: str, models: Collection[str] | None) -> bool:
    """Tell whether the stand-in serves `model`.

    Args:
        model: The name as it came.
        models: The names that exist, or None for every name that is spelled in full.
            A deployment after `#` is not looked at.
    """
    if models is not None:
        return model in models or model.partition("#")[0] in models
    return _FULL_NAME.fullmatch(model) is not None


def reasoning_complaint(model: str, body: dict[str, Any]) -> str | None:
    """Say why the model refuses the effort asked for, or give None."""
    effort = body.get("reasoning_effort")
    if effort is None or _ALWAYS_REASONING.search(model) is None:
        return None
    shown = ("medium" if effort else "none") if isinstance(effort, bool) else effort
    if shown in ("low", "medium", "high") and (
        not isinstance(effort, bool) or "gpt-oss" in model
    ):
        return None
    return f"Invalid reasoning effort: {shown}"


def reasons(model: str, body: dict[str, Any]) -> bool:
    """Tell whether the answer begins with reasoning."""
    effort = body.get("reasoning_effort")
    if effort is not None:
        return effort not in (False, "none")
    if thinking := body.get("thinking"):
        return bool(thinking["type"] != "disabled")
    return _REASONING.search(model) is not None
