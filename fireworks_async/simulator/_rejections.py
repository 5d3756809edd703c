"""The error answers that were seen from the API, ready-made."""

from typing import Any

from fireworks_async.simulator._replies import ErrorReply

__all__ = ("Rejection",)

_HTML = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><h1>502 Bad Gateway</h1></body></html>"
)


def _error(status: int, message: str, code: str) -> ErrorReply:
    error = {"message": message, "param": None, "code": code, "type": "error"}
    return ErrorReply(status, {"error": error})


def _invalid(status: int, message: str, **more: Any) -> ErrorReply:
    kind = "invalid_request_error"
    error = {"object": "error", "type": kind, **more, "message": message}
    return ErrorReply(status, {"error": error})


def _with_wait(reply: ErrorReply, retry_after: float | str | None) -> ErrorReply:
    if retry_after is None:
        return reply
    headers = {**reply.headers, "retry-after": str(retry_after)}
    return ErrorReply(reply.status, reply.body, headers)


class Rejection:
    """Makers of error answers, named for what went wrong."""

    @staticmethod
    def invalid(message: str) -> ErrorReply:
        """400, a request that does not validate."""
        return _invalid(400, message, code="invalid_request_error")

    @staticmethod
    def prompt_too_long(tokens: int = 200_000, limit: int = 131_072) -> ErrorReply:
        """400, a prompt beyond the model's context."""
        text = (
            f"The prompt is too long: {tokens}, model maximum context length: {limit}"
        )
        return Rejection.invalid(text)

    @staticmethod
    def bad_key() -> ErrorReply:
        """401."""
        return _error(401, "The API key you provided is invalid.", "UNAUTHORIZED")

    @staticmethod
    def unauthorized_list() -> ErrorReply:
        """403, a wrong key asking for the models; `error` is a string."""
        return ErrorReply(403, {"error": "unauthorized"})

    @staticmethod
    def payment_required() -> ErrorReply:
        """402."""
        return _error(402, "Payment required", "PAYMENT_REQUIRED")

    @staticmethod
    def model_not_found() -> ErrorReply:
        """404, a model that is not there."""
        text = "Model not found, inaccessible, and/or not deployed"
        return _error(404, text, "NOT_FOUND")

    @staticmethod
    def path_not_found() -> ErrorReply:
        """404, a path that is not there."""
        return _error(404, "Path not found", "NOT_FOUND")

    @staticmethod
    def method_not_allowed(allowed: str) -> ErrorReply:
        """405."""
        reply = _error(405, "Method not allowed", "METHOD_NOT_ALLOWED")
        return ErrorReply(reply.status, reply.body, {"allow": allowed})

    @staticmethod
    def suspended(account: str = "fw-test") -> ErrorReply:
        """412, an account that is suspended."""
        text = (
            f"Account {account} is suspended, possibly due to reaching the monthly"
            " spending limit or failure to pay past invoices."
        )
        return ErrorReply(412, {"error": {"message": text, "type": "api_error"}})

    @staticmethod
    def rolling_over() -> ErrorReply:
        """425, a deployment that is changing its weights."""
        return _error(425, "Deployment is rolling over", "TOO_EARLY")

    @staticmethod
    def rate_limited(retry_after: float | str | None = None) -> ErrorReply:
        """429 in its latest form, with a misleading type."""
        text = "rate limit exceeded, please try again later"
        return _with_wait(_invalid(429, text), retry_after)

    @staticmethod
    def usage_exceeded(retry_after: float | str | None = None) -> ErrorReply:
        """429 whose `error` is a string."""
        body = {
            "error": "Too Many Requests",
            "message": "You have exceeded your usage limits.",
        }
        return _with_wait(ErrorReply(429, body), retry_after)

    @staticmethod
    def first_token_late() -> ErrorReply:
        """429, no first token before the server's own deadline."""
        text = "Request didn't generate first token before the given deadline"
        return _invalid(429, text)

    @staticmethod
    def server_error() -> ErrorReply:
        """500."""
        return _error(500, "Internal server error", "INTERNAL")

    @staticmethod
    def bad_gateway() -> ErrorReply:
        """502 in HTML, from the gateway."""
        return ErrorReply(502, _HTML, {"Content-Type": "text/html"})

    @staticmethod
    def overloaded(retry_after: float | str | None = None) -> ErrorReply:
        """503."""
        reply = _error(503, "Service overloaded", "SERVER_OVERLOADED")
        return _with_wait(reply, retry_after)

    @staticmethod
    def scaling_up(retry_after: float | str | None = None) -> ErrorReply:
        """503, a deployment that was scaled to zero."""
        text = (
            "Deployment is currently scaled to zero and is scaling up."
            " Please retry your request in a few minutes."
        )
        return _with_wait(_error(503, text, "DEPLOYMENT_SCALING_UP"), retry_after)
