"""Answers without a server, for tests in which only status, headers and body matter."""

from unittest.mock import Mock

from aiohttp import ClientResponse
from aioresponses import aioresponses

BASE_URL = "http://127.0.0.1:9/v1"
CHAT = f"{BASE_URL}/chat/completions"


class _Response(ClientResponse):
    """aioresponses 0.7.9 does not know the argument that aiohttp 3.14 requires.

    See pnuckowski/aioresponses#289; bodies must stay under 64 KiB (#292).
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, stream_writer=Mock(), **kwargs)


class MockedAPI:
    """The next answers, of ``POST /chat/completions`` where nothing else is said."""

    def __init__(self, mocked):
        self._mocked = mocked

    def answers(
        self, status=200, *, body=b"", json=None, to="POST", url=CHAT, **headers
    ):
        """Queue one answer; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._mocked.add(
            url,
            to,
            status=status,
            body=body,
            payload=json,
            headers=named,
            content_type=named.pop("content-type", "application/json"),
            response_class=_Response,
        )

    @property
    def requests(self):
        """The keyword arguments of every request made."""
        return [
            call.kwargs for calls in self._mocked.requests.values() for call in calls
        ]


def mocked_api():
    """Replace the network of every aiohttp session."""
    return aioresponses()
