"""The machine and the versions that a measurement was made with."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Self

import msgspec

from fireworks_async._version import __version__

__all__ = ("HostFacts",)

_PACKAGES = ("aiohttp", "anyio", "msgspec", "numpy", "uvloop")


class HostFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Where the measuring was done.

    Attributes:
        version: Of this library.
        python: The interpreter's version.
        system: The operating system and the machine's architecture.
        cpus: Processors that this process may use.
        packages: The versions of what the measuring rests on.
    """

    version: str
    python: str
    system: str
    cpus: int
    packages: dict[str, str]

    @classmethod
    def gather(cls) -> Self:
        """Look around."""
        return cls(
            version=__version__,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
            cpus=(
                len(os.sched_getaffinity(0))
                if sys.platform == "linux"
                else os.cpu_count() or 1
            ),
            packages=dict(filter(None, map(_installed, _PACKAGES))),
        )


def _installed(package: str) -> tuple[str, str] | None:
    try:
        return package, version(package)
    except PackageNotFoundError:
        return None
