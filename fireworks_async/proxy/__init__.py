"""The gateway: one OpenAI-compatible door for everything that is not Python.

``create_app`` gives an aiohttp.web application; ``fireworks-async proxy`` serves it.
"""

from fireworks_async.proxy._app import create_app

__all__ = ("create_app",)
