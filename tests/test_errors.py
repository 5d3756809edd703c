import copy
import inspect
import pickle
import re
import subprocess
import sys

import pytest

from fireworks_async import errors
from fireworks_async._protocol.completions import ChatCompletion, Usage

CANARY = "fw_CANARY000000000000000000"

PARTIAL = ChatCompletion(id="c", created=1, model="m", choices=[])
USAGE = Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3)

API = {
    "code": "C",
    "type": "T",
    "param": "P",
    "request_id": "req-1",
    "body": {"error": {"message": "m", "list": [1, None]}},
    "partial": PARTIAL,
}
STATUS = {**API, "headers": {"x-request-id": "req-1"}, "retry_after": 1.5}
OUTPUT = {"partial": PARTIAL, "usage": USAGE}


def status_row(kind, status, **more):
    error = kind("m", status_code=status, **STATUS, **more)
    return error, f"{status}: m (request id req-1)"


# One of each class, all of its attributes set, and the exact text that it prints.
TABLE = [
    (errors.FireworksError("m"), "m"),
    (errors.ConfigurationError("m"), "m"),
    (errors.MissingAPIKeyError("m"), "m"),
    (errors.ProxyConfigError("m"), "m"),
    (errors.ClientClosedError("m"), "m"),
    (errors.StreamStateError("m"), "m"),
    (errors.APIError("m", **API), "m (request id req-1)"),
    (errors.APIConnectionError("m", **API), "m (request id req-1)"),
    (errors.APITimeoutError("m", phase="total", **API), "m (request id req-1)"),
    status_row(errors.APIStatusError, 405),
    status_row(errors.BadRequestError, 400, fields=("a", "b[0].c")),
    status_row(errors.ContextLengthExceededError, 400),
    status_row(errors.AuthenticationError, 401),
    status_row(errors.PaymentRequiredError, 402),
    status_row(errors.PermissionDeniedError, 403),
    status_row(errors.NotFoundError, 404),
    status_row(errors.RequestTimeoutError, 408),
    status_row(errors.ConflictError, 409),
    status_row(errors.AccountSuspendedError, 412),
    status_row(errors.RequestTooLargeError, 413),
    status_row(errors.UnprocessableEntityError, 422),
    status_row(errors.TooEarlyError, 425),
    status_row(errors.RateLimitError, 429),
    status_row(errors.InternalServerError, 500),
    status_row(errors.ServiceUnavailableError, 503),
    status_row(errors.DeploymentScalingUpError, 503),
    status_row(errors.ServiceEndedError, 401),
    (errors.StreamError("m", **API), "m (request id req-1)"),
    (errors.StreamTruncatedError("m", **API), "m (request id req-1)"),
    (errors.StreamProtocolError("m", **API), "m (request id req-1)"),
    (errors.StreamServerError("m", **API), "m (request id req-1)"),
    (errors.StructuredOutputError("m", **OUTPUT), "m"),
    (errors.LengthFinishReasonError("m", **OUTPUT), "m"),
    (errors.ContentFilterFinishReasonError("m", **OUTPUT), "m"),
    (errors.SchemaMismatchError("m", **OUTPUT), "m"),
    (errors.BatchError("m"), "m"),
    (errors.LoadTestError("m"), "m"),
]
ERRORS = [error for error, _ in TABLE]

JOURNEYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda error, protocol=protocol: pickle.loads(
            pickle.dumps(error, protocol)
        )
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}


def by_class(value):
    return type(value).__name__ if isinstance(value, Exception) else None


def classes():
    """The classes of the module, in the order of their definition."""
    return [
        value
        for value in vars(errors).values()
        if inspect.isclass(value)
        and issubclass(value, Exception)
        and value.__module__ == errors.__name__
    ]


def drawn(root, indent=""):
    """The tree below a class, as the docstring draws it."""
    children = [kind for kind in classes() if root in own_bases(kind)]
    for child in children:
        last = child is children[-1]
        yield f"{indent}{'└── ' if last else '├── '}{child.__name__}"
        yield from drawn(child, indent + ("    " if last else "│   "))


def own_bases(kind):
    return [base for base in kind.__bases__ if base.__module__ == errors.__name__]


class TestTable:
    def test_it_holds_every_class_once(self):
        assert [type(error) for error in ERRORS] == classes()

    @pytest.mark.parametrize(("error", "text"), TABLE, ids=by_class)
    def test_what_an_error_prints(self, error, text):
        assert str(error) == text
        assert error.message == "m"

    def test_without_a_request_id_none_is_printed(self):
        assert str(errors.APIError("m")) == "m"
        assert str(errors.NotFoundError("m", status_code=404)) == "404: m"


