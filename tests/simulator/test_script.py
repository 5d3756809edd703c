import pytest

from fireworks_async.simulator import Cut, ErrorReply, Raw, Reply, Without
from fireworks_async.simulator._script import Order, RecordedRequest, Script

ANY = RecordedRequest(1, "POST", "/v1/chat/completions", {}, 0.0, 1)


def status_of(order):
    return order.source.status if isinstance(order.source, ErrorReply) else 200


def test_orders_are_taken_in_turn_and_then_all_is_normal():
    script = Script()
    script.add(ErrorReply(500), ErrorReply(501))
    script.add(ErrorReply(502))
    assert [status_of(script.order_for(ANY)) for _ in range(4)] == [500, 501, 502, 200]


def test_a_rule_holds_for_what_is_left_over():
    script = Script()
    script.add_rule(ErrorReply(503))
    script.add(Reply())
    assert [status_of(script.order_for(ANY)) for _ in range(3)] == [200, 503, 503]


def test_the_latest_rule_that_fits_wins():
    script = Script()
    script.add_rule(ErrorReply(500))
    script.add_rule(ErrorReply(501), when=lambda request: request.connection == 1)
    script.add_rule(ErrorReply(502), when=lambda request: request.connection == 2)
    assert status_of(script.order_for(ANY)) == 501


def test_a_rule_can_hold_for_a_time(monkeypatch):
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    script = Script()
    script.add_rule(ErrorReply(503), seconds=5)
    now = 104.9
    assert status_of(script.order_for(ANY)) == 503
    now = 105.0
    assert status_of(script.order_for(ANY)) == 200


def test_orders_can_be_forgotten():
    script = Script()
    script.add(ErrorReply(500))
    script.add_rule(ErrorReply(501))
    script.clear()
    assert script.order_for(ANY) == Order()


def test_an_order_is_a_reply_and_faults():
    cut, without = Cut(1), Without("done")
    assert Order.of(cut) == Order(Reply(), (cut,))
    assert Order.of((cut, Raw(), without)) == Order(Raw(), (cut, without))


@pytest.mark.parametrize("part", ["text", 500, Cut, (Reply(), None), (Reply(), Raw())])
def test_what_is_no_order_is_refused_at_once(part):
    with pytest.raises(TypeError):
        Script().add(part)
