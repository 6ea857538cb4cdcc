# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A caregiver's stop holds until it is reset or its time has passed, whatever is restarted."""

import math

from baby_cry_detector.care.motion.duty_store import NodeTwiceError
from baby_cry_detector.care.motion.stops import stop_store
from baby_cry_detector.care.motion.stops.stop_latch import StopLatch
from baby_cry_detector.care.motion.stops.stop_store import KeptStop
import pytest


def restored(latch, now_s, clock_id):
    """Return the latch of the process that follows."""
    after = StopLatch()
    after.restore(latch.document('boot 1'), now_s, clock_id)
    return after


def test_it_holds_for_its_time_over_a_restart_and_anew_after_a_reboot():
    latch = StopLatch()
    latch.stop(1000.0, 300.0)
    assert 'not before 200 s' in restored(latch, 1100.0, 'boot 1').objection(1100.0)
    assert not restored(latch, 1301.0, 'boot 1').objection(1301.0)
    for clock_id in ('boot 2', ''):        # nobody knows how long it was off
        after = restored(latch, 5.0, clock_id)
        assert after.objection(304.0) and not after.objection(305.5)
    # A clock that went back can't make it longer than it was.
    assert not restored(latch, 10.0, 'boot 1').objection(310.5)


def test_a_shorter_stop_does_not_end_a_longer_one_and_a_word_ends_all():
    latch = StopLatch()
    latch.stop(0.0, 300.0)
    latch.stop(10.0, 5.0)
    assert latch.objection(299.0)
    latch.forbid()
    assert latch.objection(1e9) == 'rocking is switched off'
    assert restored(latch, 0.0, 'boot 9').objection(1e9) == 'rocking is switched off'
    latch.allow()
    assert not latch.objection(1.0) and not restored(latch, 1.0, 'boot 2').objection(1.0)


def test_another_crib_has_to_be_confirmed():
    latch, crib = StopLatch(), {'joint': 'a', 'rest': 0.0, 'units_per_metre': 1.0}
    assert latch.identify(crib) and not latch.objection(0.0)
    assert not latch.identify(dict(crib))
    after = restored(latch, 0.0, 'boot 1')
    assert after.identify({**crib, 'units_per_metre': 2.0}) and 'confirm' in after.objection(1e9)
    again = restored(after, 0.0, 'boot 2')
    assert not again.identify({**crib, 'units_per_metre': 2.0}) and again.objection(0.0)
    again.allow()
    assert not again.objection(0.0)


@pytest.mark.parametrize('document', [
    {}, {'forbidden': 1, 'until_s': 1, 'hold_s': 1, 'crib': None},
    {'forbidden': '', 'until_s': math.nan, 'hold_s': 3, 'crib': None},
    {'forbidden': '', 'until_s': 5, 'hold_s': -3, 'crib': None},
    {'forbidden': '', 'until_s': 5, 'hold_s': 1e9, 'crib': None},
    {'forbidden': '', 'until_s': 'x', 'hold_s': 3, 'crib': None},
    {'forbidden': '', 'until_s': 5, 'hold_s': 3, 'crib': []}])
def test_what_makes_no_sense_moves_nothing(document):
    latch = StopLatch()
    with pytest.raises(ValueError, match='makes no sense'):
        latch.restore(document, 0.0, 'boot 1')
    assert latch.objection(1e9)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Return a way to open the file as the next process does."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    opened, said = [], []

    def have():
        opened.append(KeptStop('/crib/rocker', lambda *words: said.append(words)))
        opened[-1].said = said
        return opened[-1]

    yield have
    for one in opened:
        one.close()


def test_the_file_is_written_before_the_answer_and_a_flood_waits_for_it_once(kept, monkeypatch):
    first = kept()
    writes = []
    monkeypatch.setattr(stop_store.os, 'fsync', writes.append)
    for _ in range(500):
        first.stop(300.0)
    assert 2 <= len(writes) <= 4               # file and folder
    first.close()
    after = kept()
    assert 'a caregiver said stop' in after.latch.objection(stop_store.boot_seconds())
    with pytest.raises(NodeTwiceError, match='two would rock'):
        kept().check_alone()


def test_a_file_that_cannot_be_read_moves_nothing_and_one_that_cannot_be_written_is_said(
        kept, tmp_path):
    first = kept()
    first.stop(300.0)
    first.close()
    file, = tmp_path.rglob('*.stop.json')
    file.write_text('{"until')
    second = kept()
    assert second.latch.forbidden and second.said[-1][0] == 'stop_unknown'
    second.close()
    again = kept()
    assert again.latch.forbidden               # the next process knows it too
    again.close()
    file.unlink()
    file.mkdir()
    third = kept()
    assert third.latch.forbidden and 'would forget' in third.trouble
    third.latch.allow()
    third.keep()
    assert 'would forget' in third.trouble
    file.rmdir()
    third.keep()
    assert not third.trouble


def test_a_stop_that_could_not_be_carried_out_is_known_to_the_process_that_follows(kept):
    now_s = stop_store.boot_seconds()
    first = kept()
    assert not first.before()
    first.owe(10.5)                            # it is on the disk at once: no word of an end
    second = StopLatch()
    second.restore(first._file.read(), now_s, stop_store.boot_id())
    assert second.owes(now_s + 10.0) and not second.owes(now_s + 11.0)
    assert not second.objection(now_s)         # it holds nothing back
    first.close()
    again = kept()
    assert again.before() == 'a stop was still owed'
    after_reboot = StopLatch()
    after_reboot.restore(again._file.read(), 5.0, 'another boot')
    assert not after_reboot.owes(5.0)
