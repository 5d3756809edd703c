import json

from fireworks_async.loadtest._report import SCHEMA
from tests.support.loads import health, report, run


def test_the_verdict_is_the_worst_of_the_runs():
    both = report(run(), run(clients=[health(cpu=1.0)]), run(clients=[health(cpu=0.8)]))
    assert both.verdict.grade == "client-limited"


def test_single_requests_are_not_in_the_json():
    document = json.loads(report(run()).json())
    assert document["schema"] == SCHEMA
    assert next(iter(document)) == "schema"
    assert "records" not in document["runs"][0]
    assert document["runs"][0]["summary"]["window"]["reason"]
    assert document["runs"][0]["verdict"]["grade"] == "clean"


def test_the_report_itself_keeps_them():
    whole = report(run())
    whole.json()
    assert len(whole.runs[0].records) == 40
