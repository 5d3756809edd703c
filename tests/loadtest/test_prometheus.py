"""Prometheus' own parser reads what is written, and finds the report's numbers."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fireworks_async.loadtest._arrivals import Load
from fireworks_async.loadtest._prometheus import prometheus_text
from tests.support.loads import closed_loop, record, report, run


def parsed(text):
    """The samples, by name and labels beside the model."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            labels = {k: v for k, v in sample.labels.items() if k != "model"}
            found[sample.name, *sorted(labels.values())] = sample.value
    return found


def test_the_numbers_of_every_run():
    failed = record(40, start=1.0, error="429")
    first = run([*closed_loop(), failed])
    second = run(name="concurrency 1", load=Load(concurrency=1))
    found = parsed(prometheus_text(report(first, second)))
    prefix = "fireworks_loadtest_"
    for each in (first, second):
        ttft = each.summary.ttft
        assert found[f"{prefix}ttft_seconds", "0.5", each.name] == ttft.p50
        assert found[f"{prefix}ttft_seconds_count", each.name] == ttft.n
        mean = found[f"{prefix}ttft_seconds_sum", each.name] / ttft.n
        assert mean == pytest.approx(ttft.mean)
        rate = found[f"{prefix}output_tokens_per_second", each.name]
        assert rate == each.summary.output_tokens_per_second
    assert found[f"{prefix}requests", "completed", "concurrency 4"] == 40
    assert found[f"{prefix}requests", "429", "concurrency 4"] == 1
    assert found[f"{prefix}verdict", "concurrency 4"] == 0
    # Of too few requests, a percentile is not printed here either.
    assert (f"{prefix}ttft_seconds", "0.99", "concurrency 4") not in found


def test_names_that_need_care():
    odd = 'a "model" \\ of\nmine'
    text = prometheus_text(report(run(), model=odd))
    families = text_string_to_metric_families(text)
    assert {s.labels["model"] for family in families for s in family.samples} == {odd}


def test_what_there_is_none_of():
    text = prometheus_text(report(run([])))
    assert "fireworks_loadtest_ttft_seconds{" not in text
    assert 'error_share{model="some-model",run="concurrency 4"} 0.0' in text
