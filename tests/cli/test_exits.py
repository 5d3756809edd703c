import pytest

from fireworks_async.cli._exits import ExitCode, UsageError, with_exit_code
from fireworks_async.errors import (
    APITimeoutError,
    BadRequestError,
    ConfigurationError,
    StreamTruncatedError,
)


def ending_of(error: BaseException) -> ExitCode:
    def command() -> ExitCode:
        raise error

    return with_exit_code(command)()


def test_the_numbers_are_those_that_are_promised():
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "STOPPED": 3,
    }


def test_a_command_that_returns_ends_as_it_says():
    assert with_exit_code(lambda: ExitCode.FAILED)() is ExitCode.FAILED


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("write it so"), 2, "error: write it so"),
        (ConfigurationError("cannot be"), 2, "error: cannot be"),
        (
            BadRequestError("no\nsuch field", status_code=400, request_id="r1"),
            1,
            "error: 400: no such field (request id r1)",
        ),
        (StreamTruncatedError("cut"), 1, "error: cut"),
        (APITimeoutError("silence", phase="receive"), 1, "error: silence"),
        (OSError(28, "No space left on device"), 1, "error: No space left on device"),
        (OSError("odd"), 1, "error: odd"),
        (FileNotFoundError(2, "No such file", "a/b"), 1, "error: a/b: No such file"),
        (KeyboardInterrupt(), 3, "stopped"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_expected_becomes_a_code_and_one_line(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
):
    assert ending_of(error) == code
    assert capsys.readouterr() == ("", line + "\n")


def test_a_fault_of_this_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        ending_of(ZeroDivisionError())
