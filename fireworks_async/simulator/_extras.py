"""What a request can ask to be told about tokens: logprobs, token ids, raw output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fireworks_async.simulator._behaviour import ChoicePlan
from fireworks_async.simulator._prompts import TextPrompt
from fireworks_async.simulator._text import alternatives, log_probability, token_id

__all__ = ("Extras", "joined")

_SOME_PRIME = 7919
_IDS = 100_000


@dataclass(frozen=True, slots=True)
class Extras:
    """What one request wants beside the text.

    Attributes:
        logprobs: None, `new` (the OpenAI form) or `legacy` (a number was asked for).
        top: How many alternatives are told for each token.
        token_ids: Whether token ids are told.
        raw_output: Whether the raw output is told.
        grammar: The grammar that the request brought.
        prompt: The prompt as text.
        prompt_ids: Its token ids.
    """

    logprobs: str | None
    top: int
    token_ids: bool
    raw_output: bool
    grammar: str | None
    prompt: str
    prompt_ids: Sequence[int]

    @classmethod
    def of_chat(cls, body: Mapping[str, Any], prompt_tokens: int) -> "Extras":
        """Read a valid chat request."""
        prompt = ""
        ids: Sequence[int] = ()
        if body.get("raw_output"):
            texts = [str(message.get("content") or "") for message in body["messages"]]
            prompt = "\n".join(texts)
        if body.get("raw_output") or body.get("return_token_ids"):
            ids = [place * _SOME_PRIME % _IDS for place in range(prompt_tokens)]
        return cls._of_request(body, prompt, ids)

    @classmethod
    def of_text(cls, body: Mapping[str, Any], prompt: TextPrompt) -> "Extras":
        """Read a valid request for text completions; say what `prompt` gets."""
        if body.get("raw_output") or body.get("return_token_ids"):
            return cls._of_request(body, prompt.text, prompt.ids())
        return cls._of_request(body, "", ())

    @classmethod
    def _of_request(
        cls, body: Mapping[str, Any], prompt: str, prompt_ids: Sequence[int]
    ) -> "Extras":
        logprobs = body.get("logprobs")
        is_legacy = isinstance(logprobs, int) and not isinstance(logprobs, bool)
        top = body.get("top_logprobs")
        if top is None:
            top = logprobs if is_legacy else 0
        wanted: Mapping[str, Any] = body.get("response_format") or {}
        return cls(
            logprobs="legacy" if is_legacy else "new" if logprobs else None,
            top=top or 0,
            token_ids=bool(body.get("return_token_ids")),
            raw_output=bool(body.get("raw_output")),
            grammar=wanted.get("grammar"),
            prompt=prompt,
            prompt_ids=prompt_ids,
        )

    @property
    def wanted(self) -> bool:
        """Whether anything is told with each token."""
        return self.logprobs is not None or self.token_ids

    def of_prompt(self) -> dict[str, Any]:
        """Give what the root of the answer, or of the first chunk, has."""
        return {"prompt_token_ids": self.prompt_ids} if self.token_ids else {}

    def of_tokens(
        self, tokens: Sequence[str], position: int, start: int = 0
    ) -> dict[str, Any]:
        """Give what a choice has beside these tokens.

        Args:
            tokens: The tokens told of.
            position: The place of the first in the choice, in tokens.
            start: Its place in the text, in characters.
        """
        told: dict[str, Any] = {}
        if self.logprobs == "legacy":
            told["logprobs"] = self._legacy(tokens, position, start)
        elif self.logprobs == "new":
            told["logprobs"] = {"content": self._new(tokens, position, start)}
        if self.token_ids:
            told["token_ids"] = [token_id(token) for token in tokens]
        return told

    def of_echo(
        self, tokens: Sequence[str], ids: Sequence[int], start: int
    ) -> dict[str, Any]:
        """Give what a choice has beside tokens of its prompt.

        Args:
            tokens: The tokens echoed.
            ids: Their ids.
            start: The place of the first in the prompt; the very first token of a
                prompt has no probability.
        """
        if self.logprobs is None:
            return {}
        told = self.of_tokens(tokens, start)["logprobs"]
        if self.logprobs == "legacy":
            told["token_ids"] = list(ids)
            if start == 0 and tokens:
                told["token_logprobs"][0] = told["top_logprobs"][0] = None
        else:
            for row, number in zip(told["content"], ids, strict=True):
                row["token_id"] = number
        return {"logprobs": told}

    def of_choice(self, choice: ChoicePlan, start: int = 0) -> dict[str, Any]:
        """Give what a choice has beside its text when it comes whole.

        Args:
            choice: The choice.
            start: The place of its content in the text, in characters.
        """
        if not self.wanted:
            return self.of_end(choice)
        reasoning = self.of_tokens(choice.reasoning, 0)
        content = self.of_tokens(choice.content, len(choice.reasoning), start)
        return {**joined(reasoning, content), **self.of_end(choice)}

    def of_end(self, choice: ChoicePlan) -> dict[str, Any]:
        """Give what a choice has when it has ended."""
        if not self.raw_output:
            return {}
        tokens = [*choice.reasoning, *choice.content]
        tokens += [piece.arguments for piece in choice.calls]
        raw: dict[str, Any] = {
            "prompt_fragments": [self.prompt],
            "prompt_token_ids": self.prompt_ids,
            "completion": "".join(tokens),
            "completion_token_ids": [token_id(token) for token in tokens],
        }
        if self.logprobs is not None:
            raw["completion_logprobs"] = {"content": self._new(tokens, 0, 0)}
        if self.grammar is not None:
            raw["grammar"] = self.grammar
        return {"raw_output": raw}

    def _legacy(
        self, tokens: Sequence[str], position: int, start: int
    ) -> dict[str, list[Any]]:
        told: dict[str, list[Any]] = {
            "tokens": [],
            "token_logprobs": [],
            "top_logprobs": [],
            "text_offset": [],
            "token_ids": [],
        }
        for place, token in enumerate(tokens, position):
            value = log_probability(token, place)
            told["tokens"].append(token)
            told["token_logprobs"].append(value)
            # The picked token is always told, so there may be one more than asked for.
            others = alternatives(token, place, self.top)
            told["top_logprobs"].append({token: value, **others})
            told["text_offset"].append(start)
            told["token_ids"].append(token_id(token))
            start += len(token)
        return told

    def _new(
        self, tokens: Sequence[str], position: int, start: int
    ) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        for place, token in enumerate(tokens, position):
            value = log_probability(token, place)
            others = alternatives(token, place, max(0, self.top - 1))
            likeliest = {token: value, **others} if self.top else {}
            told.append(
                {
                    **_token(token, value),
                    "sampling_logprob": value,
                    "text_offset": start,
                    "top_logprobs": [_token(*item) for item in likeliest.items()],
                }
            )
            start += len(token)
        return told


def joined(first: Any, second: Any) -> Any:
    """Join two tellings of the same kind: their lists, one after the other."""
    if isinstance(first, dict):
        told = cast("dict[str, Any]", first)
        return {key: joined(value, second[key]) for key, value in told.items()}
    return first + second


def _token(token: str, value: float) -> dict[str, Any]:
    return {
        "token": token,
        "bytes": list(token.encode()),
        "logprob": value,
        "token_id": token_id(token),
    }
