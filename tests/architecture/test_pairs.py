"""Every module has its test file, and every test file its module."""

from pathlib import Path

from tests.support.package import ROOT, TESTS, sources

# Modules without a test file of their own.
WITHOUT = {
    # One sentence each.
    "fireworks_async/_client/__init__.py",
    "fireworks_async/_measure/__init__.py",
    "fireworks_async/_net/__init__.py",
    "fireworks_async/_policy/__init__.py",
    "fireworks_async/_protocol/__init__.py",
    "fireworks_async/_web/__init__.py",
    "fireworks_async/adapters/__init__.py",
    # Names only, to which test_exports holds it.
    "fireworks_async/batch/__init__.py",
    # What test_observed tells and is told, and nothing that runs.
    "fireworks_async/_client/observing.py",
    # A string, and words for type checkers.
    "fireworks_async/_version.py",
    "fireworks_async/_typing.py",
    # Held to by the conformance suite, which runs over all that stand behind it.
    "fireworks_async/_net/interfaces.py",
    # Names only, to which test_exports holds it.
    "fireworks_async/simulator/__init__.py",
    "fireworks_async/proxy/__init__.py",
    "fireworks_async/loadtest/__init__.py",
    # Nothing but the call that tests/cli/test_entry.py makes.
    "fireworks_async/__main__.py",
}

# Modules whose test file has another name.
ELSEWHERE = {
    "fireworks_async/__init__.py": "tests/test_init.py",
    "fireworks_async/cli/__init__.py": "tests/cli/test_entry.py",
    # Re-exports; the decoder is tested where it is.
    "fireworks_async/sse.py": "tests/protocol/test_sse.py",
}

# Rooms of tests that mirror no room of the package.
OTHER_ROOMS = {
    "architecture",
    "benchmarks",
    "cancellation",
    "conformance",
    "faults",
    "parity",
    "real",
    "support",
    "typing",
}
# Test files in mirroring rooms that look at more than one module.
OTHER_FILES = {
    "tests/proxy/test_peers.py",
    "tests/proxy/test_soak.py",
    "tests/client/test_statuses.py",
    "tests/loadtest/test_truth.py",
    "tests/simulator/test_peers.py",
    "tests/test_readme.py",
}


def partner(source: Path) -> str:
    """``_net/gate.py`` → ``net/test_gate.py``, ``cli/_app.py`` → ``cli/test_app.py``."""
    if str(source) in ELSEWHERE:
        return ELSEWHERE[str(source)]
    rooms = [room.removeprefix("_") for room in source.parts[1:-1]]
    return str(Path("tests", *rooms, f"test_{source.name.removeprefix('_')}"))


def test_every_module_has_its_test_file():
    missing = {
        str(source): partner(source)
        for source in sources()
        if str(source) not in WITHOUT and not (ROOT / partner(source)).is_file()
    }
    assert not missing


def test_every_test_file_has_its_module():
    partners = {partner(source) for source in sources()}
    alone = {
        str(path.relative_to(ROOT))
        for path in TESTS.rglob("test_*.py")
        if path.relative_to(TESTS).parts[0] not in OTHER_ROOMS
    }
    assert alone - partners - OTHER_FILES == set()


def test_the_exceptions_are_there():
    every = {str(source) for source in sources()}
    assert every >= WITHOUT | ELSEWHERE.keys()
    assert all((ROOT / path).is_file() for path in OTHER_FILES)
    assert all((TESTS / room).is_dir() for room in OTHER_ROOMS)
