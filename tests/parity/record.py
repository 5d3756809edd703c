"""Record what LiteLLM sends for each call of the corpus, in ``litellm.json``.

    python -m tests.parity.record [FILE]

Run it where the release of LiteLLM that is to be compared with is installed beside this
library: the file says which one it was.
"""

import asyncio
import importlib.metadata
import json
import os
import sys
from pathlib import Path
from typing import Any

from fireworks_async.simulator import Simulator
from tests.parity.corpus import CALLS, Call

__all__ = ("HEADERS", "RECORD", "recorded_now")

RECORD = Path(__file__).with_name("litellm.json")
HEADERS = ("x-session-affinity", "x-mine")
"""Of the headers, those that the corpus asks for."""

_FUNCTIONS = {
    "chat": "acompletion",
    "text": "atext_completion",
    "embeddings": "aembedding",
    "rerank": "arerank",
}


async def recorded_now() -> dict[str, Any]:
    """Make all calls through the LiteLLM that is installed.

    Returns:
        Its version, and for each call either the path and body that it sent (with the
        status that the simulator answered) or the error that it raised instead.
    """
    # Else it asks the network for its price list, and colours its complaints.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ.setdefault("LITELLM_LOG", "CRITICAL")
    import litellm

    litellm.suppress_debug_info = True
    litellm.telemetry = False
    sent: dict[str, Any] = {}
    for call in CALLS:
        # One each, so that no request can be taken for another's.
        async with Simulator(tokens=2) as simulator:
            failure = await _made(litellm, call, simulator.base_url)
            requests = simulator.requests
        sent[call.name] = (
            {
                "path": requests[0].path,
                "status": requests[0].status,
                "headers": {
                    name: requests[0].headers[name]
                    for name in HEADERS
                    if name in requests[0].headers
                },
                "body": requests[0].body,
            }
            if requests
            else {"raises": failure}
        )
    return {"litellm": importlib.metadata.version("litellm"), "calls": sent}


async def _made(litellm: Any, call: Call, base_url: str) -> str | None:
    function = getattr(litellm, _FUNCTIONS[call.endpoint])
    fields = call.fields | call.theirs
    try:
        answer = await function(
            **fields, api_key="fw_test", api_base=base_url, max_retries=0
        )
        if fields.get("stream"):
            async for _ in answer:
                pass
    except Exception as error:  # noqa: BLE001 - it raises what it likes
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:200]
    return None


def main() -> None:
    record = asyncio.run(recorded_now())
    text = json.dumps(record, indent=1, ensure_ascii=False)
    there = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORD
    there.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
