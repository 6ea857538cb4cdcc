# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The sound's thread: never two at work, replaced where it hangs, alive after any trouble."""

from functools import partial
import threading
import time

from baby_cry_detector.audio.devices.device_thread import DeviceThread
from baby_cry_detector.audio.errors import SpeakerLost
from baby_cry_detector.care.sound import sound_player
from baby_cry_detector.care.sound.comfort_sounds import make_sound
from baby_cry_detector.care.sound.sound_player import SoundPlayer
import pytest

RATE = 8000


def until(condition, timeout_s=60.0):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


class Sink:
    """A sink that can be told to hang or to fail; counts who writes to it."""

    description = 'sink'
    sample_rate = RATE
    opened = []

    def __init__(self, hangs=False, fails=False, fails_to_close=False):
        self.hangs, self.fails, self.fails_to_close = hangs, fails, fails_to_close
        self.released = threading.Event()
        self.writers, self.played, self.closed = set(), 0, 0
        Sink.opened.append(self)

    def play(self, block, is_silent):
        self.writers.add(threading.get_ident())
        if self.hangs:
            self.released.wait()
            raise SpeakerLost('the process ended')
        if self.fails:
            raise SpeakerLost('unplugged')
        self.played += 1
        time.sleep(0.001)

    def close(self):
        self.closed += 1
        if self.fails_to_close:
            raise RuntimeError('the driver is gone')

    def kill(self):
        self.released.set()


@pytest.fixture
def player(monkeypatch):
    """Return what makes players; the options are of one sink after the other."""
    monkeypatch.setattr(sound_player, 'LEVEL_SCAN_S', 0.5)
    monkeypatch.setattr(sound_player, 'RETRY_S', (0.02,))
    made, Sink.opened = [], []

    def make(*options, hung_s=60.0):
        monkeypatch.setattr(sound_player, 'HUNG_S', hung_s)
        remaining, reports = list(options), []

        def open_sink():
            return Sink(**(remaining.pop(0) if remaining else {}))

        one = SoundPlayer(open_sink, {'pink': partial(make_sound, 'pink')}, -20.0,
                          lambda block, duration_s: None,
                          lambda kind, sentence: reports.append((kind, sentence)))
        one.reports = reports
        made.append(one)
        one.open()
        return one

    yield make
    for one in made:
        one.close()


def test_an_error_while_closing_does_not_end_the_thread(player):
    one = player({'fails': True, 'fails_to_close': True}, {'fails': True, 'fails_to_close': True})
    until(lambda: len(Sink.opened) == 3 and one.is_ready)
    assert [kind for kind, _ in one.reports].count('speaker_close') == 2
    assert one.play('pink', -40.0, 0.05, 1.0, 0.05) and one.playing == 'pink'


def test_a_thread_that_hangs_is_replaced_and_the_old_one_plays_no_more(player):
    one = player({'hangs': True}, hung_s=2.0)
    until(lambda: Sink.opened and Sink.opened[0].writers)
    until(lambda: one.watch() or len(Sink.opened) > 1 and one.is_ready)
    assert 'speaker_hung' in [kind for kind, _ in one.reports]
    until(lambda: Sink.opened[-1].played > 20)
    old, new = Sink.opened[0], Sink.opened[-1]
    assert old.writers.isdisjoint(new.writers) and len(new.writers) == 1
    assert old.played == 0


def test_a_close_that_expires_leaves_no_second_player(player, monkeypatch):
    stop = DeviceThread.stop
    monkeypatch.setattr(DeviceThread, 'stop', lambda self, timeout_s: stop(self, 0.1))
    one = player({'hangs': True})
    until(lambda: Sink.opened and Sink.opened[0].writers)
    one.close()
    assert 'speaker_hung' in [kind for kind, _ in one.reports]
    one.open()
    until(lambda: len(Sink.opened) == 2 and one.is_ready and Sink.opened[1].played > 20)
    assert one.play('pink', -40.0, 0.05, 1.0, 0.05)
    until(lambda: Sink.opened[0].closed)
    assert one.is_ready and one.playing == 'pink'      # the old thread took nothing along
    names = [thread.name for thread in threading.enumerate() if thread.is_alive()]
    assert names.count('loudspeaker') == 1


def test_a_thread_ends_once_it_is_told(player):
    one = player({})
    until(lambda: one.is_ready)
    one.close()
    assert not one.is_ready and Sink.opened[0].closed == 1
    # One that a test before let hang may need a moment to end.
    until(lambda: 'loudspeaker' not in [thread.name for thread in threading.enumerate()])
