"""Every difference between LiteLLM's bodies and ours, and why it is there.

A row holds for each call that it names and for no other. Where LiteLLM has something and
we have nothing, the row says what becomes of it: it is at another place (``moved_to``),
or the API refuses it, which ``test_wire`` asks the simulator.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.parity.comparing import ABSENT
from tests.parity.corpus import CALLS, JSON_SCHEMA, PDF

__all__ = ("REFUSED_BY_BOTH", "REFUSED_BY_LITELLM", "REFUSED_BY_THE_API", "ROWS", "Row")


@dataclass(frozen=True)
class Row:
    """One difference, in one call or in several.

    Attributes:
        at: Where in the body.
        theirs: What LiteLLM sends there.
        ours: What we send there.
        why: The reason.
        calls: The names of the calls.
        moved_to: Where in our body the value is instead.
    """

    at: str
    theirs: Any
    ours: Any
    why: str
    calls: tuple[str, ...]
    moved_to: str | None = None


REFUSED_BY_LITELLM = {
    "reasoning_effort of a model that is not listed": "no table of ours is a gate",
    "tool_choice of a model that is not listed": "no table of ours is a gate",
    "tool_choice {'type': 'function', 'name': 'weather'}": "given the API's form",
    "tool_choice {'type': 'tool', 'name': 'weather'}": "given the API's form",
    "functions": "the API takes the deprecated fields",
    "image for a blind model": "inlined: the API makes text of it",
    "file": "sent as the image that it is",
    "embed dimensions of qwen3": "the API takes dimensions with every model",
    "text token ids": "the API takes token ids",
    "text lists of token ids": "the API takes token ids",
}
"""Calls that LiteLLM raises an error for and we send, and why we can."""

REFUSED_BY_BOTH = ("thinking and reasoning_effort",)
"""Calls that neither sends: the API would refuse them."""

REFUSED_BY_THE_API = {
    "extra body": "Extra inputs are not permitted, field: 'brand_new'",
    "model me/my-fine-tune": "Model not found",
    "thinking in parts": r"field: 'messages\[1\].content\[0\].thinking'",
}
"""Calls that the API refuses as we send them, which is what they ask for."""

_SENT = [
    call
    for call in CALLS
    if call.name not in REFUSED_BY_LITELLM and call.name not in REFUSED_BY_BOTH
]
_COMPLETIONS = [call for call in _SENT if call.endpoint in ("chat", "text")]


def _names(calls: Iterable[Any]) -> tuple[str, ...]:
    return tuple(call.name for call in calls)


def _may_be_null(at: str, inner: dict[str, Any]) -> Iterator[Row]:
    why = "what may be left out may be null, so that nothing has to be made up"
    for word, value in inner.items():
        moved_to = f"{at}.anyOf[0].{word}"
        yield Row(f"{at}.{word}", value, ABSENT, why, (_DEEP,), moved_to=moved_to)
    yield Row(f"{at}.anyOf", ABSENT, [inner, {"type": "null"}], why, (_DEEP,))


_DEEP = "format of a pydantic model with more in it"
_EXPANDED = "expanded as a chat model is everywhere else"
_ROUTER = "the price lists have this name under routers/"
_REFUSED = "the API refuses the key, so it stays here"
_NO_TOOLS_LOST = "LiteLLM loses the format when there are tools"

ROWS = (
    Row(
        "stream",
        ABSENT,
        True,
        "every completion is a stream on the wire",
        _names(call for call in _COMPLETIONS if "stream" not in call.fields),
    ),
    Row(
        "stream_options",
        ABSENT,
        {"include_usage": True},
        "usage is always asked for",
        _names(
            call
            for call in _COMPLETIONS
            if "stream_options" not in call.fields
            and not (call.endpoint == "chat" and "stream" in call.fields)
        ),
    ),
    Row(
        "stream_options.include_usage",
        False,
        True,
        "usage is always asked for",
        ("option stream_options={'include_usage': False}", "streamed, usage refused"),
    ),
    # Names.
    *(
        Row("model", f"{theirs}{name}", f"{ours}{name}", why, (f"model {name}",))
        for name, theirs, ours, why in (
            (
                "qwen2p5-coder-7b#accounts/gitlab/deployments/2fb7764c",
                "",
                "accounts/fireworks/models/",
                _EXPANDED,
            ),
            (
                "glm-5p3-us",
                "accounts/fireworks/models/",
                "accounts/fireworks/routers/",
                _ROUTER,
            ),
            (
                "kimi-k3-spot",
                "accounts/fireworks/models/",
                "accounts/fireworks/routers/",
                _ROUTER,
            ),
            (
                "qwen-max-latest",
                "accounts/fireworks/models/",
                "accounts/fireworks/routers/",
                _ROUTER,
            ),
            (
                "me/my-fine-tune",
                "accounts/fireworks/models/",
                "",
                "<account>/<model> is a form of its own, and no model of Fireworks'",
            ),
        )
    ),
    Row(
        "model",
        "accounts/fireworks/models/deepseek-v3.1",
        "accounts/fireworks/models/deepseek-v3p1",
        "the model is known under the name with a p for the dot",
        ("model deepseek-v3.1",),
    ),
    Row(
        "model",
        "qwen3-embedding-8b",
        "fireworks/qwen3-embedding-8b",
        "embeddings know models as <account>/<model>",
        ("embed qwen3-embedding-8b",),
    ),
    Row(
        "model",
        "fireworks/accounts/fireworks/models/qwen3-reranker-8b",
        "accounts/fireworks/models/qwen3-reranker-8b",
        "a full name needs no account before it",
        ("rerank full name",),
    ),
    # Fields.
    *(
        row
        for value, calls in (
            (100, ("option max_completion_tokens=100",)),
            (
                300,
                (
                    "all options of the ReqLLM page",
                    "all options of the ReqLLM page, streamed",
                ),
            ),
        )
        for row in (
            Row(
                "max_tokens",
                value,
                ABSENT,
                "sent under the name that the caller wrote",
                calls,
                moved_to="max_completion_tokens",
            ),
            Row(
                "max_completion_tokens",
                ABSENT,
                value,
                "sent under the name that the caller wrote",
                calls,
            ),
        )
    ),
    Row(
        "metadata",
        ABSENT,
        {"trace": "t-1"},
        "LiteLLM keeps it for itself",
        (
            "option metadata={'trace': 't-1'}",
            "all options of the ReqLLM page",
            "all options of the ReqLLM page, streamed",
        ),
    ),
    Row(
        "task",
        ABSENT,
        "Find the city.",
        "LiteLLM drops it",
        ("rerank task",),
    ),
    # Reasoning.
    Row(
        "reasoning_effort",
        "minimal",
        "low",
        "the least that the API takes",
        ("reasoning_effort 'minimal'",),
    ),
    Row(
        "reasoning_effort",
        "default",
        ABSENT,
        "the model's default is what comes without the field",
        ("reasoning_effort 'default'",),
    ),
    Row(
        "reasoning_effort",
        "medium",
        True,
        "the API takes true, and means medium",
        ("reasoning_effort True",),
    ),
    Row(
        "reasoning_effort",
        "none",
        False,
        "the API takes false, and means none",
        ("reasoning_effort False",),
    ),
    # Tools and formats.
    Row(
        "tool_choice",
        "any",
        "required",
        "the API takes both words for the same",
        ("tool_choice 'required'", "images, tools and a schema"),
    ),
    Row(
        "tools[0].function.strict",
        ABSENT,
        True,
        "LiteLLM drops it; the API has the field",
        ("tools, strict",),
    ),
    Row(
        "tools[0].function.parameters.properties.to.$ref",
        ABSENT,
        "#/$defs/Place",
        "definitions are moved to where the API looks for them",
        ("tools with definitions",),
    ),
    Row(
        "tools[0].function.parameters.$defs",
        ABSENT,
        {"Place": {"type": "object", "properties": {"city": {"type": "string"}}}},
        "definitions are moved to where the API looks for them",
        ("tools with definitions",),
    ),
    Row(
        "tools[0].function.parameters.properties.to.type",
        "object",
        ABSENT,
        "LiteLLM writes the definition in place of each reference",
        ("tools with definitions",),
        moved_to="tools[0].function.parameters.$defs.Place.type",
    ),
    Row(
        "tools[0].function.parameters.properties.to.properties",
        {"city": {"type": "string"}},
        ABSENT,
        "LiteLLM writes the definition in place of each reference",
        ("tools with definitions",),
        moved_to="tools[0].function.parameters.$defs.Place.properties",
    ),
    Row(
        "response_format",
        ABSENT,
        JSON_SCHEMA,
        _NO_TOOLS_LOST,
        (
            "tools and a schema",
            "tools, choice and a schema",
            "images, tools and a schema",
        ),
    ),
    *(
        row
        for at, inner in (
            (
                "$defs.Address.properties.floor",
                {"default": 0, "title": "Floor", "type": "integer"},
            ),
            (
                "properties.others",
                {
                    "default": [],
                    "items": {"$ref": "#/$defs/Address"},
                    "title": "Others",
                    "type": "array",
                },
            ),
        )
        for row in _may_be_null(f"response_format.json_schema.schema.{at}", inner)
    ),
    Row(
        "response_format.json_schema.schema.properties.nick.default",
        ABSENT,
        None,
        "what pydantic says of the property is not taken away",
        (_DEEP,),
    ),
    # Messages.
    Row(
        "messages[1].content",
        ABSENT,
        None,
        "null is what a turn that only calls tools holds",
        (
            "a history of tools",
            "a history of tools as LiteLLM gives it",
            "cache_control on a result",
            "arguments that are an object",
        ),
    ),
    *(
        Row(at, theirs, ABSENT, _REFUSED, calls)
        for at, theirs, calls in (
            (
                "messages[1].annotations",
                [],
                (
                    "a history of tools as LiteLLM gives it",
                    "an answer as LiteLLM gives it",
                ),
            ),
            ("messages[1].images", [], ("a history of tools as LiteLLM gives it",)),
            (
                "messages[1].tool_calls[0].index",
                0,
                ("a history of tools as LiteLLM gives it",),
            ),
            (
                "messages[2].name",
                "weather",
                ("a history of tools as LiteLLM gives it",),
            ),
            (
                "messages[2].metadata",
                {"took": 3},
                ("a history of tools as LiteLLM gives it",),
            ),
            ("messages[0].name", "ada", ("a name",)),
            ("messages[0].metadata", {"id": 1}, ("metadata of a message",)),
        )
    ),
    Row(
        "messages[0].content[0].image_url",
        {"url": "https://x.test/a.png"},
        "https://x.test/a.png",
        "sent in the form that the caller wrote, as LiteLLM did up to 1.90",
        ("image as a string",),
    ),
    Row(
        "messages[0].content[0].image_url.url",
        PDF,
        f"{PDF}#transform=inline",
        "the model does not see images: the API is asked to make text of it",
        ("document of the LiteLLM page",),
    ),
)
