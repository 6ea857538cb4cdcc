# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The soother as a process of its own: when it plays, when it ends, and what it never does."""

import os
import subprocess
import time

from audio_common_msgs.msg import AudioData, AudioDataStamped
from baby_cry_detector.audio import from_pcm16
from baby_cry_detector.audio.loudness.weighting import leq_dbfs
from baby_cry_detector.msg import CareEvent, CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.tools.supervisor import node_command
from care_graph import CareGraph, NS, PATIENCE_S
import numpy as np
import pytest
from std_msgs.msg import Float32
from std_srvs.srv import Trigger
from virtual_microphones import missing, VirtualMicrophones

RATE = 16_000
POLICY = """
version: 1
soothing: {no_improvement_s: 60, linger_s: 1}
levels: {moderate_from: 0.45, strong_from: 0.9}
needs:
  default:
    mild: {alert_after_s: 60, priority: low, soothe: [
      {for_s: 600, sound: {name: SOUND, level_dba: LEVEL}}]}
    moderate: {alert_after_s: 60, priority: low, soothe: [
      {for_s: 600, sound: {name: SOUND, level_dba: LEVEL}}]}
    strong: {alert_after_s: 0, priority: high, soothe: []}
"""
# Full scale is 90 dB(A) at the ear, so that 45 dB(A) is -45 dBFS(A).
SETTINGS = {'output': 'topic', 'sample_rate': RATE, 'calibration_dba': 60.0,
            'calibration_dbfs': -30.0, 'fade_in_s': 0.5, 'fade_out_s': 0.5}


def policy_file(folder, sound='pink', level=45):
    path = folder / 'policy.yaml'
    path.write_text(POLICY.replace('SOUND', sound).replace('LEVEL', str(level)))
    return str(path)


