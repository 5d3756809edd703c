"""The package as files and modules, for tests that hold it to the house rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fireworks_async"
TESTS = ROOT / "tests"


@cache
def sources() -> tuple[Path, ...]:
    """Every module of the package, as a path below the repository's top."""
    return tuple(
        path.relative_to(ROOT)
        for path in sorted(PACKAGE.rglob("*.py"))
        if "__pycache__" not in path.parts
    )


def module_name(source: Path) -> str:
    """``fireworks_async/_net/gate.py`` → ``fireworks_async._net.gate``."""
    parts = source.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(source: Path) -> ast.Module:
    """The syntax of a module."""
    return ast.parse((ROOT / source).read_text(), str(source))


def lines(source: Path) -> list[str]:
    """The text of a module."""
    return (ROOT / source).read_text().splitlines()


def functions(
    source: Path,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, however deep."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
