import csv

import pytest

from fireworks_async.errors import LoadTestError
from fireworks_async.loadtest._report_csv import append_rows, row_of
from tests.support.loads import report, run


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_are_added_under_one_head(tmp_path):
    path = tmp_path / "runs.csv"
    append_rows(path, report(run(), run(name="concurrency 9")))
    append_rows(path, report(run()))
    rows = rows_of(path)
    assert [row["run"] for row in rows] == [
        "concurrency 4",
        "concurrency 9",
        "concurrency 4",
    ]
    assert float(rows[0]["ttft_p50"]) == pytest.approx(0.1)
    assert rows[0]["verdict"] == "clean"


def test_other_columns_are_left_alone(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(LoadTestError, match="other columns"):
        append_rows(path, report(run()))
    assert path.read_text() == "a,b\n1,2\n"


def test_a_row():
    whole = report(run(targets="ttft<1s"))
    row = row_of(whole, whole.runs[0])
    assert (row["requests"], row["errors"], row["goodput_fraction"]) == (40, 0, 1)
    assert row_of(report(run()), run())["goodput_fraction"] is None
