from multidict import CIMultiDict

from fireworks_async.proxy._headers import downstream_headers, upstream_headers


def test_s3_f68_nothing_of_the_caller_goes_up_but_what_ties_its_calls():
    headers = CIMultiDict(
        {
            "Authorization": "Bearer sk",
            "Cookie": "c",
            "Connection": "x-session-affinity",
            "X-Session-Affinity": "s1",
            "x-forwarded-host": "evil",
            "X-Request-Id": "r1",
            "Traceparent": "00-1",
            "baggage": "tenant=t1",
        }
    )
    assert upstream_headers(headers) == {
        "x-session-affinity": "s1",
        "x-request-id": "r1",
        "traceparent": "00-1",
    }
    assert upstream_headers(CIMultiDict({"Accept": "*/*"})) is None


def test_f68_of_an_answer_goes_down_what_the_api_says_of_it():
    headers = CIMultiDict(
        [
            ("Fireworks-Prompt-Tokens", "3"),
            ("x-ratelimit-limit-requests", "60"),
            ("x-request-id", "a"),
            ("x-request-id", "b"),
            ("Set-Cookie", "no"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "close"),
            ("Content-Encoding", "gzip"),
        ]
    )
    assert downstream_headers(headers) == {
        "Fireworks-Prompt-Tokens": "3",
        "x-ratelimit-limit-requests": "60",
        "x-request-id": "b",
    }
