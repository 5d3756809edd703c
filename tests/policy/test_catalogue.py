import json
import re
from importlib import resources

import msgspec
import pytest

from fireworks_async._policy.catalogue import (
    ModelFacts,
    Prices,
    is_known,
    lookup,
    sees_images,
)

KIMI = "accounts/fireworks/models/kimi-k2p6"


@pytest.fixture(scope="module")
def raw():
    data = resources.files("fireworks_async._policy").joinpath("catalogue.json")
    return json.loads(data.read_bytes())


def test_facts_of_a_model():
    facts = lookup("accounts/fireworks/models/deepseek-v4-flash")
    assert facts == ModelFacts(
        id="accounts/fireworks/models/deepseek-v4-flash",
        kind="chat",
        context_length=1000000,
        max_output_tokens=384000,
        vision=False,
        tools=True,
        reasoning=True,
        json_schema=True,
        deprecation_date="2026-08-14",
        prices=Prices(input=0.14, output=0.28, cached_input=0.028),
    )


def test_what_is_not_listed_is_unknown():
    for name in ("accounts/me/models/mine", "kimi-k2p6", ""):
        assert lookup(name) is None
        assert not is_known(name)
        assert sees_images(name) is None


def test_a_deployment_of_a_model_has_the_models_facts():
    assert lookup(f"{KIMI}#accounts/me/deployments/d1") is lookup(KIMI)
    assert is_known(f"{KIMI}#accounts/me/deployments/d1")


@pytest.mark.parametrize(
    ("model", "vision"),
    [
        (KIMI, True),
        ("accounts/fireworks/models/deepseek-v4-flash", False),
        ("nomic-ai/nomic-embed-text-v1.5", None),
    ],
)
def test_sight_is_true_false_or_not_known(model, vision):
    assert sees_images(model) is vision


def test_nothing_in_the_file_is_lost(raw):
    assert len(raw["models"]) > 300
    for row in raw["models"]:
        facts = msgspec.to_builtins(lookup(row["id"]))
        facts = {key: value for key, value in facts.items() if value is not None}
        if "prices" in facts:
            facts["prices"] = {
                key: value
                for key, value in facts["prices"].items()
                if value is not None
            }
        assert facts == {**row, **{key: tuple(row[key]) for key in TUPLES & row.keys()}}


TUPLES = {"reasoning_effort_levels"}


def test_the_file_says_where_it_is_from(raw):
    assert re.fullmatch(r"\d{4}-\d\d", raw["date"])
    assert raw["sources"]
    assert raw["units"]


def test_ids_are_unique_and_sorted(raw):
    ids = [row["id"] for row in raw["models"]]
    assert ids == sorted(set(ids))
