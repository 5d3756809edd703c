import subprocess
import sys

from fireworks_async import Usage
from fireworks_async._protocol import pricing


def test_the_latest_that_was_introduced_answers(monkeypatch):
    monkeypatch.setattr(pricing, "_known", [])
    for number in range(2):
        pricing.introduce(lambda *call, number=number: (number, *call))
    usage = Usage()
    assert pricing.cost_of("m", usage, "priority") == (1, "m", usage, "priority")


def test_a_completion_that_came_from_elsewhere_knows_its_cost():
    """As when it is unpickled where no client was ever made."""
    code = (
        "from fireworks_async._protocol.completions import ChatCompletion\n"
        "import sys\n"
        "cost = ChatCompletion('id', 1, 'm', []).cost()\n"
        "assert (cost.status, cost.usd) == ('unknown', None), cost\n"
        "assert 'aiohttp' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
