from contextlib import closing

import pytest

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._callers import KeyLimits, hash_of
from fireworks_async.proxy._database import open_database
from fireworks_async.proxy._keys import (
    create_key,
    known_callers,
    list_keys,
    revoke_key,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "g.db"


def callers(path, share=1):
    with closing(open_database(path)) as connection:
        return known_callers(connection, share, None)


def test_only_the_hash_is_kept(path):
    _, key = create_key(path, "team", KeyLimits())
    assert key.startswith("sk-")
    assert all(key.encode() not in each.read_bytes() for each in path.parent.iterdir())
    assert hash_of(key) in callers(path)


def test_limits_come_back_and_pace_is_shared_out(path):
    limits = KeyLimits(models=frozenset({"a"}), rpm=10, tpm=100, parallel=2, budget=1.5)
    _, key = create_key(path, "team", limits)
    assert callers(path)[hash_of(key)].limits == limits
    shared = callers(path, share=4)[hash_of(key)].limits
    assert (shared.rpm, shared.tpm, shared.parallel) == (2.5, 25, 2)


def test_keys_are_listed_with_what_they_spent(path):
    key_id, _ = create_key(path, "team", KeyLimits(models=frozenset({"a"})))
    with closing(open_database(path)) as connection:
        connection.execute(
            "INSERT INTO spend VALUES (?, 'a', 2, 0, 30, 0, 12, 0.25)", (key_id,)
        )
    [row] = list_keys(path)
    assert (row.id, row.name, row.models) == (key_id, "team", ["a"])
    assert (row.usd, row.requests, row.tokens) == (0.25, 2, 42)


@pytest.mark.parametrize("by", ["id", "name", "key"])
def test_a_revoked_key_is_known_no_more(path, by):
    key_id, key = create_key(path, "team", KeyLimits())
    assert revoke_key(path, {"id": key_id, "name": "team", "key": key}[by]) == key_id
    assert callers(path) == {}
    assert list_keys(path)[0].revoked
    with pytest.raises(ProxyConfigError, match="no such key"):
        revoke_key(path, key_id)


def test_a_name_that_two_keys_have_revokes_neither(path):
    create_key(path, "team", KeyLimits())
    create_key(path, "team", KeyLimits())
    with pytest.raises(ProxyConfigError, match="several"):
        revoke_key(path, "team")
    assert len(callers(path)) == 2
