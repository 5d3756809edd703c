from prometheus_client.parser import text_string_to_metric_families

from fireworks_async.proxy._metrics import Gauges, Histogram, Metrics, exposition

GAUGES = Gauges(
    cooling=[("d1", "a", 0.0)],
    latency=[("d1", "a", 0.1)],
    remaining=[("d1", "a", 59)],
    pool={"connections": 3},
)


def told(metrics):
    text = exposition(metrics, GAUGES).decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_what_was_counted():
    metrics = Metrics()
    numbers = metrics.of("a")
    numbers.statuses[200] = 3
    numbers.prompt_tokens = 10
    numbers.usd = 0.5
    numbers.seconds.add(0.2)
    metrics.refuse(401)
    metrics.in_flight["d1"] = 2
    found = told(metrics)
    assert found["fireworks_gateway_requests_total", "200", "a"] == 3
    assert found["fireworks_gateway_tokens_total", "a", "prompt"] == 10
    assert found["fireworks_gateway_spend_usd_total", "a"] == 0.5
    assert found["fireworks_gateway_refused_total", "401"] == 1
    assert found["fireworks_gateway_request_seconds_bucket", "0.25", "a"] == 1
    assert found["fireworks_gateway_request_seconds_bucket", "0.1", "a"] == 0
    assert found["fireworks_gateway_request_seconds_count", "a"] == 1
    assert found["fireworks_gateway_deployment_in_flight", "a", "d1"] == 2
    assert found["fireworks_gateway_pool", "connections"] == 3


def test_those_of_several_processes_are_added_up():
    one, other = Metrics(), Metrics()
    for metrics in (one, other):
        numbers = metrics.of("a")
        numbers.statuses[200] = 1
        numbers.completion_tokens = 4
        numbers.seconds.add(1.0)
        metrics.refuse(429)
    one.merge(other)
    assert one.models["a"].statuses == {200: 2}
    assert one.models["a"].completion_tokens == 8
    assert sum(one.models["a"].seconds.counts) == 2
    assert one.refused == {429: 2}


def test_names_that_callers_make_up_do_not_fill_the_memory():
    metrics = Metrics()
    for number in range(2000):
        metrics.of(f"made-up-{number}").retries += 1
    assert len(metrics.models) <= 501
    assert sum(each.retries for each in metrics.models.values()) == 2000


def test_what_takes_longer_than_all_bounds_is_counted_last():
    histogram = Histogram()
    histogram.add(10_000.0)
    assert histogram.buckets()[-1] == ("+Inf", 1)
    assert histogram.buckets()[-2][1] == 0
