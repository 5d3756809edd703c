"""One call's way to an answer: send, classify, wait, send again, within its limits.

The same body goes out with every attempt. Between attempts nothing is held: a call that
waits to be repeated takes no place from those that wait to be sent.
"""

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast
from urllib.parse import urlencode

from fireworks_async._client.config import ClientConfig, check_api_key
from fireworks_async._client.options import CallOptions
from fireworks_async._headers import Headers
from fireworks_async._measure.timings import StreamTimings
from fireworks_async._net.interfaces import ByteResponse, Limit, Transport, WireCall
from fireworks_async._policy.retry import RetryBudget, RetryPolicy
from fireworks_async._policy.timeouts import Timeout
from fireworks_async._protocol.metadata import request_id
from fireworks_async._protocol.requests import WireRequest
from fireworks_async._version import __version__
from fireworks_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    ConfigurationError,
    FireworksError,
)

__all__ = ("Attempts", "Service", "merged_headers", "without")

_LARGEST_ERROR: Final = 64 * 1024
# 2048 vectors of 4096 numbers, written out in full, are 200 MiB.
_LARGEST_ANSWER: Final = 512 * 1024 * 1024
# A shorter one stands in for a key, and its letters stand in words that are no key.
_SHORTEST_KEY: Final = 6
_ERROR_BODY_WITHIN: Final = Timeout(connect=None, pool=None, receive=None, total=5)
# Not br, not zstd: aiohttp decodes those only where their libraries are installed.
_OUR_HEADERS: Final = {
    "User-Agent": f"fireworks-async/{__version__}",
    "Accept-Encoding": "gzip, deflate",
}


class Service:
    """What all calls of a client share: where they go, and how they are repeated."""

    __slots__ = (
        "_headers",
        "_kind",
        "_policy",
        "_ready",
        "budget",
        "config",
        "transport",
    )

    def __init__(
        self, transport: Transport, budget: RetryBudget, config: ClientConfig
    ) -> None:
        self.transport = transport
        self.budget = budget
        self.config = config
        self._kind = Attempts
        self._policy = RetryPolicy(config.max_retries)
        self._headers = merged_headers(_OUR_HEADERS, config.default_headers)
        # The last headers made, with what they were made of.
        self._ready: tuple[Mapping[str, str], str, Mapping[str, str]] | None = None

    def with_config(self, config: ClientConfig) -> "Service":
        """The same for a view of the client with other defaults."""
        return Service(self.transport, self.budget, config)

    def attempts(
        self,
        request: WireRequest,
        options: CallOptions,
        timings: StreamTimings,
        *,
        base_url: str | None = None,
    ) -> "Attempts":
        """Prepare a call; nothing is sent.

        Args:
            request: What is sent.
            options: How.
            timings: Where the call's marks are set.
            base_url: Where to, when that is not the client's.
        """
        url = (base_url or self.config.base_url) + request.path
        extra = None
        policy = self._policy
        if options:
            if query := options.get("extra_query"):
                url += "?" + urlencode(query, doseq=True)
            extra = options.get("extra_headers")
            if "max_retries" in options:
                policy = RetryPolicy(options["max_retries"])
        return self._kind(
            self,
            request,
            url,
            extra,
            timeout=Timeout.of(options.get("timeout", self.config.timeout)),
            policy=policy,
            timings=timings,
        )

    async def asked_key(self, ask: Callable[[], Awaitable[str]], limit: Limit) -> str:
        """The key that a callable gives; it is asked again with each attempt."""
        with limit.during("total"):
            given = ask()
            if not hasattr(given, "__await__"):
                raise ConfigurationError(
                    "api_key: the callable is not async; it gave "
                    f"{type(given).__name__}, not an awaitable"
                )
            return check_api_key(await given, "what the api_key callable gave")

    def headers(
        self, request: Mapping[str, str], extra: Mapping[str, str] | None, key: str
    ) -> Mapping[str, str]:
        """All headers of a request; those that the caller named win.

        The same object comes out as long as the same goes in, as for all calls of an
        endpoint, so that the network's form of it is made once as well.
        """
        ready = self._ready
        if not extra and ready and ready[0] is request and ready[1] == key:
            return ready[2]
        headers = merged_headers(
            {"Authorization": f"Bearer {key}"}, {**self._headers, **request}
        )
        if extra:
            return merged_headers(headers, extra)
        self._ready = (request, key, headers)
        return headers


