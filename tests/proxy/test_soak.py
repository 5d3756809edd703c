"""A small run of the soak; the measure is made by ``benchmarks/soak_proxy.py``."""

import pytest

from benchmarks.soak_proxy import KEPT, soak


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_faults_leavers_and_reloads_leave_nothing_and_the_ledger_is_true(
    tmp_path,
):
    found = await soak(1500, 7, tmp_path)
    assert found["ledger"][KEPT] == found["reported"][KEPT] > 0
    assert found["in_flight"] == found["relays_left"] == 0
    assert found["seen"]["left"] > 0
    assert found["grown_mb"] < 20
    # Idle connections to the upstream, of which there are no more than callers.
    assert found["more_descriptors"] < 100
