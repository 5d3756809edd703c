import copy
import email.utils
import json
import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireworks_async import errors
from fireworks_async._protocol.failures import (
    error_from_event,
    error_from_response,
    parse_retry_after,
)

NOW = 1_800_000_000.0


def refused(status, body=b"", headers=None):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return error_from_response(status=status, headers=headers or {}, body=body, now=NOW)


def reported(data, event="error", request_id=None, headers=None):
    if not isinstance(data, str | bytes):
        data = json.dumps(data)
    return error_from_event(
        data, event=event, request_id=request_id, headers=headers or {}
    )


CLASSES = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.PaymentRequiredError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    405: errors.APIStatusError,
    408: errors.RequestTimeoutError,
    409: errors.ConflictError,
    412: errors.AccountSuspendedError,
    413: errors.RequestTooLargeError,
    418: errors.APIStatusError,
    422: errors.UnprocessableEntityError,
    425: errors.TooEarlyError,
    429: errors.RateLimitError,
    500: errors.InternalServerError,
    502: errors.InternalServerError,
    503: errors.ServiceUnavailableError,
    504: errors.InternalServerError,
    520: errors.InternalServerError,
    583: errors.InternalServerError,
}

# fireworks-wire.md §11.2: status, body, class, message, code, type.
SEEN = {
    "validation": (
        400,
        {
            "error": {
                "object": "error",
                "type": "invalid_request_error",
                "code": "invalid_request_error",
                "message": "Extra inputs are not permitted, field: 'reasoning_effort'"
                ", value: 100",
            }
        },
        errors.BadRequestError,
        "Extra inputs are not permitted, field: 'reasoning_effort', value: 100",
        "invalid_request_error",
        "invalid_request_error",
    ),
    "alternative code": (
        400,
        {
            "error": {
                "code": "INVALID_ARGUMENT",
                "message": "Extra inputs are not permitted, field: 'x'",
            }
        },
        errors.BadRequestError,
        "Extra inputs are not permitted, field: 'x'",
        "INVALID_ARGUMENT",
        None,
    ),
    "too long": (
        400,
        {"error": {"message": "The prompt is too long: 140000", "type": "e"}},
        errors.ContextLengthExceededError,
        "The prompt is too long: 140000",
        None,
        "e",
    ),
    "token cap": (
        400,
        {"error": {"message": "Requests with max_tokens > 4096 must have stream=true"}},
        errors.BadRequestError,
        "Requests with max_tokens > 4096 must have stream=true",
        None,
        None,
    ),
    "range": (
        400,
        {"error": {"message": "logprobs must be between 0 and 5: 20"}},
        errors.BadRequestError,
        "logprobs must be between 0 and 5: 20",
        None,
        None,
    ),
    "key": (
        401,
        {
            "error": {
                "message": "The API key you provided is invalid.",
                "param": None,
                "code": "UNAUTHORIZED",
                "type": "error",
            }
        },
        errors.AuthenticationError,
        (
            "The API key you provided is invalid. Check that the API key is complete and"
            " still valid, and that base_url is the API that it was made for."
        ),
        "UNAUTHORIZED",
        "error",
    ),
    "models list": (
        403,
        {"error": "unauthorized"},
        errors.PermissionDeniedError,
        "unauthorized",
        None,
        None,
    ),
    "payment": (
        402,
        {"error": {"message": "Please pay.", "code": "PAYMENT_REQUIRED"}},
        errors.PaymentRequiredError,
        "Please pay.",
        "PAYMENT_REQUIRED",
        None,
    ),
    "model": (
        404,
        {
            "error": {
                "message": "Model not found, inaccessible, and/or not deployed",
                "code": "NOT_FOUND",
                "type": "error",
            },
            "request_id": "abc",
        },
        errors.NotFoundError,
        "Model not found, inaccessible, and/or not deployed",
        "NOT_FOUND",
        "error",
    ),
    "path": (
        404,
        {"error": {"message": "Path not found"}},
        errors.NotFoundError,
        "Path not found",
        None,
        None,
    ),
    "suspended": (
        412,
        {
            "error": {
                "message": "Account X is suspended, possibly due to reaching the"
                " monthly spending limit or failure to pay past invoices.",
                "type": "api_error",
            }
        },
        errors.AccountSuspendedError,
        (
            "Account X is suspended, possibly due to reaching the monthly spending limit"
            " or failure to pay past invoices."
        ),
        None,
        "api_error",
    ),
    "usage limits": (
        429,
        {
            "error": "Too Many Requests",
            "message": "You have exceeded your usage limits",
        },
        errors.RateLimitError,
        "You have exceeded your usage limits",
        None,
        None,
    ),
    "deadline": (
        429,
        {
            "error": {
                "message": "Request didn't generate first token before the given"
                " deadline"
            }
        },
        errors.RateLimitError,
        "Request didn't generate first token before the given deadline",
        None,
        None,
    ),
    "misleading type": (
        429,
        {
            "error": {
                "object": "error",
                "type": "invalid_request_error",
                "message": "rate limit exceeded, please try again later",
            }
        },
        errors.RateLimitError,
        "rate limit exceeded, please try again later",
        None,
        "invalid_request_error",
    ),
    "scaled to zero": (
        503,
        {
            "error": {
                "message": "Deployment is currently scaled to zero and is scaling up."
                " Please retry your request in a few minutes.",
                "code": "DEPLOYMENT_SCALING_UP",
                "type": "error",
            }
        },
        errors.DeploymentScalingUpError,
        (
            "Deployment is currently scaled to zero and is scaling up. Please retry your"
            " request in a few minutes."
        ),
        "DEPLOYMENT_SCALING_UP",
        "error",
    ),
    "responses 404": (
        404,
        {"detail": "Previous response not found"},
        errors.NotFoundError,
        "Previous response not found",
        None,
        None,
    ),
    "responses 422": (
        422,
        {"detail": [{"loc": ["body", "input"], "msg": "Field required", "type": "m"}]},
        errors.UnprocessableEntityError,
        "body.input: Field required",
        None,
        None,
    ),
}


