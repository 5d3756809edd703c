import inspect

from fireworks_async.cli._simulate_options import BudgetOptions, CapacityOptions
from fireworks_async.simulator import Limits, Simulator


def test_the_capacity_is_the_simulators_unless_it_is_given():
    simulators = inspect.signature(Simulator).parameters
    told = CapacityOptions().arguments()
    assert told == {name: simulators[name].default for name in told}
    assert CapacityOptions(slots=3).arguments() == {**told, "slots": 3}


def test_without_a_budget_there_are_no_limits():
    assert BudgetOptions().limits() is None
    assert BudgetOptions(tolerance=2.0, retry_after=True).limits() is None


def test_budgets_have_short_names():
    options = BudgetOptions(
        rpm=1,
        prompt_tpm=2,
        uncached_tpm=3,
        generated_tpm=4,
        tolerance=1.5,
        doubles_in=3600,
        retry_after=True,
    )
    assert options.limits() == Limits(
        requests=1,
        prompt_tokens=2,
        uncached_prompt_tokens=3,
        generated_tokens=4,
        tolerance=1.5,
        doubles_in=3600,
        retry_after=True,
    )