class Nursery(CareGraph):
    """A baby that is told of in real time, and what is played for it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.audio, self.unstamped, self.levels = [], [], []
        self.node.create_subscription(
            AudioDataStamped, 'audio_out_stamped', self._take, qos.stream(1000))
        self.node.create_subscription(
            AudioData, 'audio_out', self.unstamped.append, qos.stream(1000))
        self.node.create_subscription(
            Float32, 'sound_level', lambda m: self.levels.append(m.data), qos.STATE)
        self.onset_ns = 0

    def _take(self, message):
        self.audio.append((time.monotonic(), np.frombuffer(bytes(message.audio.data), '<i2')))

    def soother(self, policy=None, **parameters):
        return self.start('soother', policy=policy or policy_file(self.folder),
                          **{**SETTINGS, **parameters})

    def tell(self, condition, crying=True, **fields):
        """Speak on cry_need five times a second until the condition holds."""
        end_s = time.monotonic() + PATIENCE_S
        if crying and not self.onset_ns:
            self.onset_ns = time.time_ns()
        elif not crying:
            self.onset_ns = 0
        while not condition():
            assert time.monotonic() < end_s, (
                f'{self.care}\n{self.diagnosis("soother")}\n{self.log("soother")}')
            self.say(time.time_ns(), self.onset_ns, crying, **fields)
            self.spin(0.1)

    def tell_for(self, duration_s, crying=True, **fields):
        end_s = time.monotonic() + duration_s
        self.tell(lambda: time.monotonic() > end_s, crying, **fields)

    def is_ready(self):
        return self.diagnosis('soother')[1].startswith('silent')

    def cry_until_it_plays(self):
        self.tell(self.is_ready, crying=False)
        self.tell_for(0.5, crying=False)
        self.tell(lambda: self.audio and self.phases()[-1:] == [CareEvent.PHASE_STARTED])

    def phases(self):
        return [event.phase for event in self.care if event.kind == CareEvent.KIND_SOUND]

    def quiet_for(self, duration_s):
        return bool(self.audio) and time.monotonic() - self.audio[-1][0] > duration_s

    def is_faded_out(self):
        played = np.abs(self.sound())
        return played[-80:].max() < 0.2 * played[2 * RATE:].max()

    def sound(self):
        return from_pcm16(np.concatenate([pcm for _, pcm in self.audio]))


@pytest.fixture
def nursery(tmp_path):
    running = Nursery(tmp_path)
    yield running
    assert running.close(), running.log('soother')


def test_a_cry_is_answered_at_the_asked_level_until_it_is_quiet(nursery):
    nursery.soother()
    nursery.cry_until_it_plays()
    nursery.tell(lambda: sum(pcm.size for _, pcm in nursery.audio) > 5 * RATE)
    played = nursery.sound()
    assert np.abs(played[:160]).max() < 0.2 * np.abs(played[2 * RATE:]).max()     # faded in
    assert leq_dbfs(played[2 * RATE:], RATE) == pytest.approx(-45.0, abs=1.0)
    # Of the last second: on a machine that stands still now and then, some are not all sound.
    nursery.tell(lambda: max(nursery.levels, default=0.0) > 43.5)
    assert max(nursery.levels) == pytest.approx(45.0, abs=1.5)
    # A machine that stands still makes a pause too: what ended by itself ends faded out.
    nursery.tell(lambda: nursery.quiet_for(1.0) and nursery.is_faded_out(), crying=False)
    played = nursery.sound()
    started, ended = nursery.care
    assert started.phase == CareEvent.PHASE_STARTED and ended.phase == CareEvent.PHASE_ENDED
    assert started.action_id == ended.action_id and started.event_id != ended.event_id
    assert started.who == 'soother' and started.episode_id == ended.episode_id != ''
    assert started.header.frame_id == 'crib' and 'pink at 45 dB(A)' in started.text
    assert 0.0 < ended.cry_share_after < 1.0
    assert len(nursery.unstamped) == pytest.approx(len(nursery.audio), abs=5)
    details = nursery.diagnosis('soother')[2]
    assert float(details['played_hour_s']) == pytest.approx(played.size / RATE, abs=1.5)
    assert 'measured' in details['calibration']


def test_what_was_said_before_it_listened_starts_nothing(nursery):
    nursery.onset_ns = time.time_ns() - 60 * NS
    for _ in range(5):
        nursery.say(time.time_ns(), nursery.onset_ns)
    nursery.soother()
    nursery.until(lambda: nursery.diagnosis('soother')[1] not in (
        '', 'not active', 'the loudspeaker is being opened'))
    nursery.spin(2.0)
    assert not nursery.audio           # the latched state
    nursery.tell_for(3.0)              # and crying that had begun before
    assert not nursery.audio and not nursery.care


@pytest.mark.parametrize('fields, words', [
    (None, 'silent'), ({'status': CryNeed.STATUS_NO_AUDIO}, 'no audio'),
    ({'status': CryNeed.STATUS_DISABLED}, 'switched off')])
def test_when_nobody_hears_whether_it_helps_it_ends(nursery, fields, words):
    nursery.soother()
    nursery.cry_until_it_plays()
    if fields is None:
        nursery.until(lambda: nursery.quiet_for(1.0))
    else:
        nursery.tell(lambda: nursery.quiet_for(1.0), **fields)
    assert words in nursery.care[-1].text
    assert nursery.phases() == [CareEvent.PHASE_STARTED, CareEvent.PHASE_ENDED]
    count = len(nursery.audio)
    nursery.tell_for(2.0)              # the same bout: what was missed may have been anything
    assert len(nursery.audio) == count


def test_stop_always_wins_and_play_plays(nursery):
    nursery.soother(sound='lullaby', session_s=6.0)
    nursery.cry_until_it_plays()
    answer = nursery.call(Trigger, 'soother/stop', Trigger.Request())
    assert answer.success and answer.message == 'pink ends'
    nursery.tell(lambda: nursery.quiet_for(1.0))
    count = len(nursery.audio)
    nursery.tell_for(2.0)
    assert len(nursery.audio) == count, 'it began again in the same bout of crying'
    assert 'somebody said stop' in nursery.care[-1].text
    answer = nursery.call(Trigger, 'soother/play', Trigger.Request())
    assert answer.success and answer.message == 'plays lullaby'
    assert not nursery.call(Trigger, 'soother/play', Trigger.Request()).success
    nursery.tell(lambda: len(nursery.audio) > count and nursery.quiet_for(1.0), crying=False)
    assert nursery.care[-1].phase == CareEvent.PHASE_ENDED
    assert nursery.care[-1].text == 'the timer ran out'
    seconds = sum(pcm.size for _, pcm in nursery.audio[count:]) / RATE
    assert seconds == pytest.approx(6.0, abs=0.3)


def test_an_hour_has_only_so_much_sound_even_after_a_restart(nursery):
    nursery.soother(hour_minutes=0.05)
    nursery.cry_until_it_plays()
    nursery.tell(lambda: nursery.quiet_for(1.0))
    assert 'in the last hour are enough' in nursery.care[-1].text
    assert nursery.sound().size / RATE == pytest.approx(3.5, abs=1.0)
    process = nursery.processes.pop('soother')
    process.terminate()
    assert process.wait(20) == 0
    del nursery.audio[:], nursery.care[:]
    nursery.soother(hour_minutes=0.05)
    nursery.tell(nursery.is_ready, crying=False)
    assert float(nursery.diagnosis('soother')[2]['played_hour_s']) > 2.5
    nursery.tell_for(0.5, crying=False)
    nursery.tell(lambda: CareEvent.PHASE_REFUSED in nursery.phases())
    nursery.tell_for(2.0)
    assert not nursery.audio and nursery.phases() == [CareEvent.PHASE_REFUSED]


def test_ending_the_process_in_mid_sound_fades_and_exits_with_0(nursery):
    process = nursery.soother()
    nursery.cry_until_it_plays()
    nursery.tell_for(2.0)
    process.terminate()
    assert process.wait(20) == 0
    nursery.processes.pop('soother')
    assert 'Traceback' not in nursery.log('soother')


@pytest.mark.parametrize('text, parameters, words', [
    ('POLICY', {'sounds_folder': '/nowhere'}, '/nowhere/mine.wav: no such file'),
    ('POLICY', {}, 'set sounds_folder'),
    ('version: 1\nneedz: {}', {}, 'policy.yaml:'),
    ('POLICY', {'calibration_dba': 119.0, 'calibration_dbfs': -60.0}, 'expected 50 to 130'),
    ('POLICY', {'level_dba': 90.0}, '60')])
def test_what_cannot_be_is_one_sentence_at_the_start(tmp_path, text, parameters, words):
    path = tmp_path / 'policy.yaml'
    path.write_text(POLICY.replace('SOUND', 'mine.wav').replace('LEVEL', '45')
                    if text == 'POLICY' else text)
    from graph_harness import next_domain
    done = subprocess.run(
        node_command('soother', {**SETTINGS, 'policy': str(path), **parameters}),
        env={**os.environ, 'ROS_DOMAIN_ID': str(next_domain()), 'XDG_STATE_HOME': str(tmp_path)},
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert words in done.stdout + done.stderr
    assert 'Traceback' not in done.stdout + done.stderr


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_loudspeaker_that_goes_away_is_reported_and_plays_on_when_it_returns(nursery, tmp_path):
    server = VirtualMicrophones(tmp_path, ['crib'], speakers=True)
    try:
        nursery.start('soother', server.found_by, policy=policy_file(tmp_path),
                      device='crib_speaker', calibration_dba=60.0, calibration_dbfs=-30.0)
        nursery.tell(nursery.is_ready, crying=False)
        nursery.tell_for(0.5, crying=False)
        nursery.tell(lambda: nursery.levels and nursery.levels[-1] > 40.0)
        assert 'crib_speaker' in nursery.diagnosis('soother')[2]['output']
        server.unplug('crib')
        nursery.tell(lambda: nursery.diagnosis('soother')[0] == b'\x02')       # ERROR
        nursery.tell(lambda: nursery.phases() == [CareEvent.PHASE_STARTED, CareEvent.PHASE_ENDED])
        server.plug('crib')
        nursery.tell(lambda: len(nursery.phases()) == 3 and nursery.levels[-1] > 40.0)
        assert len({event.event_id for event in nursery.care}) == 3
    finally:
        server.stop()
