# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A diary that is read again and again: what is new, and all of it where its past has changed."""

import shutil

from baby_cry_detector.care.diary.rows import CareEntry, EpisodeRow
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.kept_needs import DiaryReader, document_for
from baby_cry_detector.kept_state import KeptState
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS
import pytest

NOW = 1_790_000_000_000_000_000


def write(path, days):
    """Write an episode and a feed of each of these days before now."""
    with DiaryStore(path) as store:
        for day in days:
            onset_ns = NOW - day * DAY_NS
            store.write([EpisodeRow(f'c-{day}', 'crib', onset_ns, onset_ns + MINUTE_NS, False)],
                        [CareEntry(f'f-{day}', onset_ns + MINUTE_NS, 'fed', 'crib')])


def read(reader, now_ns=NOW):
    """Return (how many days it has, whether its past has changed)."""
    items, changed = reader.read(now_ns - 200 * DAY_NS, now_ns - 3 * DAY_NS - HOUR_NS)
    return len(items) // 2, changed


def test_a_backup_in_its_place_and_a_day_entered_late_are_read_and_nothing_else_is_twice(tmp_path):
    path, copy = tmp_path / 'diary.sqlite', tmp_path / 'copy.sqlite'
    reader = DiaryReader(path, 'crib')
    assert read(reader) == (0, False), 'there is none yet'
    write(path, range(1, 40))
    assert read(reader) == (39, False)
    assert read(reader) == (3, False), 'what is old is as it was'
    write(path, [0.5])
    assert read(reader) == (4, False)
    write(path, [20.5])
    assert read(reader) == (41, True) and read(reader) == (4, False)
    write(copy, range(5, 60))
    shutil.move(copy, path)
    assert read(reader) == (55, True) and read(reader) == (0, False)
    # Days pass; what is entered between is never missed.
    write(path, [4.5])
    assert read(reader) == (56, True)
    seen = 0
    for days in (1, 2, 3, 8):
        later_ns = NOW + days * DAY_NS
        write(path, [-days + 0.1])
        seen += read(reader, later_ns)[0] > 0
    assert seen == 4
    path.unlink()
    assert read(reader) == (0, False)


def test_what_is_no_diary_is_said(tmp_path):
    path = tmp_path / 'diary.sqlite'
    path.write_bytes(b'not a diary' * 400)
    with pytest.raises((ValueError, OSError)):
        DiaryReader(path, 'crib').read(0, NOW - HOUR_NS)


def test_the_file_of_another_crib_is_put_by_and_taken_again(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    state = KeptState('/need_estimator')
    assert document_for(state, 'left') == {}
    for crib in ('left', 'right', 'a/b', 'left', 'right', 'a/b'):
        document = document_for(state, crib)
        assert document.get('crib', crib) == crib
        state.keep({'crib': crib, 'count': document.get('count', 0) + 1})
    assert [document_for(state, crib)['count'] for crib in ('left', 'right', 'a/b')] == [2, 2, 2]
    state.keep({'crib': 5})
    assert document_for(state, 'left') == {'crib': 5}, 'who reads it says what is wrong'
    state.close()
