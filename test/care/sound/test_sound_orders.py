# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Sound orders carried out: begun, ended, refused, given up; without ROS and without sound."""

from types import SimpleNamespace

from baby_cry_detector.care.policy.policy import CribPolicy, DEFAULT, Policy, Row, SoundStep, Step
from baby_cry_detector.care.sound.calibration import Calibration
from baby_cry_detector.care.sound.sound_orders import BY_HAND, INACTIVE, SILENT, SoundOrders
from baby_cry_detector.cry_state import CryState
import pytest

S = 10 ** 9
ROW = Row(60.0, 'low', (Step(600.0, sound=SoundStep('shush', 45.0)),))
POLICY = Policy(CribPolicy(rows={DEFAULT: dict.fromkeys(('mild', 'moderate', 'strong'), ROW)}))
VALUES = SimpleNamespace(
    crib_id='', cap_dba=50.0, fade_in_s=3.0, fade_out_s=3.0, session_s=300.0, hour_minutes=30.0,
    day_minutes=240.0, cry_need_timeout_s=1.0, sound='pink', level_dba=45.0,
    calibration_dbfs=-45.0)


class Player:
    """What a player is asked for."""

    is_ready, playing, trouble, last_sound_trouble = True, '', '', ''
    description, limited_blocks, why_not = 'a box', 0, 'none there'

    def play(self, name, level_dbfs, fade_in_s, duration_s, fade_out_s):
        """Play, unless there is no loudspeaker."""
        if self.is_ready:
            self.playing = name
        return self.is_ready

    def play_once(self, name, level_dbfs, fade_s, duration_s):
        """Play."""
        return '' if self.play(name, level_dbfs, fade_s, duration_s, fade_s) else self.why_not

    def fade_out(self, fade_s):
        """End."""
        self.playing = ''


class Room:
    """Orders over a player; ``said``: phase and text of each event."""

    def __init__(self):
        self.player, self.enough, self.said, self.now_ns = Player(), '', [], 100 * S
        dose = SimpleNamespace(enough=lambda now_ns, hour, day: self.enough)
        self.events = []
        self.orders = SoundOrders(POLICY, VALUES, self.player, dose, Calibration.of(60.0, -45.0),
                                  self.events.append, lambda kind, text: self.said.append(kind),
                                  lambda text: None)
        self.orders.open()

    def hear(self, crying, seconds=1):
        """Let it cry or be quiet for so long."""
        for _ in range(seconds):
            self.now_ns += S
            self.orders.observe(CryState(
                stamp_ns=self.now_ns, crib_id='crib', crying=crying, episode_id='e' * crying,
                intensity=0.2,
                onset_ns=self.onset_ns if crying else 0), self.now_ns)
            self.orders.watch(0, self.now_ns)

    def cry(self, seconds=5):
        """Let it be quiet, then cry."""
        self.hear(False)
        self.onset_ns = self.now_ns + S
        self.hear(True, seconds)
        return self

    @property
    def phases(self):
        """Return what was told."""
        return [event.phase for event in self.events]


def test_what_is_ordered_plays_and_ends_with_its_effect():
    room = Room().cry()
    assert room.player.playing == 'shush' and room.phases == ['started']
    room.hear(False, 60)
    assert room.player.playing == '' and room.phases == ['started', 'ended']
    started, ended = room.events
    assert started.action == ended.action and ended.effect is not None
    assert started.episode_id == ended.episode_id == 'e'


@pytest.mark.parametrize('why', ['stop', 'dose', 'silence', 'timer'])
def test_what_was_given_up_is_not_begun_again_in_this_bout(why):
    room = Room().cry()
    if why == 'stop':
        assert room.orders.stop(room.now_ns) == 'shush ends'
    elif why == 'dose':
        room.enough = 'enough for today'
        room.orders.watch(0, room.now_ns)
        room.enough = ''
    elif why == 'silence':
        room.orders.watch(2 * S, room.now_ns)
        assert room.events[-1].text == SILENT and 'cry_need_silent' in room.said
    else:
        room.player.playing = ''
        room.orders.watch(0, room.now_ns)
        assert room.events[-1].text == 'the timer ran out'
    room.hear(True, 30)
    assert room.player.playing == '' and room.phases == ['started', 'ended']
    room.hear(False, 200)
    room.cry()
    assert room.player.playing == 'shush' and room.phases[2:] == ['started']


def test_a_lost_loudspeaker_begins_again_as_another_part_of_the_same_action():
    room = Room().cry()
    room.player.is_ready, room.player.trouble = False, 'unplugged'
    room.hear(True)
    assert room.phases == ['started', 'ended'] and 'unplugged' in room.events[-1].text
    room.hear(True, 3)
    assert room.said.count('not_played') >= 3 and room.phases == ['started', 'ended']
    room.player.is_ready, room.player.trouble = True, ''
    room.hear(True)
    assert room.phases == ['started', 'ended', 'started']
    assert room.events[-1].action == f'{room.events[0].action}/2'


def test_an_order_beyond_the_dose_is_refused_once():
    room = Room()
    room.enough = '30.0 min of sound in the last hour are enough'
    room.cry(20)
    assert room.phases == ['refused'] and room.player.playing == ''


def test_by_hand_is_ended_by_its_own_and_bars_nothing():
    room = Room()
    assert room.orders.play(room.now_ns) == (True, 'plays pink')
    assert room.orders.play(room.now_ns) == (False, 'pink plays already')
    assert room.orders.play_once('chirp', 50.0, 0.1, 1.0, room.now_ns) == 'pink plays already'
    assert room.events[0].action.startswith(BY_HAND)
    room.orders.watch(None, room.now_ns)           # silence of cry_need ends it not
    assert room.player.playing == 'pink'
    assert room.orders.stop(room.now_ns) == 'pink ends'
    assert room.orders.stop(room.now_ns) == 'nothing plays'
    assert room.orders.play_once('chirp', 50.0, 0.1, 1.0, room.now_ns) == ''


def test_while_closed_nothing_is_played():
    room = Room().cry()
    room.orders.close(room.now_ns, 'the soother was switched off')
    assert room.events[-1].text == 'the soother was switched off' and not room.player.playing
    assert room.orders.play(room.now_ns) == (False, INACTIVE)
    assert room.orders.calibrate(room.now_ns) == (False, INACTIVE)
    assert INACTIVE in room.orders.stop(room.now_ns)
    room.orders.open()                             # the crying that goes on began elsewhere
    room.hear(True, 5)
    assert not room.player.playing


def test_a_calibration_above_the_cap_is_refused_with_what_to_do():
    room = Room()
    room.orders.values = SimpleNamespace(**{**vars(VALUES), 'calibration_dbfs': -56.0})
    plays, words = room.orders.calibrate(room.now_ns)
    assert not plays and 'calibration_dbfs to at most -58' in words
    room.orders.values = SimpleNamespace(**{**vars(VALUES), 'calibration_dbfs': -60.0})
    assert room.orders.calibrate(room.now_ns)[0] and room.player.playing == 'pink'


def test_health_says_the_worst_first():
    room = Room()
    assert room.orders.health(0, '')[:2] == ('OK', 'silent')
    assert room.orders.health(0, 'no chirp')[:2] == ('WARN', 'silent; no chirp')
    assert room.orders.health(None, '')[:2] == ('WARN', 'cry_need is silent')
    room.player.trouble = 'unplugged'
    assert room.orders.health(None, 'no chirp')[:2] == ('ERROR', 'unplugged')
