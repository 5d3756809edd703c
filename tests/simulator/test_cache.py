"""The prompt cache alone, and as the answers tell of it."""

import pytest

from fireworks_async.simulator import Limits, Simulator
from fireworks_async.simulator import _cache as cache
from fireworks_async.simulator._cache import BLOCK, PromptCache, affinity, isolation
from tests.support.simulated import MODEL, ask


def tokens(count, fill=b"abcd"):
    return fill * count


def find(there, prompt, place="here", **how):
    return there.find(place, [prompt], **{"now": 1.0, **how})


@pytest.fixture
def there():
    made = PromptCache()
    made.store("here", [tokens(100)], ready_at=0.0)
    return made


@pytest.mark.parametrize(
    ("count", "found"), [(1, 0), (16, 0), (17, 16), (33, 32), (100, 96), (1000, 96)]
)
def test_whole_blocks_are_found_but_never_the_last_token(there, count, found):
    assert find(there, tokens(count)) == found


def test_only_what_begins_alike_is_found(there):
    assert find(there, tokens(40) + tokens(60, b"wxyz")) == 32
    assert find(there, tokens(1, b"wxyz") + tokens(99)) == 0


def test_places_do_not_know_of_each_other(there):
    assert find(there, tokens(100), place="there") == 0


def test_what_is_being_processed_is_not_there_yet():
    there = PromptCache()
    there.store("here", [tokens(64)], ready_at=5.0)
    assert find(there, tokens(65), now=4.9) == 0
    assert find(there, tokens(65), now=5.0) == 64
    # Who asks the same meanwhile does not put it off.
    there.store("here", [tokens(64)], ready_at=9.0)
    assert find(there, tokens(65), now=5.0) == 64


def test_a_prompt_can_limit_how_much_is_found(there):
    assert find(there, tokens(100), at_most=0) == 0
    assert find(there, tokens(100), at_most=40) == 32


def test_several_prompts_are_found_together(there):
    prompts = [tokens(33), tokens(17), tokens(50, b"wxyz")]
    assert there.find("here", prompts, now=1.0) == 48


def test_what_was_not_used_for_longest_is_forgotten(monkeypatch):
    monkeypatch.setattr(cache, "_MOST_BLOCKS", 8)
    there = PromptCache()
    for fill in (b"aaaa", b"bbbb"):
        there.store("here", [tokens(4 * BLOCK, fill)], ready_at=0.0)
    there.store("here", [tokens(4 * BLOCK, b"aaaa")], ready_at=0.0)
    there.store("here", [tokens(4 * BLOCK, b"cccc")], ready_at=0.0)
    found = [find(there, tokens(65, fill)) for fill in (b"aaaa", b"bbbb", b"cccc")]
    assert found == [64, 0, 64]


def test_the_key_of_the_body_says_which_replica():
    session = {"x-session-affinity": "s"}
    turns = {**session, "x-multi-turn-session-id": "t"}
    of = {
        name: affinity(*how, 1000)
        for name, how in {
            "key": ({"prompt_cache_key": "k", "user": "u"}, turns),
            "turns": ({"user": "u"}, turns),
            "session": ({"user": "u"}, session),
            "user": ({"user": "u"}, {}),
            "none": ({}, {}),
        }.items()
    }
    assert len(set(of.values())) == len(of)
    assert of["none"] == -1
    assert of["key"] == affinity({"prompt_cache_key": "k"}, {}, 1000)


def test_the_isolation_is_in_the_body_or_in_a_header():
    header = {"x-prompt-cache-isolation-key": "h"}
    assert isolation({"prompt_cache_isolation_key": "b"}, header) == "b"
    assert isolation({}, header) == "h"
    assert isolation({}, {}) is None


LONG = [
    {"role": "system", "content": "word " * 100},
    {"role": "user", "content": "Hello"},
]


async def cached(sim, messages=LONG, **fields):
    headers = fields.pop("headers", None)
    key = fields.pop("key", "fw_test")
    body = {"model": MODEL, "messages": messages, **fields}
    answer = await ask(sim, body, headers=headers, key=key)
    assert answer.status == 200, answer.data
    usage = answer.json["usage"]
    told = usage["prompt_tokens_details"]["cached_tokens"]
    assert answer.headers["fireworks-cached-prompt-tokens"] == str(told)
    assert sim.requests[-1].cached_tokens == told
    assert sim.requests[-1].prompt_tokens == usage["prompt_tokens"]
    return told


async def test_the_second_time_a_prompt_is_cached(sim):
    assert await cached(sim) == 0
    assert await cached(sim) == 128
    other = [LONG[0], {"role": "user", "content": "Something else"}]
    assert await cached(sim, other) == 128
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert await cached(sim, tools=tools) == 0


async def test_a_stream_tells_of_the_cache_too(sim):
    fields = {"stream": True, "perf_metrics_in_response": True}
    options = {"include_usage": True}
    for expected in (0, 128):
        answer = await ask(sim, messages=LONG, stream_options=options, **fields)
        last = answer.chunks[-1]
        details = last["usage"]["prompt_tokens_details"]
        assert details == {"cached_tokens": expected}
        assert last["perf_metrics"]["cached-prompt-tokens"] == expected
        told = answer.headers["fireworks-cached-prompt-tokens"]
        assert told == str(expected)


async def test_texts_are_cached_too(sim):
    body = {"model": MODEL, "prompt": ["a" * 400, "b" * 40]}
    for expected in (0, 96):
        usage = (await ask(sim, body, path="/completions")).json["usage"]
        assert usage["prompt_tokens_details"] == {"cached_tokens": expected}


async def test_caches_are_apart_by_account_model_and_isolation_key(sim):
    assert await cached(sim) == 0
    assert await cached(sim, key="another") == 0
    assert await cached(sim, model="accounts/fireworks/models/other") == 0
    assert await cached(sim, prompt_cache_isolation_key="x") == 0
    header = {"x-prompt-cache-isolation-key": "x"}
    assert await cached(sim, headers=header) == 128


async def test_the_cache_can_be_off():
    async with Simulator(prompt_cache=False) as sim:
        assert [await cached(sim), await cached(sim)] == [0, 0]
    async with Simulator() as sim:
        await cached(sim)
        assert await cached(sim, prompt_cache_max_len=0) == 0
        assert await cached(sim, prompt_cache_max_len=20) == 16


async def test_a_key_finds_its_replica_again():
    async with Simulator(replicas=2) as sim:
        assert [await cached(sim) for _ in range(3)] == [0, 0, 128]
    async with Simulator(replicas=2) as sim:
        kept = [await cached(sim, prompt_cache_key="mine") for _ in range(3)]
        assert kept == [0, 128, 128]


async def test_what_is_cached_is_spared_in_its_budget():
    limits = Limits(prompt_tokens=10_000, uncached_prompt_tokens=10_000)
    async with Simulator(limits=limits, clock=lambda: 0.0) as sim:
        told = [(await ask(sim, messages=LONG)).headers for _ in range(2)]
        size = sim.requests[0].prompt_tokens
    left = "x-ratelimit-remaining-tokens-"
    assert [int(one[f"{left}prompt"]) for one in told] == [
        10_000 - size,
        10_000 - 2 * size,
    ]
    assert [int(one[f"{left}cache-adjusted-prompt"]) for one in told] == [
        10_000 - size,
        10_000 - 2 * size + 128,
    ]