class TestResponses:
    @pytest.mark.parametrize("row", SEEN.values(), ids=SEEN)
    def test_every_body_seen_in_the_wild(self, row):
        status, body, kind, message, code, type_ = row
        error = refused(status, body)
        assert type(error) is kind
        assert error.status_code == status
        assert error.message == message
        assert (error.code, error.type) == (code, type_)
        assert error.body == body

    @pytest.mark.parametrize("status", CLASSES)
    def test_the_status_decides_the_class(self, status):
        assert type(refused(status)) is CLASSES[status]

    @pytest.mark.parametrize("status", CLASSES)
    def test_the_text_does_not(self, status):
        body = {"error": {"message": "rate limit, not found", "type": "server_error"}}
        assert type(refused(status, body)) is CLASSES[status]

    @pytest.mark.parametrize("status", [429, 500])
    def test_the_code_of_another_status_does_not(self, status):
        for code in ("context_length_exceeded", "DEPLOYMENT_SCALING_UP", 404):
            assert type(refused(status, {"error": {"code": code}})) is CLASSES[status]

    def test_param_and_headers_are_kept(self):
        error = refused(400, {"error": {"param": "n"}}, {"X-Thing": "1"})
        assert error.param == "n"
        assert error.headers == {"x-thing": "1"}

    @pytest.mark.parametrize(
        ("body", "part"),
        [
            (b"", "HTTP 502 Bad Gateway, with an empty body"),
            (
                b"<html><head><title lang=en>502 Bad\nGateway</title></head><body>x</html>",
                (
                    "HTTP 502 Bad Gateway, without a message of the API,"
                    " only: '502 Bad Gateway'"
                ),
            ),
            (
                b"<html><body><h1>Sorry</h1><p>later</p></body>",
                (
                    "HTTP 502 Bad Gateway, without a message of the API,"
                    " only: 'Sorry later'"
                ),
            ),
            (
                b"null",
                "HTTP 502 Bad Gateway, without a message of the API, only: 'null'",
            ),
            (
                b"[17]",
                "HTTP 502 Bad Gateway, without a message of the API, only: '[17]'",
            ),
            (b"no healthy upstream", "no healthy upstream"),
        ],
    )
    def test_a_body_without_a_message_gets_one(self, body, part):
        assert refused(502, body).message == part

    def test_a_status_without_a_name_does_too(self):
        assert refused(520).message == "HTTP 520, with an empty body"

    def test_a_very_long_message_is_cut_and_the_body_keeps_it(self):
        body = {"error": {"message": "m" * 5000}}
        error = refused(500, body)
        assert error.message == "m" * 1999 + "…"
        assert error.body == body

    @pytest.mark.parametrize(
        ("location", "target"),
        [
            ("https://Other.example/v1?token=secret", "https://other.example"),
            ("http://u:secret@other.example:8080/", "http://other.example:8080"),
            ("//other.example/secret", "https://other.example"),
            ("/secret/v2", "another address"),
            ("http://[::secret", "another address"),
            ("http://other.example:secret/", "another address"),
            ("file:///secret", "another address"),
            (None, "another address"),
        ],
    )
    def test_redirects_are_not_followed_and_named_by_origin(self, location, target):
        headers = {} if location is None else {"Location": location}
        error = refused(307, b"<html>Moved</html>", headers)
        assert type(error) is errors.APIStatusError
        assert error.message == (
            f"The API redirects to {target}. Redirects are not followed, because the"
            " API key would go with them; check base_url."
        )

    @pytest.mark.parametrize(
        ("headers", "body", "request_id"),
        [
            ({"X-Request-Id": "a", "cf-ray": "c"}, {"request_id": "b"}, "a"),
            ({"x-fireworks-request-id": "a", "cf-ray": "c"}, {}, "a"),
            ({"CF-RAY": "c"}, {"request_id": "b"}, "c"),
            ({}, {"error": {"message": "m"}, "request_id": "b"}, "b"),
            ({"x-request-id": ""}, {"request_id": ""}, None),
            ({}, {}, None),
        ],
    )
    def test_the_request_id_comes_from_headers_or_body(self, headers, body, request_id):
        assert refused(500, body, headers).request_id == request_id

    def test_retry_after_is_read(self):
        assert refused(429, headers={"Retry-After": "7"}).retry_after == 7.0
        assert refused(429).retry_after is None

    @given(
        status=st.integers(100, 999),
        headers=st.dictionaries(
            st.sampled_from(["retry-after", "Retry-After-Ms", "location", "cf-ray"]),
            st.text(),
        ),
        body=st.binary(),
    )
    def test_there_is_always_an_error_and_it_travels(self, status, headers, body):
        error = refused(status, body, headers)
        assert error.status_code == status
        assert error.message
        str(error).encode(errors="surrogatepass")
        assert pickle.loads(pickle.dumps(error)) == error
        assert copy.deepcopy(error) == error

    @pytest.mark.parametrize(
        "body",
        [
            b"<title" * 10_000,
            b"<" * 65_536,
            b"<html" + b"<script>" * 8_000,
            b'{"message": "' + b", field: '" * 6_000 + b'"}',
            b'{"message": "' + b", value: 'x" * 6_000 + b'"}',
            b"[" * 65_536,
            b" " * 65_536,
        ],
        ids=["title", "angle", "script", "field", "value", "nested", "blank"],
    )
    @pytest.mark.timeout(2)
    def test_no_body_makes_it_slow(self, body):
        assert refused(400, body).status_code == 400


