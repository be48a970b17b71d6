"""Reading ahead: bounded, in order, and over when nobody reads."""

from __future__ import annotations

import threading
import time

import pytest

from ingestion.files import read_ahead


def background():
    return [t for t in threading.enumerate() if t.name.startswith("read-ahead")]


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_items_come_in_order_and_the_thread_ends():
    assert list(read_ahead(n for n in range(100))) == list(range(100))
    assert not background()


def test_it_runs_ahead_but_not_far():
    made = []

    def items():
        for number in range(20):
            made.append(number)
            yield number

    taken = read_ahead(items(), depth=3)
    assert next(taken) == 0
    assert wait_until(lambda: len(made) == 4)
    time.sleep(0.05)
    assert len(made) == 4
    taken.close()


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield from (1, 2)
        raise OSError("here it breaks")

    taken = read_ahead(items(), depth=5)
    assert [next(taken), next(taken)] == [1, 2]
    with pytest.raises(OSError, match="here it breaks"):
        next(taken)
    assert not background()


def test_who_stops_taking_stops_the_work():
    closed = []

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    # held on to, so that no collector closes it instead
    work = items()
    taken = read_ahead(work)
    next(taken)
    taken.close()
    assert closed
    assert not background()
