import copy
import pickle

import msgspec
import pytest

from fireworks_async._headers import Headers

HEADERS = Headers({"X-Request-ID": "r", "retry-after": "1"})


@pytest.mark.parametrize("name", ["x-request-id", "X-Request-ID", "X-REQUEST-ID"])
def test_a_header_is_found_by_its_name_in_any_case(name):
    assert HEADERS[name] == HEADERS.get(name) == HEADERS.get(name, "") == "r"
    assert name in HEADERS


def test_one_that_is_not_there_is_not_found():
    assert HEADERS.get("x") is None
    assert HEADERS.get("x", "y") == "y"
    assert "x" not in HEADERS
    assert 1 not in HEADERS
    with pytest.raises(KeyError):
        HEADERS["X"]


def test_names_are_listed_in_lower_case():
    assert HEADERS == {"x-request-id": "r", "retry-after": "1"}
    assert msgspec.json.encode(HEADERS) == b'{"x-request-id":"r","retry-after":"1"}'


@pytest.mark.parametrize(
    "travel", [copy.deepcopy, lambda h: pickle.loads(pickle.dumps(h))]
)
def test_they_travel(travel):
    there = travel(HEADERS)
    assert there == HEADERS
    assert there["Retry-After"] == "1"
