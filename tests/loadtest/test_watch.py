import asyncio
import gc
import time

from fireworks_async.loadtest._watch import Watch


async def test_a_loop_that_is_held_up_is_late():
    watch = Watch()
    with watch.watching():
        await asyncio.sleep(0.05)
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            pass
        await asyncio.sleep(0.03)
        health = watch.health()
    assert health.loop_lag.max > 0.02
    assert health.seconds >= 0.13
    assert 0 < health.loop_cpu_share <= health.cpu_share + 0.01


async def test_garbage_collections_are_seen():
    watch = Watch()
    with watch.watching():
        gc.collect()
        health = watch.health()
    assert health.gc_pauses >= 1
    assert 0 < health.gc_longest <= health.gc_seconds


async def test_nothing_is_left_behind():
    watch = Watch()
    callbacks = list(gc.callbacks)
    with watch.watching():
        assert len(gc.callbacks) == len(callbacks) + 1
    assert gc.callbacks == callbacks
    assert gc.get_freeze_count() == 0
    assert not watch.health().has_uvloop


def test_an_end_without_a_start_is_no_pause():
    watch = Watch()
    watch._on_collection("stop", {})
    assert watch._pauses == []
