# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Sound in the learner: used where it tells something, nothing where not, gone when erased."""

from dataclasses import replace
import json

from baby_cry_detector import kept_voice
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.labels import Fact
from baby_cry_detector.care.need.own_voice import HALF_LIFE_NS, OwnVoice
from baby_cry_detector.care.need.replay import OneBaby
from baby_cry_detector.care.need.voice import LEAST_HEARD
from baby_cry_detector.care.need.watching import CribWatch
from baby_cry_detector.cli.main import main
from baby_cry_detector.decision.episode_sound import EpisodeSound
from baby_cry_detector.kept_state import files_aside
from baby_cry_detector.units import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from made_babies import ACTION_OF, NOW, picture, told_by_sound
import numpy as np
import pytest

pytestmark = pytest.mark.slow


def learnt(cries, facts, sounds, use_sound=True):
    """Return the baby that this makes."""
    baby = OneBaby(use_sound=use_sound)
    baby.hear(sounds)
    baby.add([*cries, *facts])
    baby.advance(cries[-1].end_ns + HOUR_NS)
    return baby


def test_a_voice_that_tells_is_believed_and_one_that_does_not_costs_nothing():
    cries, facts, sounds = told_by_sound()
    without = learnt(cries, facts, sounds, use_sound=False)
    assert picture(without) == picture(learnt(cries, facts, {})), 'nothing heard, none the wiser'
    with_it = learnt(cries, facts, sounds)
    now_ns = cries[-1].end_ns + HOUR_NS
    assert not without.record.is_open and with_it.record.is_open
    assert with_it.record.figures(now_ns).right > without.record.figures(now_ns).right + 20
    assert with_it.answered[-1].answer.basis == 'both'
    assert with_it.why(now_ns, now_ns + MINUTE_NS)[0].basis != 'both', 'not heard'
    cries, facts, sounds = told_by_sound(tells=0.0)
    deaf, hearing = learnt(cries, facts, {}), learnt(cries, facts, sounds)
    assert not hearing.record.is_open and hearing.answered[-1].answer.basis != 'both'
    assert hearing.record.figures(now_ns).right >= deaf.record.figures(now_ns).right - 6


def test_the_order_in_which_it_comes_changes_nothing_and_what_is_erased_is_gone():
    cries, facts, sounds = told_by_sound(4)
    expected = picture(learnt(cries, facts, sounds))
    baby = OneBaby(use_sound=True)
    known = {}
    for cry, fact in zip(cries, facts):
        known[cry.episode_id] = sounds[cry.episode_id]
        baby.add([cry])
        baby.advance(cry.end_ns + 20 * MINUTE_NS)
        assert baby.hear(known) == 1 and baby.hear(known) == 0
        baby.add([fact])
    baby.advance(cries[-1].end_ns + HOUR_NS)
    assert picture(baby) == expected
    assert baby.hear({}) == len(cries)
    baby.advance(cries[-1].end_ns + HOUR_NS)
    assert picture(baby) == picture(learnt(cries, facts, {}))
    baby.hear(sounds)
    baby.forget()
    assert baby.hear({}) == 0, 'forgotten is forgotten'


def test_a_correction_takes_back_what_was_learnt_of_a_sound():
    cries, facts, sounds = told_by_sound(3)
    wrong = facts[-1]._replace(kind='comforted')
    last = cries[-1]
    right = Fact(last.end_ns + 30 * MINUTE_NS, 'labelled', last.episode_id,
                 next(need for need, kind in ACTION_OF.items() if kind == facts[-1].kind))
    corrected = learnt(cries, [*facts[:-1], wrong, right], sounds)
    plain = learnt(cries, [*facts[:-1], right], sounds)
    sound = sounds[last.episode_id]
    assert corrected.learner.voice.probabilities(sound) == pytest.approx(
        plain.learner.voice.probabilities(sound), abs=1e-9)


