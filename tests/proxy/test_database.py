import stat
from contextlib import closing

import pytest

from fireworks_async.errors import ProxyConfigError
from fireworks_async.proxy._database import check_place, open_database


def test_s10_it_is_for_this_user_only(tmp_path):
    path = tmp_path / "g.db"
    open_database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_opened_again_as_it_was(tmp_path):
    path = tmp_path / "g.db"
    with closing(open_database(path)) as first:
        first.execute("INSERT INTO journals VALUES ('a', 1)")
    with closing(open_database(path)) as again:
        assert again.execute("SELECT folded FROM journals").fetchall() == [(1,)]


def test_what_is_no_database_is_an_error(tmp_path):
    path = tmp_path / "g.db"
    path.write_text("not a database, but long enough to be taken for none at all" * 20)
    with pytest.raises(ProxyConfigError, match=r"g\.db"):
        open_database(path)


def test_a_place_where_it_cannot_be_is_told_with_what_to_do(tmp_path, monkeypatch):
    says = r"No such file or directory; keys and spend .*database_url names another"
    for attempt in (check_place, open_database):
        with pytest.raises(ProxyConfigError, match=says):
            attempt(tmp_path / "none" / "g.db")
    check_place(tmp_path / "g.db")
    assert not any(tmp_path.iterdir())
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(ProxyConfigError, match=r"g\.db: Permission denied; keys"):
        check_place(tmp_path / "g.db")
