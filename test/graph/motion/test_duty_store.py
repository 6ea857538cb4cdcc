# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The file of what was rocked: a disk that takes nothing loses nothing, and lifts no limit."""

from baby_cry_detector.care.motion.duty import DutyLog
from baby_cry_detector.care.motion.duty_store import boot_seconds, KeptDuty, NodeTwiceError
import pytest

NS = 1_000_000_000


@pytest.fixture
def state(tmp_path, monkeypatch):
    """Return the folder of what is kept."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    return tmp_path / 'state'


@pytest.fixture
def kept():
    """Return a way to have a file; what it reports is its `said`."""
    opened = []

    def have(name='/crib/rocker'):
        said = []
        keeper = KeptDuty(name, lambda *words: said.append(words))
        keeper.said = said
        opened.append(keeper)
        return keeper

    yield have
    for keeper in opened:
        keeper.close()


def rocked(seconds):
    """Return a log in which it was rocked until now."""
    log, now_ns = DutyLog(900.0), round(boot_seconds() * NS)
    log.note(now_ns - round(seconds * NS), now_ns)
    return log


def used_s(log):
    return log.used_ns(round(boot_seconds() * NS)) / NS


def restarted(kept):
    log, keeper = DutyLog(900.0), kept()
    keeper.open(log)
    return log, keeper


def test_a_file_that_cannot_be_replaced_stays_as_it_was(state, kept):
    log, keeper = restarted(kept)
    log.add(rocked(10.0))
    keeper.keep(log)
    assert not keeper.trouble and not keeper.said
    file, = state.rglob('*.duty.json')
    before = file.read_text()
    obstacle = file.with_suffix('.new')
    obstacle.mkdir()                              # so that writing fails, for root too
    log.add(rocked(30.0))
    for _ in range(3):
        keeper.keep(log)
    assert file.read_text() == before and used_s(log) > 29.9
    assert [kind for kind, _ in keeper.said] == ['duty_not_kept'] * 3
    assert keeper.trouble.startswith('a crash would forget what was rocked: ')
    obstacle.rmdir()
    keeper.keep(log)
    assert not keeper.trouble
    keeper.close()
    assert used_s(restarted(kept)[0]) > 29.9


def test_a_folder_that_comes_late_adds_what_it_holds_to_what_was_rocked_since(state, kept):
    log, keeper = restarted(kept)
    log.add(rocked(100.0))
    keeper.keep(log)
    keeper.close()
    away = state.with_name('away')
    state.rename(away)
    state.write_text('not mounted')
    log, keeper = restarted(kept)
    assert keeper.trouble and used_s(log) == 0.0
    now_ns = round(boot_seconds() * NS)
    log.note(now_ns + NS, now_ns + 21 * NS)
    keeper.keep(log)
    assert log.used_ns(now_ns + 30 * NS) == 20 * NS and len(keeper.said) == 2
    state.unlink()
    away.rename(state)
    keeper.keep(log)
    assert not keeper.trouble and 119.9 < log.used_ns(now_ns + 30 * NS) / NS < 120.1
    keeper.close()
    assert restarted(kept)[0].used_ns(now_ns + 30 * NS) / NS > 119.9


def test_a_file_that_cannot_be_read_is_not_replaced_unread(state, kept):
    log, keeper = restarted(kept)
    keeper.keep(rocked(50.0))
    keeper.close()
    file, = state.rglob('*.duty.json')
    hidden = file.rename(file.with_name('hidden'))
    file.mkdir()
    log, keeper = restarted(kept)
    keeper.keep(log)
    assert file.is_dir() and len(keeper.said) == 2 and 'Is a directory' in keeper.trouble
    file.rmdir()
    hidden.rename(file)
    keeper.keep(log)
    assert not keeper.trouble and used_s(log) > 49.9


def test_a_file_without_sense_counts_as_a_full_hour_and_is_said(state, kept):
    _, keeper = restarted(kept)
    keeper.keep(rocked(1.0))
    keeper.close()
    file, = state.rglob('*.duty.json')
    file.write_text('{"entr')
    log, keeper = restarted(kept)
    assert used_s(log) > 899.0 and [kind for kind, _ in keeper.said] == ['duty_unknown']


def test_two_processes_cannot_rock_one_crib(state, kept):
    restarted(kept)
    with pytest.raises(NodeTwiceError, match='would rock the same crib'):
        kept().open(DutyLog())
