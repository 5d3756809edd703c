"""Virtual keys in the database: made, listed, revoked, read; only their hashes are kept.

Who may do what with a key is decided in ``_callers``.
"""

import datetime as dt
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._callers import Caller, KeyLimits, hash_of
from fireworks_async.proxy._database import open_database

__all__ = ("KeyRow", "create_key", "known_callers", "list_keys", "revoke_key")

_PREFIX: Final = "sk-"
_RANDOM_BYTES: Final = 32


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One virtual key, as it is listed.

    Attributes:
        id: What it is called; no secret.
        name: What it was named.
        created: When it was made, in UTC.
        models: Names that it may ask for; None for all.
        rpm: Requests a minute.
        tpm: Tokens a minute.
        parallel: Requests in flight.
        budget: US dollars in all.
        revoked: When it was revoked, or None.
        usd: US dollars spent.
        requests: How many were answered.
        tokens: Prompt and answers together.
    """

    id: str
    name: str
    created: str
    models: list[str] | None
    rpm: int | None
    tpm: int | None
    parallel: int | None
    budget: float | None
    revoked: str | None
    usd: float = 0.0
    requests: int = 0
    tokens: int = 0


def create_key(path: Path, name: str, limits: KeyLimits) -> tuple[str, str]:
    """Make a key.

    Returns:
        Its id, and the key itself, which is shown this once and kept nowhere.

    Raises:
        ProxyConfigError: The database cannot be used.
    """
    key = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    digest = hash_of(key)
    models = (
        None if limits.models is None else msgspec.json.encode(sorted(limits.models))
    )
    row = (
        digest[:12],
        digest,
        name,
        _now(),
        None if models is None else models.decode(),
        limits.rpm,
        limits.tpm,
        limits.parallel,
        limits.budget,
    )
    with closing(open_database(path)) as connection:
        connection.execute(
            "INSERT INTO keys (id, hash, name, created, models, rpm, tpm, parallel, "
            "budget) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    return digest[:12], key


def list_keys(path: Path) -> list[KeyRow]:
    """All keys that were ever made, with what they spent.

    Raises:
        ProxyConfigError: The database cannot be used.
    """
    with closing(open_database(path)) as connection:
        rows = connection.execute(
            "SELECT id, name, created, models, rpm, tpm, parallel, budget, revoked, "
            "COALESCE(SUM(usd), 0), COALESCE(SUM(requests), 0), "
            "COALESCE(SUM(prompt_tokens + completion_tokens), 0) "
            "FROM keys LEFT JOIN spend ON spend.key = keys.id "
            "GROUP BY id ORDER BY created, id"
        ).fetchall()
    return [
        KeyRow(
            id=row[0],
            name=row[1],
            created=row[2],
            models=None if row[3] is None else msgspec.json.decode(row[3]),
            rpm=row[4],
            tpm=row[5],
            parallel=row[6],
            budget=row[7],
            revoked=row[8],
            usd=row[9],
            requests=row[10],
            tokens=row[11],
        )
        for row in rows
    ]


def revoke_key(path: Path, which: str) -> str:
    """Revoke a key by its id, by its name when only one is called so, or by itself.

    Returns:
        Its id.

    Raises:
        ProxyConfigError: There is none, or there are several; or the database cannot
            be used.
    """
    with closing(open_database(path)) as connection:
        found = connection.execute(
            "SELECT id FROM keys WHERE revoked IS NULL AND (id = ? OR name = ? OR "
            "hash = ?)",
            (which, which, hash_of(which)),
        ).fetchall()
        if len(found) != 1:
            several = "several keys are called so" if found else "there is no such key"
            raise ProxyConfigError(f"{several}; give the id of one that is listed")
        connection.execute(
            "UPDATE keys SET revoked = ? WHERE id = ?", (_now(), found[0][0])
        )
    return str(found[0][0])


def known_callers(
    connection: sqlite3.Connection, share: int, parallel: int | None
) -> dict[str, Caller]:
    """Who has a key that is not revoked, by the hashes of the keys.

    Args:
        connection: To the database.
        share: Among how many processes limits of pace are divided.
        parallel: Requests in flight of a key that has no limit of its own.
    """
    callers: dict[str, Caller] = {}
    for row in connection.execute(
        "SELECT id, hash, models, rpm, tpm, parallel, budget FROM keys "
        "WHERE revoked IS NULL"
    ):
        models = None if row[2] is None else frozenset(msgspec.json.decode(row[2]))
        limits = KeyLimits(
            models=models,
            rpm=_part(row[3], share),
            tpm=_part(row[4], share),
            parallel=row[5] or parallel,
            budget=row[6],
        )
        callers[row[1]] = Caller(row[0], limits)
    return callers


def _part(limit: int | None, share: int) -> float | None:
    return None if limit is None else max(1.0, limit / share)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
