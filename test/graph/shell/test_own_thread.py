# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The thread on which the composed graph hears."""

import threading

from baby_cry_detector.own_thread import OwnThread, PASSED_OVER_S, SharedThread
import pytest

PATIENCE_S = 60.0


def test_it_calls_again_and_again_and_ends_with_the_last():
    own, called = OwnThread(), threading.Semaphore(0)
    recurring = own.every(0.001, called.release)
    for _ in range(5):
        assert called.acquire(timeout=PATIENCE_S)
    worker = own.thread._thread
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
        worker = own.thread._thread
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
        for recurring in tuple(own.thread._all):
            recurring.cancel()
    assert 'early' in called and 'later' not in called
    assert early.due_s == due_s + 1e6 * called.count('early')      # from when it was due
    assert later.due_s < due_s + 1e6


def test_cribs_of_one_thread_do_not_wait_for_one_whose_lock_is_held():
    thread = SharedThread()
    held, *others = cribs = [OwnThread(thread) for _ in range(5)]
    called = [threading.Semaphore(0) for _ in cribs]
    with held.lock:                            # by a callback that hangs
        recurring = [crib.every(0.001, semaphore.release)
                     for crib, semaphore in zip(cribs, called)]
        for _ in range(20):
            for semaphore in called[1:]:
                assert semaphore.acquire(timeout=PATIENCE_S)
        assert not called[0].acquire(blocking=False)
    assert called[0].acquire(timeout=PATIENCE_S)       # afterwards it goes on by itself
    assert len({one.thread for one in cribs}) == 1 and PASSED_OVER_S < 0.08
    for one in recurring:
        one.cancel()


def test_in_a_turn_each_is_called_once_however_much_one_has_to_do():
    thread, order = SharedThread(), []
    greedy, modest = OwnThread(thread), OwnThread(thread)
    done = threading.Event()

    def call(name):
        order.append(name)
        if order.count('modest') == 10:
            done.set()
    with greedy.lock, modest.lock:
        recurring = [greedy.every(0.0, lambda: call('greedy')),
                     modest.every(0.0, lambda: call('modest'))]
    assert done.wait(PATIENCE_S)
    for one in recurring:
        one.cancel()
    first = order.index('modest')
    runs = ''.join(name[0] for name in order[first:]).split('m')
    assert max(map(len, runs)) <= 2, order


def test_what_has_one_period_is_due_at_one_time_for_all_cribs():
    thread = SharedThread()
    cribs = [OwnThread(thread) for _ in range(3)]
    recurring = [crib.every(1e6, list) for crib in cribs]
    assert len({one.due_s for one in recurring}) == 1
    for one in recurring:
        one.cancel()


def test_what_is_hastened_is_called_though_it_was_not_due():
    own, called = OwnThread(SharedThread()), threading.Event()
    recurring = own.every(1e6, called.set)
    recurring.hasten()
    assert called.wait(PATIENCE_S)
    recurring.cancel()