class TestContextLength:
    @pytest.mark.parametrize(
        "error",
        [
            {"message": "Prompt is too long"},
            {"message": "This model's maximum context length is 4097 tokens."},
            {"message": "no", "code": "context_length_exceeded"},
        ],
    )
    def test_it_has_its_own_class(self, error):
        error = refused(400, {"error": error})
        assert type(error) is errors.ContextLengthExceededError
        assert error.fields == ()

    def test_what_the_user_wrote_does_not_decide(self):
        message = (
            "Extra inputs are not permitted, field: 'metadata', value: 'the prompt is"
            " too long'"
        )
        error = refused(400, {"error": {"message": message}})
        assert type(error) is errors.BadRequestError


class TestRefusedFields:
    @pytest.mark.parametrize(
        ("message", "fields"),
        [
            ("Extra inputs are not permitted, field: 'store'", ("store",)),
            (
                (
                    "Extra inputs are not permitted, field: 'tools[0].function.strict',"
                    " value: True"
                ),
                ("tools[0].function.strict",),
            ),
            (
                (
                    "3 request validation errors: Input should be 'low' or 'high', field:"
                    " 'reasoning_effort', value: 'huge'; Extra inputs are not permitted,"
                    " field: 'a'; Extra inputs are not permitted, field: 'b', value: 1"
                ),
                ("reasoning_effort", "a", "b"),
            ),
            ("x, field: 'a'; y, field: 'a'", ("a",)),
            ("x, field: \"messages[0]['a']\"", ("messages[0]['a']",)),
            (r"x, field: 'a', value: 'it\'s, field: \'b\''", ("a",)),
            ("x, field: 'a', value: \"it's, field: 'b'\"", ("a",)),
            ("x, field: 'a', value: 'line\n, field: ''; y, field: 'b'", ("a", "b")),
            ("x, field: 'never closed", ()),
            ("Requests with max_tokens > 4096 must have stream=true", ()),
        ],
    )
    def test_their_paths_are_read_from_the_message(self, message, fields):
        assert refused(400, {"error": {"message": message}}).fields == fields

    def test_they_are_read_from_the_whole_of_a_long_message(self):
        message = f"x, field: 'a', value: '{'v' * 5000}'; y, field: 'b'"
        error = refused(400, {"error": {"message": message}})
        assert error.fields == ("a", "b")
        assert len(error.message) == 2000

    def test_other_statuses_have_none(self):
        error = refused(422, {"detail": "x, field: 'a'"})
        assert not hasattr(error, "fields")


