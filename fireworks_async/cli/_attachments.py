"""What goes with a prompt beside its words: images, and files as text."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._exits import UsageError

if TYPE_CHECKING:
    from fireworks_async.types import ContentPart

__all__ = ("AttachmentOptions",)

_PANEL = "With the prompt"
_WEB = ("http://", "https://")
# Asks the API to turn what a URL names into text.
_INLINE = "#transform=inline"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentOptions:
    """Files and addresses that every prompt of a command comes with."""

    image: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|URL",
            help="An image to look at; as often as you like.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    file: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|URL",
            help="A file to read: text or an image from here, or a document such as a "
            "PDF from the web, which the API turns into text. As often as you like.",
            rich_help_panel=_PANEL,
        ),
    ] = None

    async def parts(self) -> "list[ContentPart]":
        """Read them all, in the form of parts of a message.

        Raises:
            UsageError: One cannot be read, or is not taken.
        """
        images = [await _image(name) for name in self.image or ()]
        return images + [await _document(name) for name in self.file or ()]


async def _image(name: str) -> "ContentPart":
    from fireworks_async import image_part  # noqa: PLC0415 - not for --help

    try:
        return await image_part(name)
    except OSError as error:
        said = error.strerror or str(error)
    except ValueError as error:
        said = str(error)
    raise UsageError(f"--image {name}: {said.removeprefix('image: ')}")


async def _document(name: str) -> "ContentPart":
    import anyio.to_thread  # noqa: PLC0415 - not for --help

    from fireworks_async import image_part  # noqa: PLC0415 - likewise

    if name.startswith(_WEB):
        url = name if "#" in name else name + _INLINE
        return {"type": "image_url", "image_url": {"url": url}}
    path = Path(name)
    try:
        data = await anyio.to_thread.run_sync(path.read_bytes)
    except OSError as error:
        raise UsageError(f"--file {name}: {error.strerror or error}") from None
    if (text := _text_in(data)) is not None:
        return {"type": "text", "text": f'<file name="{path.name}">\n{text}\n</file>'}
    try:
        return await image_part(data)
    except ValueError:
        raise UsageError(
            f"--file {name}: neither text nor an image that the API takes; documents "
            "are read from the web: give an http(s) address"
        ) from None


def _text_in(data: bytes) -> str | None:
    """Decode a text; None for what is none."""
    if b"\0" in data or data.startswith(b"%PDF-"):
        return None
    try:
        return data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        return None
