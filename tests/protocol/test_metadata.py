import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from fireworks_async._protocol.metadata import (
    PerfMetrics,
    RateLimit,
    find_header,
    request_id,
)

# A real answer's headers, from a call of 2026-05-29 (fireworks-wire.md §5.2).
HEADERS = {
    "Content-Type": "application/json",
    "Server": "istio-envoy",
    "X-Request-Id": "5a7c",
    "fireworks-prompt-tokens": "75",
    "fireworks-cached-prompt-tokens": "0",
    "fireworks-server-time-to-first-token": "0.346",
    "fireworks-server-processing-time": "0.733",
    "fireworks-speculation-prompt-matched-tokens": "0",
    "fireworks-sampling-options": '{"max_tokens":100,"mirostat_target":null}',
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-limit-tokens-prompt": "60000",
    "x-ratelimit-remaining-tokens-prompt": "59925",
    "x-ratelimit-limit-tokens-generated": "12000",
    "x-ratelimit-remaining-tokens-generated": "12000",
    "x-ratelimit-over-limit": "no",
}

# Every documented key, with a value and what it is read as.
METRICS = {
    "prompt-tokens": ("75", 75),
    "cached-prompt-tokens": (3, 3),
    "server-time-to-first-token": ("0.346", 0.346),
    "server-processing-time": (1, 1.0),
    "speculation-prompt-tokens": (5.0, 5),
    "speculation-prompt-matched-tokens": ("4.0", 4),
    "speculation-generated-tokens": (9, 9),
    "speculation-acceptance": ("0:8/10,1:5/10", "0:8/10,1:5/10"),
    "backend-host": ("host-1", "host-1"),
    "num-concurrent-requests": ("2", 2),
    "deployment": ("accounts/a/deployments/d", "accounts/a/deployments/d"),
    "tokenizer-queue-duration": ("0.001", 0.001),
    "tokenizer-duration": (0.002, 0.002),
    "prefill-queue-duration": ("3e-3", 0.003),
    "prefill-duration": (" 0.004 ", 0.004),
    "generation-queue-duration": (0, 0.0),
    "generation-duration": ("2", 2.0),
    "pod-template-hash": ("abc", "abc"),
    "sampling-options": ({"top_k": 40}, {"top_k": 40}),
}


class TestHeaders:
    @pytest.mark.parametrize("mapping", [dict, CIMultiDict])
    def test_a_header_is_found_in_any_case(self, mapping):
        headers = mapping({"X-Thing": "1", "other": "2"})
        assert find_header(headers, "x-thing") == "1"
        assert find_header(headers, "other") == "2"
        assert find_header(headers, "absent") is None

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (HEADERS, "5a7c"),
            ({"cf-ray": "c", "x-fireworks-request-id": "f", "x-request-id": "x"}, "x"),
            ({"CF-Ray": "c", "X-Fireworks-Request-Id": "f"}, "f"),
            ({"CF-Ray": "c", "x-request-id": ""}, "c"),
            ({}, None),
        ],
    )
    def test_request_ids_are_looked_for_in_order(self, headers, expected):
        assert request_id(headers) == expected


class TestRateLimit:
    def test_a_real_answers_headers(self):
        assert RateLimit.from_headers(HEADERS) == RateLimit(
            limit_requests=60,
            remaining_requests=59,
            limit_tokens_prompt=60_000,
            remaining_tokens_prompt=59_925,
            limit_tokens_generated=12_000,
            remaining_tokens_generated=12_000,
            over_limit=False,
        )

    def test_the_newer_limit_of_uncached_prompt_tokens(self):
        limit = RateLimit.from_headers(
            {
                "X-Ratelimit-Limit-Tokens-Cache-Adjusted-Prompt": "15000",
                "X-Ratelimit-Remaining-Tokens-Cache-Adjusted-Prompt": "14000.75",
            }
        )
        assert limit.limit_tokens_cache_adjusted_prompt == 15_000
        assert limit.remaining_tokens_cache_adjusted_prompt == 14_000

    @pytest.mark.parametrize(
        ("text", "over"),
        [("yes", True), (" True ", True), ("No", False), ("false", False), ("?", None)],
    )
    def test_the_soft_limit(self, text, over):
        limit = RateLimit.from_headers({"x-ratelimit-over-limit": text})
        assert limit.over_limit is over

    def test_what_is_no_number_is_not_reported(self):
        limit = RateLimit.from_headers(
            {"x-ratelimit-limit-requests": "many", "x-ratelimit-foo": "1"}
        )
        assert limit == RateLimit()

    def test_headers_without_limits_give_none(self):
        assert RateLimit.from_headers({"content-type": "text/html"}) is None


