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
    register,
    sees_images,
)
from tests.support.catalogue import catalogue_as_shipped

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


MINE = "accounts/me/models/mine"


@pytest.fixture
def changeable():
    with catalogue_as_shipped():
        yield


def test_the_short_form_of_embeddings_and_rerank_is_known():
    name = "qwen3-reranker-8b"
    facts = lookup(f"accounts/fireworks/models/{name}")
    assert lookup(f"fireworks/{name}") is facts is not None


@pytest.mark.usefixtures("changeable")
class TestRegister:
    def test_what_was_not_listed_is_known_from_now_on(self):
        facts = register(MINE, {"vision": True, "prices": {"input": 1, "output": 2}})
        assert facts == ModelFacts(
            id=MINE, kind="chat", vision=True, prices=Prices(input=1.0, output=2.0)
        )
        assert lookup(MINE) is lookup(f"{MINE}#accounts/me/deployments/d") is facts
        assert is_known(MINE)
        assert sees_images(MINE)

    def test_what_is_not_said_stays(self):
        before = lookup(KIMI)
        facts = register(KIMI, {"context_length": 7, "prices": {"output": 9.5}})
        assert facts == msgspec.structs.replace(
            before,
            context_length=7,
            prices=msgspec.structs.replace(before.prices, output=9.5),
        )

    def test_prices_may_be_given_whole_or_taken_away(self):
        prices = Prices(input=1.0, output=2.0)
        assert register(KIMI, {"prices": prices}).prices == prices
        assert register(KIMI, {"prices": None}).prices is None

    def test_a_short_form_speaks_of_the_same_model(self):
        name = "accounts/fireworks/models/qwen3-reranker-8b"
        register("fireworks/qwen3-reranker-8b", {"context_length": 7})
        assert lookup(name).context_length == 7

    def test_a_deployment_may_have_facts_of_its_own(self):
        deployment = f"{KIMI}#accounts/me/deployments/d"
        facts = register(deployment, {"context_length": 7})
        assert lookup(deployment) is facts
        assert facts.kind == "chat"
        assert lookup(KIMI).context_length != 7

    def test_words_may_be_in_any_sequence(self):
        facts = register(MINE, {"reasoning_effort_levels": ["low", "high"]})
        assert facts.reasoning_effort_levels == ("low", "high")

    @pytest.mark.parametrize(
        ("known", "error", "text"),
        [
            ({"visio": True}, TypeError, "visio: there is no such fact"),
            ({"prices": {"inpt": 1}}, TypeError, "inpt: there is no such price"),
            ({"prices": {"input": 1}}, TypeError, "output"),
            ({"prices": {"input": -1, "output": 1}}, ValueError, "input: cannot be"),
            ({"vision": "yes"}, TypeError, r"mine: .*vision"),
            ({"context_length": -1}, ValueError, "context_length: cannot be -1"),
            ({"kind": "choir"}, TypeError, r"mine: .*kind"),
        ],
    )
    def test_what_cannot_be_is_named_and_changes_nothing(self, known, error, text):
        with pytest.raises(error, match=text):
            register(MINE, known)
        assert lookup(MINE) is None


def test_what_a_test_registered_is_gone():
    assert lookup(MINE) is None
