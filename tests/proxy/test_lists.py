from tests.support.gateways import (
    ALIAS,
    MODEL,
    UPSTREAM_KEY,
    config,
    deployment,
    running,
)


async def test_models_are_listed_by_the_names_that_callers_use(gateway):
    for path in ("/models", "/v1/models"):
        told = await gateway.ask(path, method="GET")
        assert [row["id"] for row in told.json["data"]] == [ALIAS]
    one = await gateway.ask(f"/v1/models/{ALIAS}", method="GET")
    assert one.json["id"] == ALIAS
    none = await gateway.ask("/v1/models/nothing", method="GET")
    assert none.status == 404


async def test_where_a_part_of_a_name_is_taken_the_apis_are_listed_by_it(upstream):
    both = config(
        deployment(upstream, "fw/*", model="fireworks_ai/accounts/fireworks/models/*"),
        deployment(upstream, "mine/*", model="accounts/me/models/*"),
    )
    async with running(both) as gateway:
        told = await gateway.ask("/v1/models", method="GET")
        [short] = [
            row["id"] for row in told.json["data"] if "deepseek-v3p1" in row["id"]
        ]
        answer = await gateway.ask(model=short)
    assert short == "fw/deepseek-v3p1"
    assert {row["id"].partition("/")[0] for row in told.json["data"]} == {"fw"}
    assert answer.json["model"] == short
    assert upstream.requests[-1].body["model"] == MODEL


async def test_what_has_a_name_is_listed_when_the_api_lists_nothing(upstream, caplog):
    nowhere = "http://127.0.0.1:9/v1"
    any_model = deployment(upstream, "*", model="*", api_base=nowhere, max_retries=0)
    async with running(config(deployment(upstream), any_model)) as gateway:
        told = await gateway.ask("/v1/models", method="GET")
    async with running(config(any_model)) as gateway:
        none = await gateway.ask("/v1/models", method="GET")
    assert [row["id"] for row in told.json["data"]] == [ALIAS]
    assert "models of * cannot be listed" in caplog.text
    assert none.status == 502


async def test_where_any_name_is_taken_the_apis_are_listed_too(upstream):
    names = config(
        deployment(upstream), deployment(upstream, "*", model="*", api_key=UPSTREAM_KEY)
    )
    async with running(names) as gateway:
        told = await gateway.ask("/v1/models", method="GET")
        one = await gateway.ask(f"/v1/models/{MODEL}", method="GET")
    listed = [row["id"] for row in told.json["data"]]
    assert listed[0] == ALIAS
    assert MODEL in listed
    assert one.json["id"] == MODEL
