"""Aliases, Literals and the shapes of messages that several rooms share; no logic."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, Required, TypeAlias, TypedDict

__all__ = (
    "AudioPart",
    "AudioURL",
    "ContentPart",
    "FinishReason",
    "FunctionCallParam",
    "ImagePart",
    "ImageURL",
    "JSONObject",
    "MessageLike",
    "MessageObject",
    "MessageParam",
    "ReasoningEffort",
    "Role",
    "TextPart",
    "ToolCallParam",
    "ToolChoice",
    "VideoPart",
    "VideoURL",
)

JSONObject: TypeAlias = Mapping[str, object]
"""A JSON object whose keys the API, and not this library, decides on."""

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
"""Who speaks; ``developer`` is sent as ``system``. The API's schema has an open string
here; others go as typed."""

FinishReason: TypeAlias = str
"""Why a choice ended: ``stop``, ``length``, ``tool_calls``, ``function_call``,
``content_filter``, or a word that the API invents later."""

ReasoningEffort: TypeAlias = (
    Literal[
        "none",
        "minimal",
        "low",
        "medium",
        "high",
        "xhigh",
        "max",
        "adaptive",
        "default",
        "auto",
    ]
    | int
    | bool
    | Mapping[Literal["effort"], object]
)
"""How much to reason. ``minimal`` is sent as ``low``, ``default`` and ``auto`` are not
sent; an int is a cap in tokens, True means ``medium`` and False ``none``. OpenAI's
``{"effort": x}`` is sent as ``x``."""

ToolChoice: TypeAlias = str | JSONObject
"""``auto``, ``none``, ``any``, ``required``, the name of a function, or an object."""


class TextPart(TypedDict):
    """Text inside a message of several parts."""

    type: Literal["text"]
    text: str


class ImageURL(TypedDict, total=False):
    """Where an image is: an http(s) or ``data:`` URL."""

    url: Required[str]
    detail: str | None


class ImagePart(TypedDict):
    """An image, or with document inlining a document."""

    type: Literal["image_url"]
    image_url: ImageURL | str


class VideoURL(TypedDict, total=False):
    """Where a video is, and how much of it to look at."""

    url: Required[str]
    detail: str | None
    max_frames: int | None
    sample_fps: float | None
    spatial_limit: int | None


class VideoPart(TypedDict):
    """A video (dedicated deployments only)."""

    type: Literal["video_url"]
    video_url: VideoURL | str


class AudioURL(TypedDict):
    """Where a sound is: an http(s) or ``data:`` URL."""

    url: str


class AudioPart(TypedDict):
    """Sound, for models that hear."""

    type: Literal["audio_url"]
    audio_url: AudioURL | str


ContentPart: TypeAlias = TextPart | ImagePart | VideoPart | AudioPart | JSONObject
"""One part of a message's content; a type that is not listed goes as typed."""


class FunctionCallParam(TypedDict, total=False):
    """The function that the model called."""

    name: Required[str]
    arguments: str | JSONObject | None


class ToolCallParam(TypedDict, total=False):
    """A call that the model made, sent back with the history."""

    id: str | None
    type: str | None
    function: Required[FunctionCallParam | str]


class MessageParam(TypedDict, total=False):
    """One turn of the conversation."""

    role: Required[Role]
    content: str | Sequence[ContentPart] | None
    reasoning_content: str | None
    tool_calls: Sequence[ToolCallParam | JSONObject] | None
    tool_call_id: str | None


class MessageObject(Protocol):
    """A message as an object: one that was received, or another client's."""

    @property
    def role(self) -> object: ...


MessageLike: TypeAlias = MessageParam | JSONObject | MessageObject
"""What is taken for a message: a dict, any mapping, or an object with a ``role``."""
