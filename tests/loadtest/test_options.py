import json

import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._arrivals import Load, Segment
from fireworks_async.loadtest._options import LoadTestOptions, Options


def loads(**options):
    return Options(model="m", **options).loads()


def test_every_keyword_is_an_option():
    assert LoadTestOptions.__optional_keys__ == {
        name for name in Options.__struct_fields__ if name != "model"
    }


def test_loads():
    assert loads() == [("concurrency 8", Load(concurrency=8))]
    assert [name for name, _ in loads(concurrency=[1, 4])] == [
        "concurrency 1",
        "concurrency 4",
    ]
    [(name, load)] = loads(rate=2.5, arrival="burst", burst_size=3)
    assert name == "rate 2.5/s"
    assert load.segments == (Segment(2.5, 2.5),)
    assert (load.arrival, load.burst_size) == ("burst", 3)
    [(_, load)] = loads(rate=2, concurrency=7)
    assert load.concurrency == 7
    assert not load.is_closed
    [(name, load)] = loads(stages="1-5:10")
    assert (name, load.segments) == ("stages", (Segment(1, 5, 10),))


def test_a_trace(tmp_path):
    path = tmp_path / "trace.jsonl"
    rows = [{"timestamp": t, "input_length": 30, "output_length": 3} for t in (0, 500)]
    path.write_text("\n".join(map(json.dumps, rows)))
    options = Options(model="m", trace=path)
    assert options.loads() == [("trace", Load(times=(0.0, 0.5)))]
    assert [item.output_tokens for item in options.workload().items] == [3, 3]
    assert options.limits().requests is None
    assert options.config()["trace"] == str(path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate": 1, "stages": "1:1"}, "give one"),
        ({"rate": 1, "concurrency": [1, 2]}, "a cap"),
        ({"concurrency": 0}, "1 or more"),
        ({"stages": "x"}, "no stage"),
    ],
)
def test_what_excludes_itself(options, said):
    with pytest.raises(LoadTestError, match=said):
        loads(**options)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"requests": 0}, "requests is 1 or more, not 0"),
        ({"concurrency": [4, 0]}, "concurrency is 1 or more, not 0"),
        ({"rate": 0}, "rate is more than 0, not 0"),
        ({"rate": [1, float("nan")]}, "rate is more than 0, not nan"),
        ({"rate": float("inf")}, "rate is more than 0, not inf"),
        ({"duration": -1}, "duration is more than 0, not -1"),
        ({"timeout": 0}, "timeout is more than 0, not 0"),
        ({"burstiness": 0}, "burstiness is more than 0"),
        ({"max_cost": -1}, "max_cost is 0 or more, not -1"),
        ({"prices": (1, -1)}, "prices is 0 or more, not -1"),
    ],
)
def test_numbers_out_of_range(given, said):
    with pytest.raises(LoadTestError) as caught:
        Options(model="m", **given).loads()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"arrival": "poisson"}, "arrival is of use only with rate or stages"),
        ({"burstiness": 2, "rate": 1}, "burstiness is of use only with arrival gamma"),
        ({"burst_size": 2, "rate": 1}, "burst_size is of use only with arrival burst"),
        ({"past_saturation": True}, "past_saturation is of use only with rate or"),
        ({"think": 1}, "think is of use only with turns"),
        ({"image_size": 16}, "image_size is of use only with images"),
        ({"prefix_groups": 2}, "prefix_groups is of use only with prefix_tokens"),
        ({"mix": ["1:5/6"], "input_tokens": 9}, "input_tokens .* without mix"),
        ({"trace": "x", "output_tokens": "9"}, "output_tokens .* without mix, dataset"),
        ({"trace": "x", "mix": ["1:5/6"]}, "mix is of use only without dataset or tr"),
        ({"dataset": "x", "images": 1}, "images is of use only without dataset"),
        ({"dataset": "x", "same_prompt": True}, "same_prompt .* without dataset"),
    ],
)
def test_what_would_go_unused_is_refused(options, said):
    with pytest.raises(LoadTestError, match=said):
        loads(**options)


def test_what_is_as_usual_may_be_said():
    loads(dataset="x", input_tokens="256", output_tokens=128, turns=1)


def test_starts_at_a_rate_are_poisson_unless_said_otherwise():
    assert [load.arrival for _, load in loads(rate=1)] == ["poisson"]
    assert [load.arrival for _, load in loads(rate=1, arrival="gamma")] == ["gamma"]


def test_limits():
    assert Options(model="m").limits().requests == 100
    assert Options(model="m", requests=5, warmup=3).limits().requests == 8
    timed = Options(model="m", duration=5, think=2).limits()
    assert (timed.requests, timed.duration, timed.drain, timed.think) == (
        None,
        5,
        30,
        2,
    )
    assert Options(model="m", stages="1:5").limits().requests is None


def test_workloads():
    workload = Options(model="m", input_tokens="10-20", output_tokens=5).workload()
    assert workload.params == {"ignore_eos": True}
    assert workload.mean_input == 15
    free = Options(model="m", output_tokens=None, params={"top_p": 1}).workload()
    assert free.params == {"top_p": 1}
    assert free.mean_output is None
    assert Options(model="m", ignore_eos=False).workload().params == {}
    mixed = Options(model="m", mix=["1:5/6", "1:7/8"]).workload()
    assert len(mixed.parts) == 2
    ranked = Options(model="m", endpoint="rerank").workload()
    assert (ranked.documents, ranked.params) == (8, {})


def test_a_dataset(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "hello", "max_tokens": 3}\n')
    workload = Options(model="m", dataset=path).workload()
    assert workload.item(0).messages == [{"role": "user", "content": "hello"}]
    assert workload.params == {}


def test_levels_of_a_search():
    name, load = Options(model="m").level(12.0)
    assert (name, load) == ("concurrency 12", Load(concurrency=12))
    name, load = Options(model="m", rate=1, concurrency=5).level(2.5)
    assert (name, load.rate, load.concurrency) == ("rate 2.5/s", 2.5, 5)
    assert Options(model="m", rate=1).level(2.5)[1].concurrency is None


def test_the_key_is_nowhere():
    options = Options(model="m", api_key="fw_secret")
    assert "fw_secret" not in repr(options)
    assert "fw_secret" not in repr(options.config())
