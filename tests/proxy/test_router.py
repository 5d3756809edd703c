from collections import Counter

import pytest

from fireworks_async.errors import (
    APIStatusError,
    BadRequestError,
    ContextLengthExceededError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from fireworks_async.proxy._deployments import Deployment
from fireworks_async.proxy._router import Router
from fireworks_async.proxy._settings import DeploymentSettings, RouterSettings


def router(*params, **settings):
    chosen = RouterSettings(**settings)
    deployments = [
        Deployment(
            DeploymentSettings(
                **{"id": f"d{n}", "model_name": "a", "model": "m", **each}
            ),
            chosen,
            None,
        )
        for n, each in enumerate(params)
    ]
    return Router(deployments, chosen)


def chosen(r, times=1, **how):
    group = r.group("a")
    return Counter(
        r.choose(group, **{"now": 1000.0, **how}).settings.id for _ in range(times)
    )


def test_a_name_that_is_not_there_is_not_found():
    with pytest.raises(NotFoundError, match="'b'"):
        router({}).group("b")


def test_aliases_and_any_name_lead_to_a_group():
    r = router({}, {"model_name": "*"}, aliases={"c": "a"})
    assert [d.settings.id for d in r.group("c")] == ["d0"]
    assert [d.settings.id for d in r.group("whatever")] == ["d1"]
    assert r.names == ["a", "c"]
    assert r.patterns == {"*"}


def test_a_name_with_a_star_stands_for_many_and_the_closest_counts():
    names = ("*", "fw/*", "fw/kimi*", "fw/kimi-k2p6")
    r = router(*({"model_name": name} for name in names))
    asked = ("glm-5", "fw/glm-5", "fw/kimi-k3", "fw/kimi-k2p6")
    assert [r.group(name)[0].group for name in asked] == list(names)
    assert r.names == ["fw/kimi-k2p6"]


def test_an_alias_may_be_hidden():
    r = router({}, aliases={"b": "a", "c": "a"}, hidden=frozenset({"c"}))
    assert r.names == ["a", "b"]
    assert r.group("c") == r.group("a")
    assert r.called("accounts/fireworks/models/c") == "c"


def test_where_many_tokens_are_asked_for_by_default_is_known():
    long = {"model_name": "long/*", "defaults": {"max_completion_tokens": 5000}}
    r = router({}, {"model_name": "b"}, long, aliases={"c": "long/x"})
    names = ("a", "b", "c", "long/y", "nothing")
    assert [r.is_long_by_default(name) for name in names] == [0, 0, 1, 1, 0]
    r = router({}, long, fallbacks={"a": ("long/z",)})
    assert r.is_long_by_default("a")
    assert not router({}, {"defaults": {"max_tokens": 4096}}).is_long_by_default("a")


@pytest.mark.parametrize(
    ("asked", "called"),
    [
        ("a", "a"),
        ("accounts/fireworks/models/a", "a"),
        ("accounts/fireworks/routers/c", "c"),
        ("fireworks/a", "a"),
        ("accounts/me/models/a", "accounts/me/models/a"),
        ("accounts/fireworks/models/b", "accounts/fireworks/models/b"),
        ("accounts/fireworks/models/*", "accounts/fireworks/models/*"),
    ],
)
def test_a_name_that_a_client_has_expanded_is_known(asked, called):
    r = router({}, {"model_name": "*"}, aliases={"c": "a"})
    assert r.called(asked) == called


def test_a_full_name_that_is_known_is_not_shortened():
    full = "accounts/fireworks/models/a"
    assert router({}, {"model_name": full}).called(full) == full


def test_weights_share_the_calls_out():
    found = chosen(router({"weight": 9}, {"weight": 1}), 2000)
    assert 1650 < found["d0"] < 1950
    assert set(chosen(router({"weight": 0}, {"weight": 1}), 50)) == {"d1"}


def test_the_least_busy_is_chosen():
    r = router({}, {}, strategy="least-busy")
    r.deployments[0].in_flight = 2
    assert set(chosen(r, 20)) == {"d1"}


def test_the_quickest_is_chosen_and_the_unknown_is_tried():
    r = router({}, {}, strategy="latency-based-routing")
    r.deployments[0].latency = 0.5
    assert set(chosen(r, 20)) == {"d1"}
    r.deployments[1].latency = 0.9
    assert set(chosen(r, 20)) == {"d0"}


def test_a_deployment_that_rests_is_left_alone_while_another_is_well():
    r = router({}, {})
    r.deployments[0].cooldown.rest(5, now=1000.0)
    assert set(chosen(r, 20)) == {"d1"}
    assert set(chosen(r, 50, now=1006.0)) == {"d0", "d1"}
    r.deployments[1].cooldown.rest(50, now=1000.0)
    assert set(chosen(r, 20)) == {"d0"}


def test_those_of_the_lowest_order_come_first():
    r = router({"order": 1}, {"order": 2})
    assert set(chosen(r, 20)) == {"d0"}
    r.deployments[0].cooldown.rest(5, now=1000.0)
    assert set(chosen(r, 20)) == {"d1"}


def test_those_that_failed_this_call_come_last():
    r = router({}, {})
    assert set(chosen(r, 20, tried=[r.deployments[1]])) == {"d0"}
    assert chosen(r, tried=r.deployments)


def test_limits_of_ours_are_kept_and_when_all_are_reached_it_is_told():
    r = router({"rpm": 1}, {"tpm": 10})
    r.deployments[0].began(now=1000.0)
    assert set(chosen(r, 20)) == {"d1"}
    r.deployments[1].used(10, now=1000.0)
    with pytest.raises(RateLimitError) as raised:
        chosen(r)
    assert raised.value.retry_after > 0


def test_a_limit_holds_for_one_alone_too():
    r = router({"rpm": 1})
    r.deployments[0].began(now=1000.0)
    with pytest.raises(RateLimitError):
        chosen(r)


class TestAffinity:
    def test_keeps_calls_together(self):
        r = router({}, {}, {})
        homes = {name: chosen(r, 20, affinity=name) for name in map(str, range(50))}
        assert all(len(home) == 1 for home in homes.values())
        assert len({next(iter(home)) for home in homes.values()}) == 3

    def test_moves_only_those_whose_home_rests(self):
        r = router({}, {}, {})
        names = [str(n) for n in range(60)]
        before = {name: next(iter(chosen(r, affinity=name))) for name in names}
        r.deployments[0].cooldown.rest(5, now=1000.0)
        after = {name: next(iter(chosen(r, affinity=name))) for name in names}
        assert all(after[n] == before[n] for n in names if before[n] != "d0")
        assert "d0" not in after.values()

    def test_follows_the_weights(self):
        r = router({"weight": 3}, {"weight": 1})
        found = Counter()
        for name in range(1000):
            found += chosen(r, affinity=str(name))
        assert 650 < found["d0"] < 850


class TestFallbacks:
    r = router(
        {},
        {"model_name": "b"},
        fallbacks={"a": ("b",), "fw/*": ("c",), "fw/y*": ("d",)},
        context_window_fallbacks={"a": ("long",)},
        default_fallbacks=("a", "z"),
    )

    def test_are_by_name_and_else_the_default_ones(self):
        failed = InternalServerError("x", status_code=500)
        assert self.r.fallbacks("a", failed) == ("b",)
        assert self.r.fallbacks("b", failed) == ("a", "z")
        assert self.r.fallbacks("fw/x", failed) == ("c",)
        assert self.r.fallbacks("fw/y", failed) == ("d",)

    def test_for_prompts_that_are_too_long_are_others(self):
        too_long = ContextLengthExceededError("x", status_code=400)
        assert self.r.fallbacks("a", too_long) == ("long",)
        assert self.r.fallbacks("b", too_long) == ()

    def test_are_not_for_requests_that_are_wrong(self):
        assert self.r.fallbacks("a", BadRequestError("x", status_code=400)) == ()
        assert self.r.fallbacks("a", APIStatusError("x", status_code=413)) == ()
