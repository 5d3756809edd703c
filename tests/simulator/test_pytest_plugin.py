import subprocess
import sys
import textwrap
import urllib.request
from pathlib import Path

import pytest


def test_the_fixture_is_there(fireworks_simulator):
    url = f"{fireworks_simulator.base_url}/models"
    request = urllib.request.Request(url, headers={"Authorization": "Bearer k"})
    with urllib.request.urlopen(request) as response:
        assert response.status == 200
    assert [request.path for request in fireworks_simulator.requests] == ["/v1/models"]


async def test_the_fixture_works_beside_a_running_loop(fireworks_simulator):
    assert fireworks_simulator.in_flight == 0


def test_the_start_of_pytest_loads_nothing_of_weight():
    code = textwrap.dedent(
        """
        import sys
        import fireworks_async.simulator.pytest_plugin
        print([name for name in sys.modules if name.startswith(HEAVY)])
        """
    )
    heavy = ("aiohttp", "anyio", "asyncio", "msgspec", "fireworks_async.simulator._")
    ran = subprocess.run(
        [sys.executable, "-c", code.replace("HEAVY", repr(heavy))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"


def test_a_users_suite_has_the_fixture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "test_theirs.py").write_text(
        "def test_it(fireworks_simulator):\n"
        "    assert fireworks_simulator.requests == []\n"
    )
    # Within this process: another would take seconds to start.
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    assert pytest.main([*options, str(tmp_path)]) == 0
    assert "1 passed" in capsys.readouterr().out
