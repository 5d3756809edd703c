"""What is kept of something that was worked through."""

import tracemalloc


def bytes_kept_by(work):
    """Bytes that are still held when ``work`` is done, by what it gives and around it."""
    tracemalloc.start()
    try:
        kept = work()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept is not None
    return size
