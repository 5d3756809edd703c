"""Standard output and standard error, and what of an answer goes where.

Results go to standard output, plain unless it is a terminal; everything beside them goes
to standard error. Reasoning is beside them: it is shown, dimmed, where a person watches.
Writing blocks the event loop on purpose: an answer waits for its reader.
"""

import sys
from typing import TextIO

from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from fireworks_async.cli._lines import complain, one_line, say, shown_on

__all__ = ("Output", "RawOutput")

_DIM = Style(dim=True)
_BOLD = Style(bold=True)


class Output:
    """The two streams of one command, which may be one screen."""

    def __init__(self) -> None:
        self._out = sys.stdout
        self._err = sys.stderr
        self._colours = {
            stream: Console(file=stream)
            for stream in (self._out, self._err)
            if stream.isatty()
        }
        self._is_one_screen = len(self._colours) == 2
        self._has_written = False
        # Where each stream has been left: the next line must not be glued to this one.
        self._mid_line = False
        self._aside = ""

    def answer(self, text: str) -> None:
        """Show a part of an answer at once."""
        self._end_aside()
        self._put(shown_on(self._out, text))

    def aside(self, text: str) -> None:
        """Show a part of the reasoning, if a person watches."""
        if self._err not in self._colours:
            return
        if not self._aside:
            self._leave_line()
        self._aside = text[-1:]
        self._styled(self._err, shown_on(self._err, text), _DIM)

    def heading(self, text: str) -> None:
        """Name the answer that follows."""
        self._end_aside()
        before = "\n" if self._has_written else ""
        line = f"{before}==> {shown_on(self._out, text)} <=="
        if self._out in self._colours:
            self._styled(self._out, line, _BOLD)
            line = ""
        self._put(line + "\n")

    def end_answer(self) -> None:
        """End the answer's last line, unless it has ended it."""
        if self._mid_line:
            self._put("\n")

    def json_line(self, data: bytes) -> None:
        """Write one line of JSON, which is UTF-8 whatever the locale is."""
        self._out.buffer.write(data + b"\n")

    def flush(self) -> None:
        """Let lines of JSON go."""
        self._out.flush()

    def note(self, text: str) -> None:
        """Say something beside the answer."""
        self._end_aside()
        self._leave_line()
        say(text)

    def step(self, text: str) -> None:
        """Say what happens between two answers, dimmed where a person watches."""
        if self._err not in self._colours:
            self.note(text)
            return
        self._end_aside()
        self._leave_line()
        self._styled(self._err, shown_on(self._err, one_line(text)), _DIM)
        self._err.write("\n")
        self._err.flush()

    def complaint(self, text: str) -> None:
        """Say what failed."""
        self._end_aside()
        self._leave_line()
        complain(text)

    def close(self) -> None:
        """End what was left in the middle."""
        self._end_aside()
        self.end_answer()
        self._leave_line()

    def _put(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()
            self._has_written = True
            self._mid_line = not text.endswith("\n")

    def _end_aside(self) -> None:
        """Set the reasoning apart from what follows."""
        if self._aside:
            self._err.write("\n" if self._aside == "\n" else "\n\n")
            self._err.flush()
            self._aside = ""

    def _leave_line(self) -> None:
        if self._mid_line and self._is_one_screen:
            self._err.write("\n")
            self._err.flush()
            self._mid_line = False

    def _styled(self, stream: TextIO, text: str, style: Style) -> None:
        self._colours[stream].print(
            Segments([Segment(text, style)]), end="", soft_wrap=True
        )


class RawOutput(Output):
    """The text of answers and nothing else, exactly as it came.

    Args:
        is_alone: Whether there is one answer only; of several, each ends its line.
    """

    def __init__(self, *, is_alone: bool) -> None:
        super().__init__()
        self._is_alone = is_alone

    def answer(self, text: str) -> None:
        """Write a part of an answer at once."""
        self._put(text)

    def aside(self, text: str) -> None:
        """Leave reasoning out."""

    def heading(self, text: str) -> None:
        """Leave headings out."""

    def step(self, text: str) -> None:
        """Leave them out."""

    def note(self, text: str) -> None:
        """Leave notes out."""

    def end_answer(self) -> None:
        """End the line of an answer that another may follow."""
        if not self._is_alone:
            super().end_answer()
