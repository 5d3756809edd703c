import json
import re
import sys

import pytest

from fireworks_async.cli._exits import UsageError
from fireworks_async.cli._loadtest_output import (
    Demands,
    parse_exports,
    show_comparison,
    write_reports,
)
from fireworks_async.cli._loadtest_reports import OutputOptions
from fireworks_async.errors import LoadTestError
from tests.cli.test_loadtest_screen import Terminal
from tests.support.loads import health, report, run


def test_demands_of_every_run():
    demands = Demands.parse(["ttft.p50<1s,verdict=clean", "errors=0"])
    assert demands
    assert demands.broken_by(report(run())) == []
    starved = report(run(), run(clients=[health(cpu=1.0)]))
    assert demands.broken_by(starved) == [
        "concurrency 4: not verdict=clean, but client-limited"
    ]
    assert not Demands.parse([])
    with pytest.raises(LoadTestError, match="has no speed"):
        Demands.parse(["speed>1"])
    slow = Demands.parse(["ttft.p50<1ms"]).broken_by(report(run()))
    assert slow == ["concurrency 4: not ttft.p50<1ms, but 100 ms"]


def test_demands_that_say_little():
    [said] = Demands.parse(["ttft.p99<1s,ttft.p50<1s"]).doubts_of(report(run()))
    assert said.startswith("concurrency 4: ttft.p99 is of ")


def test_files(tmp_path, capsys):
    output = OutputOptions(
        json=tmp_path / "out.json",
        records=tmp_path / "records.jsonl",
        report=tmp_path / "out.html",
        csv=tmp_path / "out.csv",
        export=[f"vllm={tmp_path}/vllm.json", f"aiperf={tmp_path}/aiperf.json"],
    )
    write_reports(report(run(), run()), output)
    assert len(json.loads(output.json.read_text())["runs"]) == 2
    rows = [json.loads(line) for line in output.records.read_text().splitlines()]
    assert len(rows) == 80
    assert rows[0]["read_at"] == [0.1, 0.19]
    assert rows[0]["run"] == "concurrency 4"
    assert output.report.read_text().startswith("<!doctype html>")
    assert len(output.csv.read_text().splitlines()) == 3
    for kind in ("vllm", "aiperf"):
        assert len(json.loads((tmp_path / f"{kind}.json").read_text())) == 2
    assert "verdict    clean" in capsys.readouterr().out


def test_an_export_alone_on_standard_output(capsys):
    write_reports(report(run()), OutputOptions(export=["vllm=-"]))
    out = capsys.readouterr().out
    assert json.loads(out)[0]["completed"] == 40
    assert out.endswith("]\n")


def test_exports():
    assert parse_exports(["vllm=a=b"]) == [("vllm", "a=b")]
    for text in ("vllm", "vllm=", "other=file"):
        with pytest.raises(UsageError, match="or vllm=FILE"):
            parse_exports([text])


def test_comparing(tmp_path, capsys):
    path = tmp_path / "report.json"
    path.write_bytes(report(run()).json())
    assert show_comparison(str(path), str(path)) == 0
    assert "no difference shown" in capsys.readouterr().out


def test_a_narrow_terminal_breaks_lines_between_words(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "70")
    write_reports(report(run()), OutputOptions())
    lines = re.sub(r"\x1b\[[0-9;]*m", "", sys.stdout.getvalue()).splitlines()
    assert max(map(len, lines)) <= 80
    whole = " ".join(" ".join(lines).split())
    assert "until fewer than 90% of 4 were in flight" in whole
    assert "" in lines


def test_the_verdict_stands_out_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    write_reports(report(run()), OutputOptions())
    assert "clean" in sys.stdout.getvalue()
    assert "\x1b[32m" in sys.stdout.getvalue()
