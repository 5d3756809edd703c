"""The floors of the house: who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.support.package import ROOT, sources, tree

# Who meets aiohttp: the client's sockets, and the server side.
WITH_AIOHTTP = {"_net", "_web", "proxy", "simulator"}


def imported(source: Path) -> set[str]:
    """The modules that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: a relative import"
            found.add(node.module or "")
    return found


def test_the_contracts_hold():
    # In a process of its own: it silences the loggers that it finds.
    lint = (
        "from importlinter.cli import lint_imports\n"
        "raise SystemExit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", lint],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_only_some_rooms_meet_aiohttp_also_for_types():
    meeting = {
        source.parts[1]
        for source in sources()
        if any(name.split(".")[0] == "aiohttp" for name in imported(source))
    }
    assert meeting <= WITH_AIOHTTP


def test_nobody_imports_from_the_facade():
    """What comes through it is loaded late, and would hide a cycle."""
    for source in sources():
        if source.parts[1] in {"cli", "simulator"}:
            continue
        for node in ast.walk(tree(source)):
            if isinstance(node, ast.ImportFrom):
                assert node.module != "fireworks_async", source


def test_no_room_passes_private_things_on():
    """The ``__init__`` of a private room holds its sentence and nothing else."""
    for source in sources():
        if source.name == "__init__.py" and source.parts[1].startswith("_"):
            if source.parent == Path("fireworks_async"):
                continue
            (only,) = tree(source).body
            assert isinstance(only, ast.Expr), source
