"""The prompts of a text completion as tokens; nothing here decides what is answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fireworks_async.simulator._text import MEDIA_TOKENS, token_id, word_of

__all__ = ("TextPrompt", "image_problem", "text_prompts")

_IMAGE = "<image>"
_TOKEN_BYTES = 4


@dataclass(frozen=True, slots=True)
class TextPrompt:
    """One prompt.

    A text has a token for each four bytes of its UTF-8, cut where characters begin; a
    list of ids is what it is. Each image is 256 tokens more, which have no text.

    Attributes:
        source: What came: a text or token ids.
        images: Its images.
    """

    source: str | Sequence[int]
    images: Sequence[str] = ()

    @property
    def count(self) -> int:
        """How many tokens it has; the start of a text counts where there is no other."""
        own = len(self.source)
        if isinstance(self.source, str):
            own = max(1, -(-len(self.source.encode()) // _TOKEN_BYTES))
        return own + MEDIA_TOKENS * len(self.images)

    @property
    def text(self) -> str:
        """The prompt as text."""
        return self.source if isinstance(self.source, str) else "".join(self.tokens())

    def tokens(self) -> list[str]:
        """Give the tokens as text."""
        if isinstance(self.source, str):
            return list(_pieces(self.source))
        return [word_of(number) for number in self.source]

    def ids(self) -> list[int]:
        """Give the tokens' ids."""
        if isinstance(self.source, str):
            return [token_id(piece) for piece in _pieces(self.source)]
        return list(self.source)


def text_prompts(body: dict[str, Any]) -> list[TextPrompt]:
    """Read the prompts of a valid request."""
    prompt: Any = body["prompt"]
    prompts: list[Any] = prompt
    if isinstance(prompt, str) or isinstance(prompt[0], int):
        prompts = [prompt]
    images: list[Any] = body.get("images") or []
    if not images or isinstance(images[0], str):
        images = [images]
    images += [()] * (len(prompts) - len(images))
    return [TextPrompt(*pair) for pair in zip(prompts, images, strict=False)]


def image_problem(body: dict[str, Any]) -> str | None:
    """Say that the images are not those that the prompts have places for."""
    images: list[Any] = body.get("images") or []
    given = sum(1 if isinstance(image, str) else len(image) for image in images)
    prompts = text_prompts(body)
    places = [
        prompt.source.count(_IMAGE) if isinstance(prompt.source, str) else 0
        for prompt in prompts
    ]
    if [len(prompt.images) for prompt in prompts] == places and given == sum(places):
        return None
    # Ids may stand for a place too, and only the model knows which.
    if images and any(not isinstance(prompt.source, str) for prompt in prompts):
        return None
    return (
        f"Number of images ({given}) does not match number of {_IMAGE} tokens in the"
        f" prompt ({sum(places)})"
    )


def _pieces(text: str) -> Iterator[str]:
    data = text.encode()
    start = 0
    for place in range(_TOKEN_BYTES, len(data) + _TOKEN_BYTES, _TOKEN_BYTES):
        end = min(place, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[start:end].decode()
        start = end
