"""The gateway's SQLite file: how it is opened, and its tables; who writes what is not here.

Used from threads and commands only, never from the event loop.
"""

import errno
import os
import sqlite3
from pathlib import Path
from typing import Final

from fireworks_async.errors import ProxyConfigError

__all__ = ("check_place", "open_database")

_BUSY: Final = 30.0
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created TEXT NOT NULL,
    models TEXT,
    rpm INTEGER,
    tpm INTEGER,
    parallel INTEGER,
    budget REAL,
    revoked TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS spend (
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    usd REAL NOT NULL,
    PRIMARY KEY (key, model)
) STRICT;
CREATE TABLE IF NOT EXISTS journals (
    name TEXT PRIMARY KEY,
    folded INTEGER NOT NULL
) STRICT;
"""


def check_place(path: Path) -> None:
    """Find out whether the file could be made and written; nothing is made.

    Raises:
        ProxyConfigError: It could not.
    """
    for each in (path.parent, path):
        if each.exists() and not os.access(each, os.W_OK):
            raise _no_place(path, os.strerror(errno.EACCES))
    if not path.parent.is_dir():
        raise _no_place(path, os.strerror(errno.ENOENT))


def open_database(path: Path) -> sqlite3.Connection:
    """Open the file, and make it and its tables where they are missing.

    Nobody but this user may read it.

    Raises:
        ProxyConfigError: It cannot be opened, or is no such database.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
        # In transactions that are begun by hand.
        connection = sqlite3.connect(path, timeout=_BUSY, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
    except OSError as error:
        raise _no_place(path, str(error.strerror)) from None
    except sqlite3.Error as error:
        raise ProxyConfigError(f"{path}: {error}") from None
    return connection


def _no_place(path: Path, reason: str) -> ProxyConfigError:
    return ProxyConfigError(
        f"{path}: {reason}; keys and spend are kept there, unless "
        "general_settings.database_url names another place"
    )
