"""A simulator in a process of its own, so that it takes no time from who measures it.

Run as a module, it is that process: it prints the URLs of the simulators that its words
describe, as ``TTFT:GAP:TOKENS``, and serves them until its standard input ends.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec

import msgspec

from fireworks_async.errors import LoadTestError

__all__ = ("Pace", "stand_ins")


class Pace(msgspec.Struct, frozen=True):
    """How a simulator answers.

    Attributes:
        ttft: Seconds to the first token.
        gap: Seconds between two tokens.
        tokens: Tokens of an answer that the request does not limit.
    """

    ttft: float
    gap: float
    tokens: int = 64

    def __str__(self) -> str:
        return f"{self.ttft!r}:{self.gap!r}:{self.tokens}"


@asynccontextmanager
async def stand_ins(*paces: Pace) -> AsyncGenerator[list[str]]:
    """Start simulators, and give their base URLs; they end with the block.

    Raises:
        LoadTestError: They did not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, *map(str, paces)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # Ctrl-C is for the one who started it, who then ends it.
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        urls = (await process.stdout.readline()).decode().split()
        if len(urls) != len(paces):
            raise LoadTestError("the simulator did not start")
        yield urls
    finally:
        process.stdin.close()
        await process.wait()


async def _serve(paces: list[Pace]) -> None:
    from fireworks_async.simulator import Simulator  # noqa: PLC0415 - not for who starts it

    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        urls = [
            (
                await stack.enter_async_context(
                    Simulator(
                        ttft=pace.ttft,
                        gap=pace.gap,
                        tokens=pace.tokens,
                        keep_requests=0,
                    )
                )
            ).base_url
            for pace in paces
        ]
        sys.stdout.write(" ".join(urls) + "\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.read)


def _pace(word: str) -> Pace:
    ttft, gap, tokens = word.split(":")
    return Pace(float(ttft), float(gap), int(tokens))


def main() -> None:
    """Be the process."""
    served = _serve([_pace(word) for word in sys.argv[1:]])
    if find_spec("uvloop") is None:
        asyncio.run(served)
    else:
        import uvloop

        uvloop.run(served)


if __name__ == "__main__":
    main()
