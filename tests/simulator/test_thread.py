import socket
import threading
import urllib.request

import pytest

from fireworks_async.simulator import Simulator
from fireworks_async.simulator._thread import serve_in_thread


def serving() -> bool:
    names = [thread.name for thread in threading.enumerate()]
    return "fireworks-simulator" in names


def models(sim: Simulator) -> int:
    request = urllib.request.Request(
        f"{sim.base_url}/models", headers={"Authorization": "Bearer k"}
    )
    with urllib.request.urlopen(request) as response:
        return response.status


def test_a_test_without_a_loop_can_use_it():
    with serve_in_thread(Simulator()) as sim:
        assert models(sim) == 200
        assert len(sim.requests) == 1
        assert serving()
    assert not serving()


def test_an_error_in_the_block_ends_it_too():
    with pytest.raises(RuntimeError, match="mine"), serve_in_thread(Simulator()):
        raise RuntimeError("mine")
    assert not serving()


def test_an_address_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(OSError, match="in use"),
            serve_in_thread(Simulator(port=port)),
        ):
            pass


def test_whatever_keeps_it_from_beginning_is_told():
    with pytest.raises(OverflowError), serve_in_thread(Simulator(port=99_999)):
        pass
    assert not serving()
