import json

import pytest

from fireworks_async import AsyncFireworks, errors
from tests.support.mocked import BASE_URL, MockedAPI, mocked_api
from tests.support.wire import answer, sse

MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.fixture
def api():
    with mocked_api() as mocked:
        yield MockedAPI(mocked)


@pytest.fixture
async def client():
    async with AsyncFireworks(
        base_url=BASE_URL, api_key="fw_mocked", max_retries=0
    ) as client:
        yield client


def ask(client, **params):
    return client.chat.completions.create(model="m", messages=MESSAGES, **params)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, errors.APIStatusError),
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (402, errors.PaymentRequiredError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (405, errors.APIStatusError),
        (408, errors.RequestTimeoutError),
        (409, errors.ConflictError),
        (412, errors.AccountSuspendedError),
        (413, errors.RequestTooLargeError),
        (418, errors.APIStatusError),
        (422, errors.UnprocessableEntityError),
        (425, errors.TooEarlyError),
        (429, errors.RateLimitError),
        (500, errors.InternalServerError),
        (502, errors.InternalServerError),
        (503, errors.ServiceUnavailableError),
        (520, errors.InternalServerError),
    ],
)
async def test_a_status_is_an_error_of_its_class(api, client, status, kind):
    api.answers(
        status,
        json={"error": {"message": "no", "code": "C", "type": "t", "param": "p"}},
        x_request_id="req-1",
    )
    with pytest.raises(kind) as caught:
        await ask(client)
    error = caught.value
    assert type(error) is kind
    assert error.status_code == status
    assert (error.code, error.type, error.param) == ("C", "t", "p")
    assert error.request_id == "req-1"


async def test_the_request_is_what_the_api_expects(api, client):
    api.answers(body=sse(*answer("a")), content_type="text/event-stream")
    completion = await ask(
        client,
        max_tokens=5000,
        extra_headers={"x-session-affinity": "s", "AUTHORIZATION": "Bearer other"},
    )
    assert completion.choices[0].message.content == "a"
    (request,) = api.requests
    sent = json.loads(request["data"])
    assert sent == {
        "model": "accounts/fireworks/models/m",
        "messages": MESSAGES,
        "max_tokens": 5000,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = request["headers"]
    assert headers["Accept"] == "text/event-stream"
    assert headers["x-session-affinity"] == "s"
    assert [v for k, v in headers.items() if k.lower() == "authorization"] == [
        "Bearer other"
    ]
    assert request["allow_redirects"] is False


async def test_a_key_that_the_answer_repeats_is_blotted_out(api, client):
    api.answers(
        401,
        json={"error": {"message": "bad key fw_mocked", "param": ["fw_mocked"]}},
        x_echo="Bearer fw_mocked",
    )
    with pytest.raises(errors.AuthenticationError) as caught:
        await ask(client)
    assert "fw_mocked" not in repr(vars(caught.value))
    assert "fw_mocked" not in str(caught.value)
    assert "bad key ***" in str(caught.value)