def test_what_was_heard_long_ago_counts_half_and_what_never_moves_says_nothing():
    voice = OwnVoice()
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(20, 3)) * [1.0, 1e3, 0.0] + [0.0, 1e5, 7.0]
    for row in rows:
        voice.hear(row, NOW)
    assert voice.heard == 20 >= LEAST_HEARD
    voice.learn(rows[0], 'hungry', 1.0, NOW)
    soon = voice.probabilities(rows[0])
    voice.hear(rows[1], NOW + HALF_LIFE_NS)
    voice.learn(rows[0], 'tired', 1.0, NOW + HALF_LIFE_NS)
    later = voice.probabilities(rows[0])
    assert soon['hungry'] > soon['tired'] and later['tired'] > later['hungry'] > later['lonely']
    assert all(np.isfinite(list(answer.values())).all() for answer in (soon, later))


# --- what is kept --------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Let everything be kept here."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    return tmp_path / 'baby_cry_detector'


def sound(number, kind='cry/2 1', width=50):
    """Return one of many."""
    return EpisodeSound(f'crib-{number}', NOW + number * HOUR_NS, kind,
                        np.linspace(-number, 2000, width, dtype=np.float32))


def test_what_is_kept_can_be_read_by_its_owner_and_by_nobody_else(home):
    assert kept_voice.sounds('crib') == ([], '') and kept_voice.erase('crib', NOW) == 0
    for number in range(3):
        assert kept_voice.add('crib', sound(number))
    file = kept_voice.voice_file('crib')
    assert file.parent == home and file.stat().st_mode & 0o777 == 0o600
    found, trouble = kept_voice.sounds('crib')
    assert [each.episode_id for each in found] == ['crib-0', 'crib-1', 'crib-2'] and not trouble
    assert found[2].values == pytest.approx(sound(2).values, rel=1e-3)
    assert kept_voice.sounds('other') == ([], '')
    reader = kept_voice.VoiceReader('crib')
    assert len(reader.news()) == 3 and reader.news() is None
    kept_voice.add('crib', sound(3))
    assert len(reader.news()) == 4 and reader.trouble == ''
    kept_voice.add('crib', sound(4, kind='other 1', width=8))
    assert [each.kind for each in kept_voice.sounds('crib')[0]] == ['other 1'], 'another'


def test_erased_is_erased_and_an_episode_that_goes_on_is_not_kept_either(home):
    kept_voice.add('crib', sound(0))
    assert kept_voice.erase('crib', NOW + HOUR_NS) == 1
    assert kept_voice.sounds('crib') == ([], '')
    assert b'crib-0' not in b''.join(path.read_bytes() for path in home.iterdir())
    assert not kept_voice.add('crib', sound(1)), 'it began before'
    assert kept_voice.add('crib', sound(2))
    assert [each.episode_id for each in kept_voice.sounds('crib')[0]] == ['crib-2']


def test_a_broken_file_costs_what_is_broken(home):
    for number in range(3):
        kept_voice.add('crib', sound(number))
    file = kept_voice.voice_file('crib')
    good = file.read_bytes()
    lines = good.splitlines(keepends=True)
    file.write_bytes(b''.join([lines[0], b'{"not": "a line"}\n', b'["a", 1, "k", "AAAA"]\n',
                               b'["a", 1, "k", "AHw="]\n', b'\xff\n', *lines[1:], lines[1][:20]]))
    found, trouble = kept_voice.sounds('crib')
    assert len(found) == 3 and trouble.startswith('4 lines of ')
    file.write_bytes(good + lines[3][:40])              # killed in the middle of a line
    assert kept_voice.add('crib', sound(9))
    found, trouble = kept_voice.sounds('crib')
    assert [each.episode_id for each in found] == ['crib-0', 'crib-1', 'crib-2', 'crib-9']
    assert trouble.startswith('1 lines')
    again = sound(9)._replace(values=np.ones(50, np.float32))
    assert kept_voice.add('crib', again)                # after a restart in mid-cry
    assert kept_voice.sounds('crib')[0][-1].values[-1] == 2000, 'what was known first'
    newer = b'{"format": "baby_cry voice 9"}\n' + lines[1]
    for content in (b'', b'\x00' * 50, b'[' * 9000):
        file.write_bytes(content)
        found, trouble = kept_voice.sounds('crib')
        assert not found and bool(trouble) == bool(content)
        assert kept_voice.add('crib', sound(7)) and len(kept_voice.sounds('crib')[0]) == 1
        assert not content or files_aside(file)[-1].read_bytes() == content, 'nothing is lost'
    file.write_bytes(newer)
    assert kept_voice.sounds('crib') == ([], f'{file} was written by a later version of this '
                                         'program; it is left as it is')
    with pytest.raises(OSError, match='later version of this program; it is left as it is'):
        kept_voice.add('crib', sound(7))
    assert file.read_bytes() == newer
    kept_voice.erase('crib', NOW)
    assert not files_aside(file) and kept_voice.add('crib', sound(8)._replace(onset_ns=NOW + 1))
    huge = sound(8)._replace(values=np.full(50, 1e9, np.float32))
    assert not kept_voice.add('crib', huge)


