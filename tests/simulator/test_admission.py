from fireworks_async.simulator import Limits
from fireworks_async.simulator._admission import Admission, Stay
from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._plans import Plan
from fireworks_async.simulator._script import RecordedRequest

PLAN = Plan("m", 10, 20, lambda terms: Answer(headers=terms.headers))


def record():
    return RecordedRequest(1, "POST", "/", {}, 0.0, 1)


def admission(**limits):
    return Admission(limits=Limits(**limits), clock=lambda: 0.0)


def left(stay):
    return int(stay.terms.headers["x-ratelimit-remaining-tokens-generated"])


def test_a_finished_answer_is_charged_in_full_and_another_for_what_was_sent():
    house = admission(generated_tokens=100)
    stay = house.enter(PLAN, "a")
    whole = record()
    whole.finished = True
    house.leave(stay, whole)
    assert whole.generated_tokens == 20
    stay = house.enter(PLAN, "a")
    assert left(stay) == 80
    part = record()
    part.add_tokens(5)
    house.leave(stay, part)
    assert left(house.enter(PLAN, "a")) == 75


def test_who_is_refused_does_not_stay():
    house = admission(requests=1)
    assert isinstance(house.enter(PLAN, "a"), Stay)
    assert not isinstance(house.enter(PLAN, "a"), Stay)
    assert isinstance(house.enter(PLAN, "b"), Stay)
