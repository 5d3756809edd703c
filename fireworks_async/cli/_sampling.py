"""The options that shape an answer, and the keyword arguments that they become."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from fireworks_async.cli._exits import UsageError

if TYPE_CHECKING:
    from fireworks_async._protocol.params import GenerationParams

__all__ = ("SamplingOptions",)

_LENGTH = "Length and form"
_SAMPLING = "Sampling (what is left out is as the model has it)"


def _option(help_text: str, metavar: str, panel: str = _SAMPLING) -> Any:
    return typer.Option(help=help_text, metavar=metavar, rich_help_panel=panel)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingOptions:
    """What the API can be told of an answer in one word; the rest goes in ``extra``."""

    max_tokens: Annotated[
        int | None, _option("Cap on the tokens of the answer.", "N", _LENGTH)
    ] = None
    min_tokens: Annotated[
        int | None, _option("Tokens before it may end.", "N", _LENGTH)
    ] = None
    stop: Annotated[
        list[str] | None,
        _option("A text at which to stop; up to 4 times.", "TEXT", _LENGTH),
    ] = None
    ignore_eos: Annotated[
        bool,
        typer.Option(
            "--ignore-eos",
            help="Go on to --max-tokens whatever the model says.",
            rich_help_panel=_LENGTH,
        ),
    ] = False
    n: Annotated[
        int | None,
        typer.Option(
            "--n",
            help="Answers to each prompt, 1 to 128.",
            metavar="N",
            rich_help_panel=_LENGTH,
        ),
    ] = None
    reasoning_effort: Annotated[
        str | None,
        _option(
            "none, low, medium, high, xhigh, max, default, or a cap in tokens.",
            "EFFORT",
            _LENGTH,
        ),
    ] = None
    logprobs: Annotated[
        bool,
        typer.Option(
            "--logprobs",
            help="Log probabilities, to be seen with --json.",
            rich_help_panel=_LENGTH,
        ),
    ] = False
    top_logprobs: Annotated[
        int | None, _option("Alternatives for each token, 0 to 5.", "N", _LENGTH)
    ] = None
    extra: Annotated[
        list[str] | None,
        _option("Any other field of the request, by name.", "FIELD=JSON", _LENGTH),
    ] = None

    temperature: Annotated[float | None, _option("0 to 2.", "T")] = None
    top_p: Annotated[float | None, _option("0 to 1.", "P")] = None
    top_k: Annotated[int | None, _option("0 to 100; 0 is off.", "K")] = None
    min_p: Annotated[float | None, _option("0 to 1.", "P")] = None
    typical_p: Annotated[float | None, _option("0 to 1.", "P")] = None
    frequency_penalty: Annotated[float | None, _option("-2 to 2.", "X")] = None
    presence_penalty: Annotated[float | None, _option("-2 to 2.", "X")] = None
    repetition_penalty: Annotated[float | None, _option("0 to 2; 1 is none.", "X")] = (
        None
    )
    mirostat_target: Annotated[float | None, _option("Perplexity to aim at.", "X")] = (
        None
    )
    mirostat_lr: Annotated[float | None, _option("How fast it learns.", "X")] = None
    seed: Annotated[int | None, _option("Makes answers repeatable.", "N")] = None

    def params(self) -> "GenerationParams":
        """The keyword arguments of a call: those that were given."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        del given["extra"]
        effort = self.reasoning_effort
        if effort is not None and effort.isdecimal():
            given["reasoning_effort"] = int(effort)
        # What was not said is not sent: a flag that is off, a list that is empty.
        params = {
            name: value
            for name, value in given.items()
            if not (value is None or value is False or value == [])
        }
        return cast("GenerationParams", params)

    def extra_body(self) -> dict[str, object]:
        """The fields of ``extra``, decoded.

        Raises:
            UsageError: One cannot be read.
        """
        return dict(_field_of(assignment) for assignment in self.extra or ())


def _field_of(assignment: str) -> tuple[str, object]:
    import msgspec  # noqa: PLC0415 - not for --help

    name, sign, text = assignment.partition("=")
    if not name or not sign:
        raise UsageError(f"--extra {assignment}: expected FIELD=JSON")
    try:
        return name, cast("object", msgspec.json.decode(text))
    except msgspec.DecodeError:
        raise UsageError(
            f"--extra {assignment}: the value is not JSON; "
            f"""text is written --extra '{name}="..."'"""
        ) from None
