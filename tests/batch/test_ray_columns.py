"""Rows out of tables, and what became of them into columns."""

import json

import pytest

from fireworks_async.batch._blocks import Answered
from fireworks_async.batch._ray_columns import sources_of, with_columns

pa = pytest.importorskip("pyarrow")

SUCCESS = Answered(
    record=json.dumps(
        {
            "custom_id": "a",
            "response": {
                "status_code": 200,
                "body": {
                    "choices": [],
                    "usage": {
                        "prompt_tokens": 5,
                        "completion_tokens": 7,
                        "prompt_tokens_details": {"cached_tokens": 2},
                    },
                },
            },
            "error": None,
            "batch": {"attempts": 2, "ttft": 0.5, "e2e": 1.5, "cost": 0.25},
        }
    ).encode(),
    has_failed=False,
)
FAILURE = Answered(
    record=json.dumps(
        {
            "custom_id": None,
            "response": None,
            "error": {"code": "invalid", "message": "no JSON"},
            "batch": {"attempts": 1},
        }
    ).encode(),
    has_failed=True,
    was_recorded=True,
)


class TestSources:
    def test_a_row_is_a_request_without_what_the_table_filled_up(self):
        rows = [
            {"prompt": "a", "seed": None, "tools": [{"name": "x", "strict": None}]},
            {"prompt": None, "seed": 3, "tools": None},
        ]
        assert sources_of(pa.Table.from_pylist(rows), None) == [
            {"prompt": "a", "tools": [{"name": "x"}]},
            {"seed": 3},
        ]

    def test_a_column_holds_lines_as_text_or_bytes_or_nothing(self):
        text = pa.table({"line": ["{}", None]})
        data = pa.table({"line": [b"{}", None]})
        assert sources_of(text, "line") == sources_of(data, "line") == [b"{}", b""]


class TestColumns:
    def test_say_what_became_of_each_row(self):
        table = with_columns(pa.table({"n": [1, 2]}), [SUCCESS, FAILURE], records=False)
        good, bad = table.to_pylist()
        assert json.loads(good.pop("response"))["choices"] == []
        assert good == {
            "n": 1,
            "custom_id": "a",
            "error": None,
            "cause": None,
            "attempts": 2,
            "recorded": False,
            "prompt_tokens": 5,
            "cached_tokens": 2,
            "completion_tokens": 7,
            "ttft": 0.5,
            "e2e": 1.5,
            "cost": 0.25,
        }
        assert (bad["error"], bad["cause"], bad["response"]) == (
            "no JSON",
            "invalid",
            None,
        )
        # It was attempted by another run.
        assert (bad["recorded"], bad["attempts"]) == (True, 0)

    def test_have_the_same_types_whatever_is_in_them(self):
        good = with_columns(None, [SUCCESS], records=False)
        assert good.schema == with_columns(None, [FAILURE], records=False).schema
        assert good.schema == with_columns(None, [], records=False).schema

    def test_take_the_place_of_those_of_the_same_name(self):
        table = pa.table({"cost": ["much"], "n": [1]})
        joined = with_columns(table, [SUCCESS], records=False)
        assert joined.column_names.count("cost") == 1
        assert joined.to_pylist()[0]["cost"] == 0.25

    def test_hold_the_records_in_place_of_the_responses_when_asked(self):
        (row,) = with_columns(None, [SUCCESS], records=True).to_pylist()
        assert row["record"] == SUCCESS.record
        assert "response" not in row