class Attempts:
    """The attempts of one call.

    Attributes:
        limit: The call's time limits, one for all of its attempts.
        retries_taken: Attempts beyond the first.
    """

    __slots__ = (
        "_extra",
        "_limit",
        "_policy",
        "_request",
        "_sent",
        "_service",
        "_timeout",
        "_timings",
        "_url",
        "retries_taken",
    )

    def __init__(
        self,
        service: Service,
        request: WireRequest,
        url: str,
        extra: Mapping[str, str] | None,
        *,
        timeout: Timeout,
        policy: RetryPolicy,
        timings: StreamTimings,
    ) -> None:
        self._service = service
        self._request: WireRequest | None = request
        self._url = url
        self._extra = extra
        self._timeout = timeout
        self._policy = policy
        self._timings = timings
        self._limit: Limit | None = None
        # The headers last sent, to find where an answer repeats the key.
        self._sent: Mapping[str, str] = {}
        self.retries_taken = 0

    @property
    def limit(self) -> Limit:
        """The call's time limits; its total counts from the first look here."""
        if self._limit is None:
            self._limit = self._service.transport.limit(self._timeout)
        return self._limit

    async def open(self) -> ByteResponse:
        """Send until an answer comes that is no error.

        Raises:
            APIStatusError: The API refused, and another attempt would not help, or
                none is left.
            APIConnectionError: No answer came, likewise.
        """
        service, request, limit = self._service, self._request, self.limit
        transport = service.transport
        assert request is not None
        if self._timings.queued_at is None:
            self._timings.queued_at = transport.clock.now()
        while True:
            try:
                key = service.config.api_key
                if not isinstance(key, str):
                    key = await service.asked_key(key, limit)
                headers = service.headers(request.headers, self._extra, key)
                self._sent = headers
                call = WireCall(request.method, self._url, headers, request.body)
                response = await transport.send(
                    call, limit=limit, timings=self._timings
                )
                if response.status < 300:
                    return response
                raise await self._refusal(response)
            except FireworksError as error:
                if not await self.may_repeat(error):
                    raise

    async def read_whole(self, response: ByteResponse) -> bytes:
        """Read an answer to its end, and give it back, whatever comes of it.

        Raises:
            APIError: The rest of it did not come, or it is too large.
        """
        parts: list[bytes] = []
        size = 0
        limit, now = self.limit, self._service.transport.clock.now
        limit.guard(response.close)
        try:
            while size <= _LARGEST_ANSWER:
                limit.watch(now(), 0.0)
                data = await response.read()
                limit.rest()
                if not data:
                    response.finish()
                    return parts[0] if len(parts) == 1 else b"".join(parts)
                parts.append(data)
                size += len(data)
        finally:
            limit.rest()
            response.close()
        raise APIError(
            f"the answer is larger than {_LARGEST_ANSWER} bytes",
            request_id=request_id(response.headers),
        )

    async def may_repeat(self, error: FireworksError) -> bool:
        """Decide whether another attempt is due, and wait until it is."""
        delay = self._policy.decide(
            error,
            retries_taken=self.retries_taken,
            random=random.random(),  # noqa: S311 - jitter, not a secret
        )
        if delay is None or not self._service.budget.try_spend():
            return False
        with self.limit.during("total"):
            await self._service.transport.clock.sleep(delay)
        self.retries_taken += 1
        return True

    def redacted(self, error: FireworksError) -> FireworksError:
        """The error, without the key where an answer repeats it to the caller.

        A key of fewer than six characters is blotted out where it stands as a word.
        """
        if key := _credentials(self._sent):
            letters = re.escape(key)
            if len(key) < _SHORTEST_KEY:
                letters = rf"(?<!\w){letters}(?!\w)"
            pattern = re.compile(letters)
            for name, value in vars(error).items():
                if name != "partial":
                    vars(error)[name] = without(pattern, value)
            error.args = (error.message,)
        return error

    def forget_request(self) -> None:
        """Let go of the body, which may be large: there will be no other attempt."""
        self._request = None

    def abort(self, error: FireworksError) -> None:
        """End whatever the call waits for, in another task, with this error."""
        if self._limit is not None:
            self._limit.abort(error)

    def close(
        self,
        *,
        succeeded: bool,
        answer: object = None,  # noqa: ARG002 - for those who look on
        problem: BaseException | None = None,  # noqa: ARG002 - likewise
    ) -> None:
        """Stop the clocks; a success pays into the retry budget.

        Args:
            succeeded: Whether the call gave what was asked for.
            answer: As far as it came.
            problem: What the caller gets instead; None when it is the caller who left.
        """
        if self._limit is not None:
            self._limit.close()
        if succeeded:
            self._service.budget.record_success(self.retries_taken)

    async def _refusal(self, response: ByteResponse) -> APIStatusError:
        """Read what the API says of the refusal, as far as it is sensible."""
        parts: list[bytes] = []
        size = 0
        limit = self._service.transport.limit(_ERROR_BODY_WITHIN)
        try:
            with self.limit.during("receive"), limit.during("total"):
                while size < _LARGEST_ERROR and (data := await response.read()):
                    parts.append(data)
                    size += len(data)
            if size < _LARGEST_ERROR:
                response.finish()
        except APIConnectionError:
            # The status is known, and part of the text is better than none.
            pass
        finally:
            limit.close()
            response.close()
        from fireworks_async._protocol.failures import (  # noqa: PLC0415 - on first use
            error_from_response,
        )

        return error_from_response(
            status=response.status,
            headers=response.headers,
            body=b"".join(parts)[:_LARGEST_ERROR],
            now=self._service.transport.clock.wall(),
        )


def _credentials(headers: Mapping[str, str]) -> str:
    """What was sent as the key, the caller's own header included."""
    for name, value in headers.items():
        if name.lower() == "authorization":
            return value.rpartition(" ")[2]
    return ""


def without(key: re.Pattern[str], value: object) -> object:
    """A value of an error with the key blotted out, however deep it stands."""
    match value:
        case str():
            return key.sub("***", value)
        case Headers():
            return Headers({k: key.sub("***", v) for k, v in value.items()})
        case dict():
            items = cast("dict[object, object]", value).items()
            return {without(key, k): without(key, v) for k, v in items}
        case list():
            return [without(key, item) for item in cast("list[object]", value)]
        case tuple():
            items_ = cast("tuple[object, ...]", value)
            return tuple(without(key, item) for item in items_)
        case _:
            return value


def merged_headers(base: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Headers of both; those of ``over`` win, whatever the case of their names."""
    replaced = {name.lower() for name in over}
    kept = {name: base[name] for name in base if name.lower() not in replaced}
    return {**kept, **over}
