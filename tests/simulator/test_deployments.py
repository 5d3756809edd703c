from fireworks_async.simulator import Simulator
from fireworks_async.simulator._deployments import Deployments
from tests.support.simulated import ask


def test_a_model_comes_up_once_it_is_asked_for():
    now = 0.0
    house = Deployments(10.0, lambda: now)
    assert house.refusal("a").status == 503
    now = 9.9
    assert house.refusal("a") is not None
    # Another has slept so far.
    assert house.refusal("b") is not None
    now = 10.0
    assert house.refusal("a") is None
    assert house.refusal("b") is not None
    house.scale_to_zero()
    assert house.refusal("a") is not None


def test_without_a_time_all_are_up():
    assert Deployments(None, lambda: 0.0).refusal("a") is None


async def test_the_simulator_answers_when_it_is_up():
    now = 0.0
    async with Simulator(cold_start=30, clock=lambda: now) as sim:
        refused = await ask(sim)
        assert refused.status == 503
        assert refused.json["error"]["code"] == "DEPLOYMENT_SCALING_UP"
        now = 30.0
        assert (await ask(sim)).status == 200
        sim.scale_to_zero()
        assert (await ask(sim)).status == 503
        # What is refused anyway is not what wakes it.
        now = 61.0
        assert (await ask(sim, n=0)).status == 400
