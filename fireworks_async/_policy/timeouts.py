"""How long each part of a call may take; nothing here waits or reads a clock."""

import msgspec

from fireworks_async.errors import ConfigurationError

__all__ = ("Timeout",)


class Timeout(msgspec.Struct, frozen=True):
    """Four limits in seconds; None means no limit.

    A timeout may be noticed up to 2 % or 50 ms late, whichever is more, never early.

    Attributes:
        connect: Opening a connection: name lookup, TCP and TLS.
        pool: Waiting to be admitted, before anything is sent.
        receive: The longest silence: from the request to the headers, and from one
            event to the next. Comment lines are bytes, not progress, so a stream that
            only pings times out. It does not limit how long an answer may be.
        total: The whole call, from the asking to the last event: waiting, all
            attempts and the pauses between them.

    Raises:
        ConfigurationError: A field is neither a positive finite number nor None.
    """

    connect: float | None = 10
    pool: float | None = None
    receive: float | None = 300
    total: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            _require_limit(name, getattr(self, name))

    @classmethod
    def of(cls, value: "Timeout | float | None") -> "Timeout":
        """The timeout that a ``timeout=`` argument means.

        Args:
            value: A ``Timeout`` as it is; a number of seconds for ``receive``, the
                other limits being the defaults; None for no limits at all.

        Raises:
            ConfigurationError: Anything else.
        """
        if isinstance(value, Timeout):
            return value
        if value is None:
            return cls(connect=None, pool=None, receive=None, total=None)
        _require_number(value)
        return cls(receive=value)


def _require_number(value: object) -> None:
    if isinstance(value, int | float):
        return
    kind = type(value)
    # Other clients have a Timeout too.
    room = f"{kind.__module__.partition('.')[0]}.".removeprefix("builtins.")
    raise ConfigurationError(
        "timeout must be a fireworks_async.Timeout, a number of seconds or None,"
        f" not {room}{kind.__name__}"
    )


def _require_limit(name: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        given = type(value).__name__
    elif not 0 < value < float("inf"):
        given = repr(value)
    else:
        return
    raise ConfigurationError(
        f"Timeout.{name} must be a positive, finite number of seconds or None,"
        f" not {given}"
    )
