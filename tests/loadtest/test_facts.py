import platform

import fireworks_async
from fireworks_async.loadtest._facts import HostFacts


def test_what_a_measurement_was_made_with():
    facts = HostFacts.gather()
    assert facts.version == fireworks_async.__version__
    assert facts.python == platform.python_version()
    assert facts.cpus >= 1
    assert {"aiohttp", "numpy"} <= facts.packages.keys()
