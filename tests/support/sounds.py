"""Sound files, made here."""

import io
import wave

RATE = 8000


def wav(seconds: float = 2.0) -> bytes:
    """A WAV of silence."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"\0\0" * int(seconds * RATE))
    return held.getvalue()
