"""The decoder of event streams, for use on its own; re-exports, and no logic.

``SSEDecoder().feed(data)`` takes bytes cut anywhere and returns the events that they
complete.
"""

from fireworks_async._protocol.sse import ServerSentEvent, SSEDecoder

__all__ = ("SSEDecoder", "ServerSentEvent")
