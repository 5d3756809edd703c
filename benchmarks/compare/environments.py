"""A virtual environment for each peer, made once, from the package index pip is set up for."""

import json
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.compare.peers import REPOSITORY, Environment

__all__ = ("prepare", "versions")

_PLACE = REPOSITORY / "benchmarks" / ".environments"
_ASK_VERSIONS = """
import importlib.metadata, json, sys
known = {}
for name in sys.argv[1:]:
    try:
        known[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(known))
"""


def prepare(environment: Environment) -> Path:
    """Its interpreter; the environment is made anew when what it is made from changed.

    Raises:
        subprocess.CalledProcessError: pip could not install what was asked for.
    """
    place = _PLACE / environment.name
    python = place / "bin" / "python"
    stamp = place / "made_from.json"
    made_from = json.dumps([sys.version, environment.requirements])
    if stamp.exists() and stamp.read_text() == made_from:
        return python
    print(f"making the environment of {environment.name} ...", file=sys.stderr)
    venv.create(place, clear=True, with_pip=True, symlinks=True)
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, *environment.requirements], check=True)
    stamp.write_text(made_from)
    return python


def versions(environment: Environment, python: Path) -> dict[str, str]:
    """The versions that this run is about."""
    answer = subprocess.run(
        [python, "-c", _ASK_VERSIONS, *environment.distributions],
        check=True,
        capture_output=True,
    )
    return json.loads(answer.stdout)
