import msgspec

from fireworks_async.loadtest._record import Record, unpacked
from tests.support.loads import dropped, record


def test_a_record_survives_its_journey_between_processes():
    sent = record(3, tokens=2, server={"prefill_duration": 0.1})
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Record)
    assert again == sent


def test_unpacked_for_json():
    plain = unpacked(record(ttft=0.5, gaps=(0.25,), tokens=2, events=2))
    assert plain["read_at"] == [0.5, 0.75]
    assert plain["read_tokens"] == [2, 2]
    assert plain["read_events"] == [2, 2]
    assert msgspec.json.encode(plain)


def test_what_is_good():
    assert record().is_good
    assert not record(error="429").is_good
    assert not record(cancelled=True).is_good
    assert not dropped().is_good
    assert dropped().was_dropped
    assert not record(error="429").was_dropped
