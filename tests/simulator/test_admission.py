import pytest

from fireworks_async.simulator import Limits
from fireworks_async.simulator._admission import Admission, Capacity, Stay
from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._plans import Plan
from fireworks_async.simulator._script import RecordedRequest

PLAN = Plan("m", 10, lambda terms: Answer(headers=terms.headers))
LONG = Plan("m", 100, lambda _: Answer(), lambda: [b"abcd" * 100])


def record():
    return RecordedRequest(1, "POST", "/", {}, 0.0, 1, {})


def admission(limits=None, **capacity):
    usual = {
        "slots": None,
        "queue": None,
        "patience": None,
        "cold_start": None,
        "prompt_cache": True,
        "replicas": 1,
        "ttft": 0.0,
    }
    return Admission(
        Capacity(**{**usual, **capacity}), limits=limits, clock=lambda: 0.0
    )


def left(stay):
    return int(stay.terms.headers["x-ratelimit-remaining-tokens-generated"])


async def test_what_was_sent_is_charged_in_the_end():
    house = admission(Limits(generated_tokens=100))
    for tokens, remaining in ((20, 100), (5, 80), (0, 75)):
        asked = record()
        stay = await house.enter(PLAN, "a", asked)
        assert left(stay) == remaining
        asked.add_tokens(tokens)
        house.leave(stay, asked)


async def test_who_is_refused_does_not_stay():
    house = admission(Limits(requests=1))
    assert isinstance(await house.enter(PLAN, "a", record()), Stay)
    assert not isinstance(await house.enter(PLAN, "a", record()), Stay)
    assert isinstance(await house.enter(PLAN, "b", record()), Stay)
    assert house.slots.taken == 2


async def test_what_sleeps_is_refused_before_it_costs_anything():
    house = admission(Limits(requests=1), cold_start=1.0)
    for _ in range(3):
        refused = await house.enter(PLAN, "a", record())
        assert refused.status == 503
    assert house.slots.taken == 0


async def test_a_prompt_is_cached_from_its_first_token_on():
    for ttft, found in ((0.0, 96), (60.0, 0)):
        house = admission(ttft=ttft)
        first, second = record(), record()
        await house.enter(LONG, "a", first)
        stay = await house.enter(LONG, "a", second)
        assert [first.cached_tokens, second.cached_tokens] == [0, found]
        assert stay.terms.cached_tokens == found
        assert second.prompt_tokens == 100


@pytest.mark.parametrize(("slots", "queued"), [(None, None), (2, 0.0)])
async def test_the_wait_is_told_of_where_slots_are_counted(slots, queued):
    house = admission(slots=slots)
    stay = await house.enter(PLAN, "a", record())
    assert stay.terms.queued == pytest.approx(queued, abs=0.01)
    assert (await house.enter(PLAN, "a", record())).terms.concurrent == 2
