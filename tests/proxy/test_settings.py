from fireworks_async.proxy._settings import DeploymentSettings, GatewaySettings


def test_no_key_is_shown():
    deployment = DeploymentSettings(
        id="i",
        model_name="n",
        model="m",
        api_key="fw_CANARY",
        extra_headers={"x": "CANARY"},
    )
    settings = GatewaySettings(deployments=(deployment,), master_key="sk-CANARY")
    assert "CANARY" not in repr(settings)
