"""The recorded streams of ``tests/data``, each with what it must amount to.

Beside each ``*.sse`` lies a ``.json``. It holds either the parts of the completion that
must come out, or ``error``, the class that must be raised, and ``partial``, the text of
choice 0 until then. ``llama_*`` were made by ``record_streams``; the others were written
by hand after the API's documentation and after what other servers send.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Recording:
    """One stream's body, and what it must amount to."""

    name: str
    body: bytes
    expected: dict[str, Any]

    @property
    def text(self) -> str:
        """The content of choice 0."""
        if "error" in self.expected:
            return self.expected["partial"]
        return self.expected["choices"][0]["message"].get("content") or ""


def _read(path: Path) -> Recording:
    expected = json.loads(path.with_suffix(".json").read_text())
    return Recording(path.stem, path.read_bytes(), expected)


_ALL = [_read(path) for path in sorted(_DATA.glob("*.sse"))]
_CHAT = [recording for recording in _ALL if recording.name != "llama_text_completion"]

TEXT_COMPLETION = next(r for r in _ALL if r.name == "llama_text_completion")
CHAT_ANSWERS = [recording for recording in _CHAT if "error" not in recording.expected]
CHAT_FAILURES = [recording for recording in _CHAT if "error" in recording.expected]


def assert_holds(actual: object, expected: object, where: str = "") -> None:
    """Assert that all that is expected is in ``actual``, which may hold more."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), where
        for key, value in expected.items():
            assert_holds(actual.get(key), value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(actual, list), where
        assert len(actual) == len(expected), where
        for number, (one, other) in enumerate(zip(actual, expected, strict=True)):
            assert_holds(one, other, f"{where}[{number}]")
    else:
        assert actual == expected, where
