"""The catalogue as it is shipped, whatever a test registers."""

from collections.abc import Iterator
from contextlib import contextmanager

from fireworks_async._policy import catalogue

__all__ = ("catalogue_as_shipped",)


@contextmanager
def catalogue_as_shipped() -> Iterator[None]:
    """Put everything back at the end."""
    models = catalogue._models()
    shipped = dict(models)
    try:
        yield
    finally:
        models.clear()
        models.update(shipped)
