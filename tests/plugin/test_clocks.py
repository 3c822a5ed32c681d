"""The clocks, as they really are: who computes, who sleeps, and who waits for others."""

import threading
import time

from bunga_cli.plugin.clocks import reading

LONG_S = 0.02


def test_who_computes_has_computed() -> None:
    before = reading(closely=True)
    while time.thread_time() - before.own_s <= LONG_S:
        pass
    assert before.computed_s(reading(closely=True)) >= LONG_S


def test_who_waits_for_a_lock_has_slept_and_not_computed() -> None:
    before = reading(closely=False)
    threading.Event().wait(LONG_S)
    now = reading(closely=False)
    assert now.naps > before.naps
    assert now.wall_s - before.wall_s >= LONG_S
    assert before.computed_s(now) < now.wall_s - before.wall_s


def test_a_close_look_finds_each_thread() -> None:
    ends = threading.Event()
    threads = [threading.Thread(target=ends.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    queued = reading(closely=True).queued or {}
    ends.set()
    assert {str(thread.native_id) for thread in threads} <= queued.keys()
    assert all(nanoseconds >= 0 for nanoseconds in queued.values())
