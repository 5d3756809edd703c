import re
from html.parser import HTMLParser

from fireworks_async.loadtest._arrivals import Load, Segment
from fireworks_async.loadtest._report_html import html_page
from fireworks_async.loadtest._summary import Sentinels
from fireworks_async.loadtest._sweep import Search
from tests.loadtest.test_verdict import calibrated
from tests.support.loads import closed_loop, dropped, health, record, report, run


class Tags(HTMLParser):
    """Checks that what is opened is closed, and keeps what is referred to."""

    EMPTY = frozenset({"meta", "link", "path", "circle", "rect", "br"})

    def __init__(self, page):
        super().__init__()
        self.open, self.names, self.references = [], set(), []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.references += [v for k, v in attributes if k in ("src", "href", "srcset")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag


def test_the_page_needs_nothing_else():
    page = html_page(report(run(), run(name="concurrency 9")))
    tags = Tags(page)
    assert tags.references == ["data:,"]
    assert not tags.names & {"script", "iframe", "img", "object", "embed", "base"}
    assert "@import" not in page
    assert "url(" not in page
    assert set(re.findall(r"https?://[^\s<\"]+", page)) == {"http://127.0.0.1:8000/v1"}
    assert len(page) < 200_000


def test_what_it_shows():
    records = [*closed_loop(), record(40, start=1.0, error="429"), dropped(41)]
    search = Search(
        targets="ttft.p95<1s", by="rate", greatest=None, least_failed=1, steps=[]
    )
    page = html_page(
        report(
            run(records, targets="ttft<1s", stopped="it was stopped"),
            calibration=calibrated(),
            search=search,
            cost=0.25,
            config={"seed": 5, "turns": 1},
        )
    )
    for said in (
        "Load test of some-model",
        "42 requests, 40 completed, 1 failed, 1 never started",
        "it was 429",
        "Ended early: it was stopped",
        "Met the targets",
        "too few",
        "20,000 chunks a second",
        "no rate met ttft.p95&lt;1s",
        "about $0.25",
        "seed 5",
        "the steady window",
    ):
        assert said in page, said
    assert "turns 1" not in page


def test_where_there_is_a_schedule_its_latency_comes_first():
    load = Load(segments=(Segment(10, 10),))
    late = [record(n, start=n / 10 + 0.05, intended=n / 10) for n in range(60)]
    page = html_page(report(run(late, load)))
    first = (
        "<div><b>150 ms</b><span>Time to first token from the intended start, median"
    )
    assert first in page
    assert "<b>100 ms</b><span>Time to first token, median" in html_page(report(run()))


def test_rows_say_something_of_their_own():
    times = {"server_time_to_first_token": 0.08, "prefill_duration": 0.03}
    page = html_page(report(run([record(n, start=n, server=times) for n in range(9)])))
    assert "first visible" not in page
    assert "The server's own time to first token</th><td>80.0 ms" in page
    assert "The server's own prefill duration</th>" in page


def test_a_run_that_ended_early_is_marked():
    page = html_page(report(run(), run(name="rate 9/s", stopped="requests piled up")))
    assert page.count("ended early") == 1
    assert "Ended early: requests piled up." in page


def test_what_the_load_did_to_others():
    others = Sentinels.of([record(n, ttft=0.123, gaps=()) for n in range(30)])
    page = html_page(report(run(sentinels=others)))
    assert "Who asked for one token beside it</th><td>123 ms" in page
    nobody = Sentinels.of([record(error="429")])
    assert "one token" not in html_page(report(run(sentinels=nobody)))


def test_the_verdict_comes_first():
    page = html_page(report(run(clients=[health(cpu=1.0)])))
    assert page.index("client was the bottleneck") < page.index("Time to first token")


def test_what_comes_from_outside_is_escaped():
    page = html_page(
        report(
            run([record(error="<b>&", start=0.0)], name="<i>"),
            model="<script>alert(1)</script>",
        )
    )
    Tags(page)
    assert "<script>" not in page
    assert "<i>" not in page
    assert "it was &lt;b&gt;&amp;" in page


def test_answers_without_tokens():
    Tags(html_page(report(run([record(n, start=n, gaps=()) for n in range(9)]))))
