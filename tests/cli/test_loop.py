import asyncio

import pytest

from fireworks_async.cli import _loop
from fireworks_async.cli._loop import run_in_loop


async def loop_class() -> type:
    return type(asyncio.get_running_loop())


def test_uvloop_is_used_when_it_is_installed():
    assert run_in_loop(loop_class).__module__.startswith("uvloop")


def test_without_uvloop_the_standard_loop_does(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_loop, "find_spec", lambda name: None)
    assert run_in_loop(loop_class).__module__.startswith("asyncio")


def test_what_goes_wrong_comes_out():
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_in_loop(fail)
