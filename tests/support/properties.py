"""How often properties are tried."""

from hypothesis import settings


def examples(full: int) -> settings:
    """So many examples with the slow tests, and in the quick run its share of them."""
    return settings(max_examples=full * settings.default.max_examples // 100)