def test_a_year_stays_small(monkeypatch):
    monkeypatch.setattr(kept_voice, 'MOST', 40)
    monkeypatch.setattr(kept_voice, 'MOST_AFTER_PRUNING', 30)
    for number in range(100):
        kept_voice.add('crib', sound(number))
    found, _ = kept_voice.sounds('crib')
    assert 30 <= len(found) <= 40 and found[-1].episode_id == 'crib-99'
    assert kept_voice.voice_file('crib').stat().st_size / len(found) * 2400 < 600_000


def test_what_is_kept_can_be_read_however_long_its_lines_are(home):
    """A file beyond what is read would lose its newest lines."""
    values = np.linspace(-9.0, 9.0, kept_voice.MOST_VALUES, dtype=np.float32)
    name = 'n' * (kept_voice.LONGEST_NAME - 5)
    for number in range(900):
        assert kept_voice.add('crib', EpisodeSound(f'{name}-{number}', NOW + number, 'k', values))
    found, trouble = kept_voice.sounds('crib')
    assert not trouble and found[-1].episode_id == f'{name}-899' and len(found) > 500
    assert kept_voice.voice_file('crib').stat().st_size <= kept_voice.LARGEST_BYTES
    endless = EpisodeSound('n' * 501, NOW + 10**6, 'k', values)
    assert not kept_voice.add('crib', endless)


def test_whoever_holds_the_file_is_not_waited_for(home):
    kept_voice.add('crib', sound(0))
    with kept_voice._held(kept_voice.voice_file('crib'), 0.0):
        with pytest.raises(OSError, match='holds'):
            kept_voice.add('crib', sound(1))
    assert kept_voice.add('crib', sound(1))


def test_the_command_tells_and_erases_and_no_export_has_it(capsys, tmp_path):
    for number in range(3):
        kept_voice.add('crib', sound(number))
    assert main(['need', '--crib', 'crib', 'voice']) == 0
    output = capsys.readouterr().out
    assert 'how 3 episodes sounded' in output and str(kept_voice.voice_file('crib')) in output
    assert main(['need', '--crib', 'crib', 'voice', '--erase']) == 0
    assert '3 episodes' in capsys.readouterr().err and kept_voice.sounds('crib') == ([], '')
    assert main(['need', '--crib', 'crib', 'voice']) == 0
    assert 'nothing is kept' in capsys.readouterr().out


def test_the_watch_hears_forgets_and_keeps_none_of_it_in_what_is_exported():
    cries, facts, sounds = told_by_sound(3)
    heard = [EpisodeSound(cry.episode_id, cry.onset_ns, 'k', sounds[cry.episode_id])
             for cry in cries]
    watch = CribWatch('crib', [*cries, *facts], use_sound=True)
    watch.hear(heard)
    watch.baby.advance(cries[-1].end_ns + HOUR_NS)
    assert picture(watch.baby) == picture(learnt(cries, facts, sounds))
    document = watch.document(cries[-1].end_ns)
    assert document == journal.to_document(cries, facts, now_ns=cries[-1].end_ns)
    assert str(round(float(heard[0].values[0]), 2)) not in json.dumps(document)
    settings = {'since_ns': 0, 'birth_ns': cries[0].onset_ns - DAY_NS, 'items': []}
    assert watch.take_settings(settings, cries[-1].end_ns) == ''
    assert watch.baby.sounds == len(cries), 'a date of birth costs no sound'
    watch.forget(cries[-1].end_ns + SECOND_NS)
    watch.hear(heard)
    assert watch.baby.sounds == 0
    again = CribWatch('crib', [*cries, *[replace(cries[0], episode_id='x')]], use_sound=False)
    again.hear(heard)
    assert again.baby.sounds == 0
