import pytest
from multidict import CIMultiDict

from fireworks_async.errors import APIStatusError
from fireworks_async.proxy._callers import Caller, Doorkeeper, KeyLimits, hash_of


def admitted(doorkeeper, **headers):
    return doorkeeper.admit(CIMultiDict(headers))


class TestTheDoor:
    def test_without_any_key_is_open(self):
        assert admitted(Doorkeeper(None)).is_master

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "null", "http://localhost.evil.example", "http://[x"],
    )
    def test_s7_without_any_key_is_closed_to_pages_of_other_sites(self, origin):
        with pytest.raises(APIStatusError, match="master_key") as raised:
            admitted(Doorkeeper(None), Origin=origin)
        assert raised.value.status_code == 403

    @pytest.mark.parametrize(
        "origin", ["http://localhost:3000", "http://127.0.0.1:4000", "http://[::1]:1"]
    )
    def test_without_any_key_is_open_to_pages_of_this_machine(self, origin):
        assert admitted(Doorkeeper(None), Origin=origin).is_master

    def test_asks_no_page_that_has_a_key_where_it_is_from(self):
        headers = {"Authorization": "Bearer sk-1", "Origin": "https://a.example"}
        assert admitted(Doorkeeper("sk-1"), **headers).is_master

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_s7_knows_the_master_key_in_any_case_of_the_scheme(self, scheme):
        assert admitted(Doorkeeper("sk-1"), Authorization=f"{scheme} sk-1").is_master

    def test_knows_virtual_keys(self):
        door, caller = Doorkeeper("sk-1"), Caller("id")
        door.replace({hash_of("sk-v"): caller})
        assert admitted(door, Authorization="Bearer sk-v") is caller
        assert admitted(door, **{"x-api-key": "sk-v"}) is caller

    def test_s7_says_the_same_to_all_that_it_refuses(self):
        door = Doorkeeper("sk-1")
        texts = set()
        for value in (
            "",
            "Bearer",
            "Bearer wrong",
            "Bearer \udce9",
            "Basic sk-1",
            "x" * 9999,
        ):
            with pytest.raises(APIStatusError) as raised:
                admitted(door, Authorization=value)
            assert raised.value.status_code == 401
            texts.add(str(raised.value))
        assert len(texts) == 1

    def test_is_closed_as_soon_as_there_is_a_virtual_key(self):
        door = Doorkeeper(None)
        door.replace({hash_of("sk-v"): Caller("id")})
        with pytest.raises(APIStatusError):
            admitted(door)

    def test_keeps_what_it_counted_when_keys_are_read_again(self):
        door, caller = Doorkeeper(None), Caller("id")
        door.replace({"h": caller})
        caller.in_flight = 3
        door.replace({"h": Caller("id", KeyLimits(rpm=7))})
        assert door.callers["h"] is caller
        assert caller.limits.rpm == 7
        door.replace({})
        assert not door.callers


class TestACaller:
    def test_may_make_so_many_requests_a_minute(self):
        caller = Caller("id", KeyLimits(rpm=2))
        caller.enter(now=0.0)
        caller.enter(now=1.0)
        with pytest.raises(APIStatusError) as raised:
            caller.enter(now=2.0)
        assert raised.value.status_code == 429
        assert raised.value.retry_after > 0
        caller.enter(now=2.0 + raised.value.retry_after)

    def test_may_use_so_many_tokens_a_minute(self):
        caller = Caller("id", KeyLimits(tpm=10))
        caller.enter(now=0.0)
        caller.used(10, None, now=0.0)
        with pytest.raises(APIStatusError, match="10 tokens a minute"):
            caller.enter(now=1.0)

    def test_may_have_so_many_in_flight(self):
        caller = Caller("id", KeyLimits(parallel=1))
        caller.enter(now=0.0)
        with pytest.raises(APIStatusError, match="1 requests in flight"):
            caller.enter(now=0.0)
        caller.leave()
        caller.enter(now=0.0)

    def test_may_spend_its_budget(self):
        caller = Caller("id", KeyLimits(budget=0.5))
        caller.used(1, 0.5, now=0.0)
        with pytest.raises(APIStatusError, match="budget"):
            caller.enter(now=0.0)

    def test_may_ask_for_some_models_only(self):
        caller = Caller("id", KeyLimits(models=frozenset({"a", "c/*"})))
        caller.check_model("a")
        caller.check_model("c/d")
        with pytest.raises(APIStatusError, match="may not use 'b'"):
            caller.check_model("b")