class TestJourneys:
    @pytest.mark.parametrize("journey", JOURNEYS.values(), ids=JOURNEYS)
    @pytest.mark.parametrize("error", ERRORS, ids=by_class)
    def test_an_error_arrives_as_it_left(self, error, journey):
        arrived = journey(error)
        assert arrived == error
        assert type(arrived) is type(error)
        assert vars(arrived) == vars(error)
        assert arrived.args == error.args == ("m",)
        assert str(arrived) == str(error)
        assert hash(arrived) == hash(error)

    def test_notes_arrive_too(self):
        error = errors.APIError("m")
        error.add_note("while reading line 7")
        arrived = pickle.loads(pickle.dumps(error))
        assert arrived.__notes__ == ["while reading line 7"]

    def test_an_error_with_defaults_only_arrives(self):
        error = errors.RateLimitError("m", status_code=429)
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)

    def test_a_deep_copy_shares_nothing(self):
        error = errors.APIError("m", body={"a": []})
        copied = copy.deepcopy(error)
        copied.body["a"].append(1)
        assert error.body == {"a": []}

    def test_an_error_arrives_in_another_process(self):
        program = (
            "import pickle, sys\n"
            "error = pickle.load(sys.stdin.buffer)\n"
            "assert 'aiohttp' not in sys.modules\n"
            "sys.stdout.buffer.write(pickle.dumps(error))\n"
        )
        error = errors.BadRequestError("m", status_code=400, fields=("a",))
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=pickle.dumps(error),
            stdout=subprocess.PIPE,
            check=True,
        )
        assert pickle.loads(done.stdout) == error


class TestEquality:
    @pytest.mark.parametrize("name", [*STATUS, "status_code", "message"])
    def test_errors_that_differ_in_anything_are_not_equal(self, name):
        error = errors.RateLimitError("m", status_code=429, **STATUS)
        other = copy.copy(error)
        setattr(other, name, "other")
        assert error != other

    def test_errors_of_other_classes_are_not_equal(self):
        assert errors.APIError("m") != errors.StreamError("m")
        assert errors.FireworksError("m") != "m"

    def test_equal_errors_have_equal_hashes(self):
        assert len({errors.APIError("m"), errors.APIError("m")}) == 1


class TestTree:
    def test_the_docstring_draws_it(self):
        tree = ["FireworksError", *drawn(errors.FireworksError)]
        assert "\n".join(tree) in errors.__doc__

    def test_nothing_else_is_drawn(self):
        lines = re.findall(r"^[│├└─ ]*[├└]── (\w+)$", errors.__doc__, re.MULTILINE)
        assert ["FireworksError", *lines] == [kind.__name__ for kind in classes()]

    def test_all_is_sorted_and_complete(self):
        names = [*(kind.__name__ for kind in classes()), "TimeoutPhase"]
        assert errors.__all__ == tuple(sorted(names))

    @pytest.mark.parametrize(
        ("kind", "builtin"),
        [
            (errors.APITimeoutError, TimeoutError),
            (errors.ClientClosedError, RuntimeError),
            (errors.StreamStateError, RuntimeError),
        ],
    )
    def test_some_are_pythons_own_as_well(self, kind, builtin):
        assert issubclass(kind, builtin)

    def test_every_class_says_when(self):
        assert [kind for kind in classes() if not kind.__doc__] == []


class TestSecrets:
    def test_headers_are_not_printed(self):
        headers = {"authorization": f"Bearer {CANARY}"}
        error = errors.AuthenticationError("m", status_code=401, headers=headers)
        assert CANARY not in str(error)
        assert CANARY not in repr(error)
        assert all(CANARY not in str(part) for part in error.args)

    @pytest.mark.parametrize("error", ERRORS, ids=by_class)
    def test_the_repr_is_the_class_and_the_message(self, error):
        assert repr(error) == f"{type(error).__name__}('m')"


def test_errors_load_neither_aiohttp_nor_msgspec():
    program = (
        "import sys, fireworks_async.errors\n"
        "print(sorted({'aiohttp', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_headers_are_the_errors_own():
    headers = {"a": "1"}
    error = errors.APIStatusError("m", status_code=500, headers=headers)
    headers["a"] = "2"
    assert error.headers == {"a": "1"}
    assert errors.APIStatusError("m", status_code=500).headers == {}
