import json

import pytest

from fireworks_async._protocol.models import (
    Model,
    decode_model,
    decode_models,
    decode_serverless,
    models_request,
    serverless_request,
)


def test_the_requests_have_no_body():
    for request in (models_request(), models_request("m"), serverless_request()):
        assert (request.method, request.body) == ("GET", b"")


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (None, "/models"),
        ("accounts/a/models/m", "/models/accounts/a/models/m"),
        ("m#d?x y", "/models/m%23d%3Fx%20y"),
    ],
)
def test_a_name_is_a_part_of_the_path(model, path):
    assert models_request(model).path == path


@pytest.mark.parametrize("model", ["..", "../x", "a/../../b", "accounts/./m", "a/.."])
def test_s4_a_name_does_not_lead_to_another_path(model):
    with pytest.raises(ValueError, match="leads to another path"):
        models_request(model)


def test_nothing_but_the_id_can_be_relied_on():
    assert decode_model(b'{"id": "m"}') == Model(id="m")
    with pytest.raises(ValueError, match="id"):
        decode_model(b"{}")


def test_a_whole_row():
    row = {
        "id": "m",
        "object": "model",
        "owned_by": "me",
        "created": 5,
        "kind": "HF_BASE_MODEL",
        "supports_chat": True,
        "supports_image_input": False,
        "supports_tools": None,
        "context_length": "4096",
        "something": "new",
    }
    [model] = decode_models(json.dumps({"object": "list", "data": [row]}).encode()).data
    assert model == Model(
        id="m",
        owned_by="me",
        created=5,
        kind="HF_BASE_MODEL",
        supports_chat=True,
        supports_image_input=False,
        context_length=4096,
    )


@pytest.mark.parametrize("wrap", [None, "data", "models"])
@pytest.mark.parametrize("name", ["id", "name", "model"])
def test_the_catalogue_in_any_form(wrap, name):
    rows = [{name: "m", "price": 1}]
    value = rows if wrap is None else {wrap: rows}
    [found] = decode_serverless(json.dumps(value).encode())
    assert (found.id, found.details) == ("m", {name: "m", "price": 1})


@pytest.mark.parametrize("value", [{}, 5, None, [5], [{}], {"data": [{"id": 5}]}])
def test_what_is_no_catalogue_is_refused(value):
    with pytest.raises(ValueError, match=r"\w"):
        decode_serverless(json.dumps(value).encode())
