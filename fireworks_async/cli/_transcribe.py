"""``fireworks-async transcribe``."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import ExitCode, UsageError
from fireworks_async.cli._unary import call, json_line, line

if TYPE_CHECKING:
    from fireworks_async import AsyncFireworks
    from fireworks_async.types import Transcription

__all__ = ("transcribe",)


class TextForm(StrEnum):
    """The forms of a transcript that are text."""

    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"


def transcribe(
    *,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The sound.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="MODEL", help="The model.")
    ] = "whisper-v3",
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="What is spoken, such as de.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Names and words to expect.")
    ] = None,
    translate: Annotated[
        bool, typer.Option("--translate", help="Write it in English.")
    ] = False,
    form: Annotated[
        TextForm, typer.Option("--format", help="Subtitles, or the text alone.")
    ] = TextForm.TEXT,
    json: Annotated[
        bool,
        typer.Option("--json", help="One line of JSON, with the times of all words."),
    ] = False,
    server: ServerOptions,
) -> ExitCode:
    """Write down what is said in a sound file.

    Fireworks ended this service in June 2026; --base-url names a server that has it.

    For example: fireworks-async transcribe speech.wav --format srt
    """
    if json and form is not TextForm.TEXT:
        raise UsageError("--json and --format exclude each other")

    async def hear(client: "AsyncFireworks") -> "Transcription | str":
        audio = client.audio
        endpoint = audio.translations if translate else audio.transcriptions
        if json:
            return await endpoint.create(
                file=file,
                model=model,
                language=language,
                prompt=prompt,
                response_format="verbose_json",
                timestamp_granularities=["word", "segment"],
            )
        return await endpoint.create(
            file=file,
            model=model,
            language=language,
            prompt=prompt,
            response_format=form.value,
        )

    heard = call(server, hear)
    if isinstance(heard, str):
        line(heard.rstrip("\n"))
    else:
        json_line(heard)
    return ExitCode.OK
