"""What an answer says of its prompt before it goes on: the echo."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fireworks_async.simulator._extras import Extras, joined
from fireworks_async.simulator._prompts import TextPrompt

__all__ = ("Preface", "rendered")


@dataclass(frozen=True, slots=True)
class Preface:
    """What the choices of one prompt say of it before they go on.

    Attributes:
        echoed: Whether any of the prompt is said again.
        text: What is said again.
        told: What is told of those tokens.
    """

    echoed: bool = False
    text: str = ""
    told: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of_request(
        cls, body: Mapping[str, Any], prompt: TextPrompt, extras: Extras
    ) -> "Preface":
        """Read a valid request; `echo_last` counts tokens from the end."""
        last = body.get("echo_last")
        if not (body.get("echo") or last):
            return cls()
        tokens = prompt.tokens()
        start = 0 if body.get("echo") else max(0, len(tokens) - int(last or 0))
        told = extras.of_echo(tokens[start:], prompt.ids()[start:], start)
        return cls(True, "".join(tokens[start:]), told)

    def before(self, told: dict[str, Any]) -> dict[str, Any]:
        """Give what a whole choice tells, with what is told of the prompt first."""
        if not self.told:
            return told
        return {**told, "logprobs": joined(self.told, told)["logprobs"]}


def rendered(messages: Iterable[Mapping[str, Any]]) -> str:
    """Give a chat as the text that the stand-in model would be given."""
    parts: list[str] = []
    for message in messages:
        content = message.get("content") or ""
        if not isinstance(content, str):
            content = "".join(part.get("text") or "" for part in content)
        parts.append(f"<|{message['role']}|>{content}\n")
    return "".join([*parts, "<|assistant|>"])
