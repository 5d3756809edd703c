"""``fireworks-async keys``: the gateway's virtual keys."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fireworks_async.cli._exits import ExitCode, UsageError

if TYPE_CHECKING:
    from fireworks_async.proxy._keys import KeyRow

__all__ = ("keys",)


class Action(StrEnum):
    """What is done with keys."""

    CREATE = "create"
    LIST = "list"
    REVOKE = "revoke"


def keys(
    action: Annotated[
        Action, typer.Argument(metavar="ACTION", help="create, list or revoke.")
    ],
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="The name of a new key; the id or the name of one to revoke.",
        ),
    ] = None,
    *,
    config: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The gateway's configuration."),
    ],
    models: Annotated[
        str | None,
        typer.Option(metavar="NAME[,NAME…]", help="Models that the key may ask for."),
    ] = None,
    rpm: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Requests a minute.")
    ] = None,
    tpm: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Tokens a minute.")
    ] = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Requests in flight.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0, metavar="USD", help="US dollars in all.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON line a key.")] = False,
) -> ExitCode:
    """Make, list or revoke virtual keys of the gateway.

    A new key is printed once; its hash is all that is kept. A running gateway knows of
    changes within a second.

    For example: fireworks-async keys create NAME --config config.yaml
    """
    from fireworks_async.proxy._keys import create_key, list_keys, revoke_key  # noqa: PLC0415 - not for --help

    given = (models, rpm, tpm, parallel, budget)
    if action is not Action.CREATE and any(each is not None for each in given):
        raise UsageError(f"keys {action.value} takes no limits; keys create does")
    if action is Action.LIST and which is not None:
        raise UsageError("keys list takes no name: it lists all")
    path = _database_of(config)
    if action is Action.LIST:
        for row in list_keys(path):
            _say(_as_json(row) if json else _as_line(row))
        return ExitCode.OK
    if which is None:
        raise UsageError(f"keys {action.value} needs a name")
    if action is Action.REVOKE:
        _say(f"revoked {revoke_key(path, which)}")
        return ExitCode.OK
    from fireworks_async.proxy._callers import KeyLimits  # noqa: PLC0415 - not for --help

    allowed = None if models is None else frozenset(models.split(","))
    limits = KeyLimits(
        models=allowed, rpm=rpm, tpm=tpm, parallel=parallel, budget=budget
    )
    identity, key = create_key(path, which, limits)
    _say(_as_json({"id": identity, "name": which, "key": key}) if json else key)
    return ExitCode.OK


def _database_of(config: Path) -> Path:
    from fireworks_async.proxy._config import load_config  # noqa: PLC0415 - not for --help

    # Keys of the API are of no use here, so they need not be there.
    database = load_config(config, missing="-").database
    if database is None:
        raise UsageError(
            f"{config} has neither general_settings.master_key nor database_url: "
            "there is nowhere to keep keys"
        )
    return database


def _as_json(row: "KeyRow | dict[str, str]") -> str:
    import msgspec  # noqa: PLC0415 - not for --help

    return msgspec.json.encode(row).decode()


def _as_line(row: "KeyRow") -> str:
    limits = ", ".join(
        f"{name} {value}"
        for name, value in (
            ("rpm", row.rpm),
            ("tpm", row.tpm),
            ("parallel", row.parallel),
            ("budget", None if row.budget is None else f"{row.budget:.6f} USD"),
        )
        if value is not None
    )
    models = "" if row.models is None else f" for {', '.join(row.models)}"
    state = f"revoked {row.revoked}" if row.revoked else limits or "no limits"
    return (
        f"{row.id}  {row.name}{models}  {state}  spent {row.usd:.6f} USD, "
        f"{row.tokens} tokens in {row.requests} requests"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
