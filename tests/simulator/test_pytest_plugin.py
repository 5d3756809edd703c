import json
import subprocess
import sys
import textwrap
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.simulated import HELLO, MODEL


def test_the_fixture_is_there(fireworks_simulator):
    url = f"{fireworks_simulator.base_url}/models"
    request = urllib.request.Request(url, headers={"Authorization": "Bearer k"})
    with urllib.request.urlopen(request) as response:
        assert response.status == 200
    assert [request.path for request in fireworks_simulator.requests] == ["/v1/models"]


async def test_the_fixture_works_beside_a_running_loop(fireworks_simulator):
    assert fireworks_simulator.in_flight == 0


@pytest.mark.fireworks_simulator(slots=2, tokens=3)
class TestMarkers:
    @pytest.mark.fireworks_simulator(slots=0)
    def test_markers_give_the_arguments_and_the_nearest_wins(self, fireworks_simulator):
        assert fireworks_simulator.slots == 0

    def test_what_waits_goes_on_when_another_thread_gives_slots(
        self, fireworks_simulator
    ):
        fireworks_simulator.slots = 0
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self.ask, fireworks_simulator)
            while not fireworks_simulator.waiting:
                assert not asked.done()
            fireworks_simulator.slots = None
            assert asked.result(5)["usage"]["completion_tokens"] == 3

    def ask(self, simulator):
        body = {"model": MODEL, "messages": HELLO}
        request = urllib.request.Request(
            f"{simulator.base_url}/chat/completions",
            data=json.dumps(body).encode(),
            headers={"Authorization": "Bearer k", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            return json.load(response)


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
        "import pytest\n"
        "@pytest.mark.fireworks_simulator(slots=1)\n"
        "def test_with_options(fireworks_simulator):\n"
        "    assert fireworks_simulator.slots == 1\n"
    )
    # Within this process: another would take seconds to start.
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-W", "error"]
    assert pytest.main([*options, str(tmp_path)]) == 0
    assert "2 passed" in capsys.readouterr().out
