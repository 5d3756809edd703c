"""Who is compared: each peer's module, its ways of reading, and what it is installed from."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ("PEERS", "REPOSITORY", "Environment", "Peer", "cases")

REPOSITORY = Path(__file__).resolve().parents[2]


def _own_requirements() -> tuple[str, ...]:
    """Editable, and renewed when the dependencies change."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    return ("-e", str(REPOSITORY), *project["dependencies"])


@dataclass(frozen=True)
class Environment:
    """A virtual environment: a name and what pip is asked for."""

    name: str
    requirements: tuple[str, ...]
    distributions: tuple[str, ...]


# One for all that build on aiohttp and msgspec, so that they run on the same versions.
_OWN = Environment(
    "fireworks-async",
    _own_requirements(),
    ("fireworks-async", "aiohttp", "anyio", "msgspec"),
)


def _index(name: str, requirement: str, *distributions: str) -> Environment:
    return Environment(name, (requirement,), distributions)


@dataclass(frozen=True)
class Peer:
    """One client: ``ways`` of reading are method names by what the table calls them."""

    name: str
    module: str
    environment: Environment
    imports: str
    ready: str
    ways: dict[str, str] = field(default_factory=lambda: {"": "read"})
    reads_clocks: str = "read"
    # So slow that it is given fewer events and rounds.
    heavy: bool = False


# Else it asks the network for its price list while it is imported.
_LOCAL_PRICES = "import os; os.environ['LITELLM_LOCAL_MODEL_COST_MAP'] = 'True'"
_READY = "(api_key='fw_benchmark', base_url='http://127.0.0.1:9/v1')"

PEERS = (
    Peer(
        name="ours",
        module="ours",
        environment=_OWN,
        imports="import fireworks_async",
        ready=f"from fireworks_async import AsyncFireworks; AsyncFireworks{_READY}",
        ways={
            "async for": "read",
            "batches": "read_batches",
            "collected": "read_collected",
        },
    ),
    Peer(
        name="msgspec",
        module="aiohttp_msgspec",
        environment=_OWN,
        imports="import aiohttp, anyio, msgspec",
        ready="",
    ),
    Peer(
        name="json",
        module="aiohttp_json",
        environment=_OWN,
        imports="import aiohttp, json",
        ready="",
    ),
    Peer(
        name="discard",
        module="discard",
        environment=_OWN,
        imports="import aiohttp",
        ready="",
        reads_clocks="read_clocks",
    ),
    Peer(
        name="fireworks-ai",
        module="fireworks_ai",
        environment=_index(
            "fireworks-ai", "fireworks-ai", "fireworks-ai", "httpx", "pydantic"
        ),
        imports="import fireworks",
        ready=f"from fireworks import AsyncFireworks; AsyncFireworks{_READY}",
        heavy=True,
    ),
    Peer(
        name="openai",
        module="openai_httpx",
        environment=_index("openai", "openai", "openai", "httpx", "httpx2", "pydantic"),
        imports="import openai",
        ready=f"from openai import AsyncOpenAI; AsyncOpenAI{_READY}",
        heavy=True,
    ),
    Peer(
        name="openai[aiohttp]",
        module="openai_aiohttp",
        environment=_index(
            "openai-aiohttp", "openai[aiohttp]", "openai", "aiohttp", "httpx-aiohttp"
        ),
        imports="import openai",
        ready=f"from openai import AsyncOpenAI; AsyncOpenAI{_READY}",
        heavy=True,
    ),
    Peer(
        name="litellm",
        module="litellm_client",
        environment=_index("litellm", "litellm", "litellm", "openai", "aiohttp"),
        imports=f"{_LOCAL_PRICES}; import litellm",
        ready=f"{_LOCAL_PRICES}; from litellm import acompletion",
        heavy=True,
    ),
)


def cases(peer: Peer) -> list[tuple[str, str]]:
    """The peer's rows in a table: (row's name, method)."""
    return [
        (f"{peer.name}, {way}" if way else peer.name, method)
        for way, method in peer.ways.items()
    ]