class TestPerfMetrics:
    def test_every_documented_key_of_a_body(self):
        metrics = PerfMetrics.of({key: sent for key, (sent, _) in METRICS.items()})
        for key, (_, expected) in METRICS.items():
            value = getattr(metrics, key.replace("-", "_"))
            assert value == expected
            assert type(value) is type(expected)
        assert metrics.extra == {}

    def test_every_field_has_a_documented_key(self):
        names = {key.replace("-", "_") for key in METRICS}
        assert names | {"extra"} == set(PerfMetrics.__struct_fields__)

    def test_a_real_answers_headers(self):
        assert PerfMetrics.from_headers(HEADERS) == PerfMetrics(
            prompt_tokens=75,
            cached_prompt_tokens=0,
            server_time_to_first_token=0.346,
            server_processing_time=0.733,
            speculation_prompt_matched_tokens=0,
            sampling_options={"max_tokens": 100, "mirostat_target": None},
        )

    def test_headers_and_body_with_the_same_keys_give_the_same(self):
        sent = {key: value for key, (value, _) in METRICS.items()}
        headers = {
            f"Fireworks-{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in sent.items()
        }
        assert PerfMetrics.from_headers(headers) == PerfMetrics.of(sent)

    def test_headers_without_metrics_give_none(self):
        assert PerfMetrics.from_headers({"content-type": "text/html"}) is None

    def test_keys_may_have_the_headers_prefix_or_underscores(self):
        metrics = PerfMetrics.of(
            {"fireworks-prompt-tokens": 1, "prefill_duration": 2, "Deployment": "d"}
        )
        assert metrics == PerfMetrics(
            prompt_tokens=1, prefill_duration=2.0, deployment="d"
        )

    def test_unknown_keys_are_kept_as_sent(self):
        metrics = PerfMetrics.of({"new-thing": ["1"], "extra": 2})
        assert metrics == PerfMetrics(extra={"new_thing": ["1"], "extra": 2})

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("prompt-tokens", "many"),
            ("prompt-tokens", True),
            ("prompt-tokens", "nan"),
            ("prefill-duration", "inf"),
            ("prefill-duration", [1]),
            ("deployment", 5),
            ("sampling-options", "{"),
            ("sampling-options", "[" * 5000),
            ("sampling-options", "[]"),
            ("sampling-options", 3),
        ],
    )
    def test_a_value_that_its_field_cannot_hold_is_kept_as_sent(self, key, value):
        name = key.replace("-", "_")
        assert PerfMetrics.of({key: value}) == PerfMetrics(extra={name: value})

    def test_what_is_empty_is_not_reported(self):
        metrics = PerfMetrics.of({"prompt-tokens": None, "deployment": "", "x": None})
        assert metrics == PerfMetrics()

    @given(
        st.dictionaries(
            st.sampled_from([*METRICS, "other"]),
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        )
    )
    def test_reading_never_fails_and_loses_nothing(self, values):
        metrics = PerfMetrics.of(values)
        for key, value in values.items():
            if value is not None and value != "":
                name = key.replace("-", "_")
                assert name in metrics.extra or getattr(metrics, name) is not None
