"""What importing loads, and what it does not; each in a process of its own."""

import subprocess
import sys
import textwrap

import pytest

from tests.support.package import module_name, sources

# Libraries of others; loaded once, so that only our own modules are looked at.
OTHERS = "aiohttp, aiohttp.web, anyio, msgspec, numpy, pytest, rich, typer"


def run(code):
    """What a new interpreter prints; warnings are errors there."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        check=True,
        capture_output=True,
        text=True,
        timeout=180,
    ).stdout


def loaded_by(statement):
    """The modules, by their first names, that a statement loads."""
    said = run(f"import sys\n{statement}\nprint(*sorted(sys.modules))")
    return {name.partition(".")[0] for name in said.split()}


@pytest.mark.parametrize("module", ["fireworks_async", "fireworks_async.errors"])
def test_nothing_of_weight_is_loaded_by(module):
    heavy = {"aiohttp", "anyio", "asyncio", "msgspec", "ssl", "typer", "rich"}
    assert loaded_by(f"import {module}") & heavy == set()


def test_types_and_the_decoder_load_no_network():
    light = loaded_by("import fireworks_async.types, fireworks_async.sse")
    assert light & {"aiohttp", "anyio", "asyncio", "socket", "ssl"} == set()


def test_the_client_loads_no_more_than_it_needs():
    light = loaded_by("from fireworks_async import AsyncFireworks")
    assert light & {"typer", "rich", "numpy", "uvloop", "ray", "pydantic"} == set()


def test_dir_and_a_misspelt_name_load_nothing():
    code = """
        import sys, fireworks_async
        dir(fireworks_async)
        try:
            fireworks_async.AsyncFirework
        except AttributeError as error:
            print(error)
        print("aiohttp" in sys.modules, "msgspec" in sys.modules)
    """
    assert run(code).splitlines() == [
        "module 'fireworks_async' has no attribute 'AsyncFirework'",
        "False False",
    ]


def test_a_name_is_kept_after_its_first_use():
    code = """
        import fireworks_async
        assert "Timeout" not in vars(fireworks_async)
        first = fireworks_async.Timeout
        assert vars(fireworks_async)["Timeout"] is first
    """
    run(code)


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_every_module_can_be_imported_first():
    """In forks of one process: no module needs another to have been imported before."""
    names = [module_name(source) for source in sources()]
    code = f"""
        import os, sys, importlib, traceback
        import {OTHERS}
        for name in {names!r}:
            child = os.fork()
            if child == 0:
                try:
                    assert not [m for m in sys.modules if m.startswith("fireworks_")]
                    importlib.import_module(name)
                except BaseException:
                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if status:
                print(name)
    """
    assert run(code) == ""
