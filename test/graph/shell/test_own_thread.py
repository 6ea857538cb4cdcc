# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The thread on which the composed graph hears."""

import threading

from baby_cry_detector.own_thread import OwnThread
import pytest

PATIENCE_S = 60.0


def test_it_calls_again_and_again_and_ends_with_the_last():
    own, called = OwnThread(), threading.Semaphore(0)
    recurring = own.every(0.001, called.release)
    for _ in range(5):
        assert called.acquire(timeout=PATIENCE_S)
    worker = own._thread
    with own.lock:
        recurring.cancel()
    assert recurring.is_canceled()
    worker.join(PATIENCE_S)
    assert not worker.is_alive()
    while called.acquire(blocking=False):
        pass
    recurring.reset()
    assert called.acquire(timeout=PATIENCE_S)
    recurring.cancel()


def test_what_is_cancelled_under_the_lock_is_not_called_after_it():
    own, called = OwnThread(), []
    with own.lock:
        recurring = own.every(0.0, lambda: called.append(True))
        worker = own._thread
        recurring.cancel()
    worker.join(PATIENCE_S)
    assert not worker.is_alive() and not called


def test_one_that_resets_itself_is_due_a_period_later():
    own, done, due = OwnThread(), threading.Event(), []

    def call():
        recurring.reset()
        due.append(recurring.due_s)
        done.set()
    with own.lock:
        recurring = own.every(0.0, call)
        recurring._period_s = 1e6
    assert done.wait(PATIENCE_S)
    with own.lock:
        assert recurring.due_s == due[0] and len(due) == 1
        recurring.cancel()


def test_others_get_the_lock_though_everything_is_overdue():
    own, called = OwnThread(), threading.Event()
    recurring = own.every(0.0, called.set)
    assert called.wait(PATIENCE_S)
    for _ in range(20):
        assert own.lock.acquire(timeout=PATIENCE_S)
        own.lock.release()
    recurring.cancel()


def test_whoever_is_to_end_does_not_wait_for_the_lock():
    own, outcome = OwnThread(), []

    def work():
        with pytest.raises(InterruptedError), own.turn(lambda: True):
            outcome.append('it had the lock')
        outcome.append('ended')
    with own.lock:
        worker = threading.Thread(target=work)
        worker.start()
        worker.join(PATIENCE_S)
    assert outcome == ['ended']


def test_what_may_come_early_is_called_with_what_is_due_and_keeps_its_pace():
    own, called, done = OwnThread(), [], threading.Event()
    with own.lock:
        early = own.every(1e6, lambda: called.append('early'), early_s=2e6)
        later = own.every(1e6, lambda: called.append('later'))
        due_s = early.due_s
        own.every(0.0, done.set)
    assert done.wait(PATIENCE_S)
    with own.lock:                             # its turn, with all that came along, is over
        for recurring in tuple(own._all):
            recurring.cancel()
    assert 'early' in called and 'later' not in called
    assert early.due_s == due_s + 1e6 * called.count('early')      # from when it was due
    assert later.due_s < due_s + 1e6