class TestScalingUp:
    @pytest.mark.parametrize(
        "error",
        [
            {"code": "DEPLOYMENT_SCALING_UP"},
            {"message": "The deployment was scaled to zero"},
            {"message": "Deployment is Scaling Up"},
        ],
    )
    def test_it_has_its_own_class(self, error):
        assert type(refused(503, {"error": error})) is errors.DeploymentScalingUpError

    def test_another_status_does_not(self):
        error = refused(500, {"error": {"message": "scaling up"}})
        assert type(error) is errors.InternalServerError


def date(seconds):
    return email.utils.formatdate(NOW + seconds, usegmt=True)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            ({"retry-after": "7"}, 7.0),
            ({"Retry-After": " 1.5 "}, 1.5),
            ({"retry-after": "0"}, 0.0),
            ({"retry-after": "1e9"}, 1e9),
            ({"retry-after": "31536000"}, 31_536_000.0),
            ({"RETRY-AFTER-MS": "250"}, 0.25),
            ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
            ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
            ({"retry-after-ms": "-1", "retry-after": "7"}, 7.0),
            ({"retry-after": date(30)}, 30.0),
            ({"retry-after": date(0)}, 0.0),
            ({"retry-after": email.utils.formatdate(NOW + 30)}, 30.0),
            (
                {"retry-after": "Friday, 15-Jan-27 08:01:00 GMT"},
                60.0,
            ),
            ({"retry-after": "Fri Jan 15 08:01:00 2027"}, 60.0),
        ],
        ids=str,
    )
    def test_what_is_asked(self, headers, wait):
        assert parse_retry_after(headers, NOW) == wait

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "-1",
            "nan",
            "inf",
            "-inf",
            "9" * 400,
            "soon",
            "1 2 3",
            "5, 10",
            date(-30),
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri, 32 Jan 2027 08:01:00 GMT",
            "Fri, 15 Jan 99999 08:01:00 GMT",
            "Fri, 15 Jan 2027 08:01:00 +9999999999",
            "Fri, 15 Jan 99999999999999999999 08:01:00 GMT",
        ],
    )
    def test_what_is_no_time_to_come_is_not_asked(self, value):
        assert parse_retry_after({"retry-after": value}, NOW) is None
        assert parse_retry_after({"retry-after-ms": value}, NOW) is None

    def test_a_date_without_a_zone_is_no_local_time(self, monkeypatch):
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        try:
            headers = {"retry-after": "Fri Jan 15 08:01:00 2027"}
            assert parse_retry_after(headers, NOW) == 60.0
        finally:
            monkeypatch.undo()
            time.tzset()

    def test_nothing_is_asked_without_a_header(self):
        assert parse_retry_after({"content-type": "text/html"}, NOW) is None

    dates = st.from_regex(
        r"[A-Z][a-z]{2}, \d{1,3} (Jan|Feb|Foo) \d{1,5} \d{1,3}:\d\d(:\d\d)? [-+A-Z0-9]*",
        fullmatch=True,
    )

    @given(
        name=st.sampled_from(["retry-after", "Retry-After-Ms"]),
        value=st.text() | st.floats().map(str) | st.integers().map(str) | dates,
    )
    def test_it_never_fails_and_is_never_negative(self, name, value):
        wait = parse_retry_after({name: value}, NOW)
        assert wait is None or 0 <= wait < float("inf")


