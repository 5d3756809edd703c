"""What requests ask, as tokens; nothing here decides what is answered."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from fireworks_async.simulator._text import MEDIA_TOKENS, token_id, word_of

__all__ = ("TextPrompt", "chat_bytes", "image_problem", "text_prompts")

_IMAGE = "<image>"
_TOKEN_BYTES = 4
_ROLE_BYTES = 4 * _TOKEN_BYTES
_DIGEST_BYTES = 16
_IDS = 256**_TOKEN_BYTES


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

    def data(self) -> bytes:
        """Give the tokens as four bytes each, which begin alike as the prompts do."""
        if isinstance(self.source, str):
            own = _padded(self.source.encode())
        else:
            own = b"".join(
                (number % _IDS).to_bytes(_TOKEN_BYTES, "big") for number in self.source
            )
        return own + b"".join(map(_medium, self.images))


def chat_bytes(messages: Iterable[dict[str, Any]], tools: object) -> bytes:
    """Give the tokens of a chat as four bytes each, which begin alike as chats do.

    There are as many as are counted, but for the head of the reply.
    """
    parts = [_padded(msgspec.json.encode(tools))] if tools else []
    for message in messages:
        role = str(message["role"]).encode()[:_ROLE_BYTES]
        parts.append(role.ljust(_ROLE_BYTES, b"\0"))
        texts = [message.get("reasoning_content") or ""]
        if calls := message.get("tool_calls"):
            texts.append(msgspec.json.encode(calls).decode())
        media: list[str] = []
        content = message.get("content") or ""
        if isinstance(content, str):
            texts.append(content)
        else:
            texts += [part.get("text") or "" for part in content]
            media = [
                str(part)
                for part in content
                if any(name.endswith("_url") for name in part)
            ]
        parts.append(_padded("".join(texts).encode()))
        parts += map(_medium, media)
    return b"".join(parts)


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


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _TOKEN_BYTES)


def _medium(url: str) -> bytes:
    digest = blake2b(url.encode(), digest_size=_DIGEST_BYTES).digest()
    return digest * (MEDIA_TOKENS * _TOKEN_BYTES // _DIGEST_BYTES)
