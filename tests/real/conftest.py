"""One real server for all tests here."""

from collections.abc import AsyncIterator, Iterator

import pytest

from fireworks_async import AsyncFireworks
from tests.support.llama_server import LlamaServer, running_llama_server


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    with running_llama_server(tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture
async def client(llama_server: LlamaServer) -> AsyncIterator[AsyncFireworks]:
    async with AsyncFireworks(
        base_url=llama_server.base_url, api_key="fw_test", max_retries=0
    ) as client:
        yield client
