# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The file of the episode in progress, on disks that are full, read-only, missing or shared."""

import json
import os
from pathlib import Path

from baby_cry_detector.decision import CryDecider
from baby_cry_detector.decision.episodes import Episode
from baby_cry_detector.stream.episode_journal import EpisodeJournal
import pytest

NS = 1_000_000_000
EPISODE = Episode(onset_ns=100 * NS, last_heard_ns=110 * NS, heard_ns=8 * NS, number=3,
                  episode_id='crib-x')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Keep state in the test's folder; return the folder of the files."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    return tmp_path / 'baby_cry_detector'


def test_what_is_kept_is_read_and_cleared(folder):
    journal = EpisodeJournal('/crib/cry_classifier')
    assert journal.read() is None
    journal.keep(EPISODE, 111 * NS)
    journal.close()
    after = EpisodeJournal('/crib/cry_classifier')
    assert after.read() == (EPISODE, 111 * NS)
    after.clear()
    assert after.read() is None
    assert sorted(path.suffix for path in folder.iterdir()) == ['.lock']
    after.close()


def test_two_of_one_name_do_not_share(folder):
    first = EpisodeJournal('/crib/cry_classifier')
    with pytest.raises(OSError, match='another process'):
        EpisodeJournal('/crib/cry_classifier')
    other = EpisodeJournal('/crib_2/cry_classifier')
    first.close()
    EpisodeJournal('/crib/cry_classifier').close()
    other.close()


@pytest.mark.parametrize('text', [
    '', '{', '[]', 'null', '{"onset_ns": 1}',
    json.dumps({'onset_ns': 5, 'last_heard_ns': 4, 'heard_ns': 1, 'number': 1,
                'episode_id': '', 'heard_until_ns': 9}),
    json.dumps({'onset_ns': 1, 'last_heard_ns': 2.5, 'heard_ns': 1, 'number': 1,
                'episode_id': '', 'heard_until_ns': 9})])
def test_half_a_file_is_named_and_removed(folder, text):
    folder.mkdir()
    (folder / '0.crib.json').write_text(text)
    journal = EpisodeJournal('/crib')
    with pytest.raises(ValueError, match='no state of an episode'):
        journal.read()
    assert journal.read() is None
    journal.close()


def test_no_home_and_a_file_in_the_way(tmp_path, monkeypatch):
    monkeypatch.delenv('XDG_STATE_HOME', raising=False)
    in_the_way = tmp_path / 'file'
    in_the_way.write_text('')
    monkeypatch.setenv('HOME', str(in_the_way))
    with pytest.raises(OSError):
        EpisodeJournal('/crib')

    def nobody():
        raise RuntimeError('no home')
    monkeypatch.setattr(Path, 'home', staticmethod(nobody))
    with pytest.raises(OSError, match='no home'):
        EpisodeJournal('/crib')
    assert os.environ['HOME'] == str(in_the_way)


def resumed(gap_s, hold_s=3.0):
    """Return a decider that resumed EPISODE and hears crying again after a gap of quiet."""
    decider = CryDecider(crib_id='crib')
    decider.resume(Episode(**EPISODE.__dict__), 111 * NS)
    return decider, (111 + gap_s) * NS


@pytest.mark.parametrize('gap_s, goes_on', [(1, True), (6, True), (29, True), (40, False)])
def test_time_in_which_nobody_listened_is_no_pause(gap_s, goes_on):
    decider, start_ns = resumed(gap_s)
    times = [start_ns + step * 10_000_000 for step in range(200)]
    decision = decider.update(times, [0.95] * 200)
    assert decision.crying
    assert (decision.episode_id == 'crib-x') == goes_on
    assert decision.episode == (3 if goes_on else 4)


def test_resumed_episode_ends_if_no_crying_is_heard():
    decider, start_ns = resumed(5)
    times = [start_ns + step * 10_000_000 for step in range(400)]
    decisions = list(decider.steps(times, [0.0] * 400))
    assert decisions[0].crying and not decisions[-1].crying
    assert (decisions[-1].episode_id, decisions[-1].duration_ns) == ('crib-x', 10 * NS)


def test_resumed_episode_ends_if_audio_never_returns():
    decider, _ = resumed(0)
    assert decider.idle(111 * NS + 29 * NS).crying
    ended = decider.idle(111 * NS + 31 * NS)
    assert not ended.crying and ended.episode_id == 'crib-x'