class TestEvents:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"error": {"message": "it broke"}}, "it broke"),
            ({"error": "it broke"}, "it broke"),
            ({"message": "it broke"}, "it broke"),
            ({"detail": "it broke"}, "it broke"),
            ("it broke", "it broke"),
            ('"it broke"', "it broke"),
            (b"it broke", "it broke"),
            (b'{"error": "it br\xff"}', "it br�"),
        ],
    )
    def test_every_shape_is_read(self, data, message):
        error = reported(data)
        assert type(error) is errors.StreamServerError
        assert error.message == message

    def test_details_are_kept(self):
        data = {"error": {"message": "m", "code": "C", "type": "T", "param": "P"}}
        error = reported(data, request_id="r")
        assert (error.code, error.type, error.param) == ("C", "T", "P")
        assert error.request_id == "r"
        assert error.body == data

    def test_the_request_id_may_be_in_the_event(self):
        data = {"error": {"message": "m"}, "request_id": "b"}
        assert reported(data).request_id == "b"
        assert reported(data, request_id="r").request_id == "r"
        data["error"]["status"] = 500
        assert reported(data).request_id == "b"

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ("", "The API sent the event 'error' with an error and no message"),
            (
                '{"error": {}}',
                (
                    "The API sent the event 'error' with an error and no message:"
                    " '{\"error\": {}}'"
                ),
            ),
        ],
    )
    def test_an_event_without_a_message_gets_one(self, data, message):
        assert reported(data).message == message

    def test_a_long_message_is_cut(self):
        assert len(reported({"error": "m" * 5000}).message) == 2000

    @pytest.mark.parametrize("status", CLASSES)
    @pytest.mark.parametrize("key", ["status", "status_code", "code"])
    @pytest.mark.parametrize("form", [int, str])
    def test_a_status_in_it_decides_the_class(self, status, key, form):
        error = reported({"error": {"message": "m", key: form(status)}})
        assert type(error) is CLASSES[status]
        assert error.status_code == status

    def test_the_status_comes_before_the_name(self):
        data = {"error": {"status": 429, "type": "invalid_request_error"}}
        assert type(reported(data)) is errors.RateLimitError

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("rate_limit_exceeded", errors.RateLimitError),
            ("RATE_LIMIT_EXCEEDED", errors.RateLimitError),
            ("RESOURCE_EXHAUSTED", errors.RateLimitError),
            ("SERVICE_UNAVAILABLE", errors.ServiceUnavailableError),
            ("DEPLOYMENT_SCALING_UP", errors.DeploymentScalingUpError),
            ("UNAUTHORIZED", errors.AuthenticationError),
            ("PAYMENT_REQUIRED", errors.PaymentRequiredError),
            ("PERMISSION_DENIED", errors.PermissionDeniedError),
            ("NOT_FOUND", errors.NotFoundError),
            ("INVALID_ARGUMENT", errors.BadRequestError),
            ("invalid_request_error", errors.BadRequestError),
            ("context_length_exceeded", errors.ContextLengthExceededError),
            ("INTERNAL", errors.InternalServerError),
            ("DEADLINE_EXCEEDED", errors.InternalServerError),
            ("SOMETHING_ELSE", errors.StreamServerError),
            (7, errors.StreamServerError),
        ],
    )
    def test_a_well_known_code_decides_it_too(self, code, kind):
        assert type(reported({"error": {"message": "m", "code": code}})) is kind

    def test_a_well_known_type_decides_where_the_code_does_not(self):
        for code in (None, "whatever"):
            data = {"error": {"type": "server_error", "code": code}}
            assert type(reported(data)) is errors.InternalServerError

    def test_the_type_that_fireworks_sends_with_anything_decides_nothing(self):
        data = {"error": {"type": "invalid_request_error", "message": "rate limit"}}
        assert type(reported(data)) is errors.StreamServerError

    def test_refused_fields_are_read_here_too(self):
        data = {"error": {"code": 400, "message": "x, field: 'a'"}}
        assert reported(data).fields == ("a",)

    def test_a_status_error_carries_the_streams_headers(self):
        error = reported({"error": {"code": 503}}, headers={"X-Thing": "1"})
        assert error.headers == {"x-thing": "1"}
        assert error.retry_after is None

    @given(data=st.binary() | st.text(), event=st.text())
    def test_there_is_always_an_error(self, data, event):
        error = error_from_event(data, event=event, request_id=None, headers={})
        assert error.message
        assert pickle.loads(pickle.dumps(error)) == error
