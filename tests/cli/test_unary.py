import pytest

from fireworks_async.cli._connection import ServerOptions
from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._unary import call, json_line, line


def test_a_call_is_made_with_a_client_that_is_then_closed():
    held = []

    async def ask(client):
        held.append(client)
        return (await client.models.list()).data

    assert call(ServerOptions(simulate=True), ask)
    assert held[0].statistics().connections == 0


@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_a_value_that_cannot_be_sent_is_usage(kind):
    async def ask(client):
        raise kind("model: no")

    with pytest.raises(UsageError, match="model: no"):
        call(ServerOptions(simulate=True), ask)


def test_lines_stay_in_order(capsys):
    line("ü")
    json_line({"a": "ü"})
    line("b")
    assert capsys.readouterr().out == 'ü\n{"a":"ü"}\nb\n'
