# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is told of its own sound is wrong: the running graph says so and hears as without it."""

from baby_cry_detector.audio import from_pcm16
from baby_cry_detector.care.sound.acoustics import as_heard
from baby_cry_detector.care.sound.comfort_sounds import make_sound
from baby_cry_detector.ros.base.ros_time import to_nanoseconds
import numpy as np
from own_sound_telling import Telling
import pytest

NS, RATE = 1_000_000_000, 16_000
START_NS = 1_700_000_000 * NS


def onsets(needs, start_ns):
    """Return when each episode began."""
    return sorted({to_nanoseconds(need.onset) for need in needs
                   if need.crying and to_nanoseconds(need.onset) >= start_ns})


def noise(count, seed, level=0.02):
    return level * np.random.default_rng(seed).standard_normal(count)


# How it is wrong, and what has to be said of it while it is.
WRONG = {
    'another sound': ({'told': lambda sound: noise(len(sound), 77)}, 'own_sound', 'not found'),
    'late': ({'lead_s': -1.2}, 'own_sound', 'late'),
    'stamps of another time': ({'stamp_error_s': -4.0}, 'own_sound', 'not found'),
    'half of it': ({'lost': lambda time_s: time_s % 0.6 < 0.3}, 'own_sound_jumps', ''),
    'silent': ({'told': lambda sound: 0.0 * sound}, 'own_sound', 'silent'),
    'it stops': ({'lost': lambda time_s: time_s > 5.0}, 'own_sound', 'silent'),
    'another rate': ({'told': lambda sound: np.tile(sound[::2], 2)}, 'own_sound', 'not found')}


@pytest.mark.parametrize('how', WRONG)
def test_it_is_said_and_a_cry_is_heard_as_without_it(graph, demonstration, how):
    """The very cry that is found without a word about the sound is found with a wrong one."""
    pcm, cries = demonstration
    begin = round((cries[0][0] - 12.0) * RATE)
    cry = from_pcm16(pcm)[max(0, begin):round((cries[0][1] + 2.0) * RATE)]
    sound = make_sound('white', RATE, 5).take(len(cry))
    echo = as_heard(sound, 60.0, 0.1, RATE, 110.0, 5)
    heard = 0.5 * cry + echo
    options, figure, words = WRONG[how]
    options = dict(options)
    told = options.pop('told', lambda sound: sound)(0.3 * sound / np.abs(sound).max())
    telling = Telling(graph.probe)
    without = onsets(telling.listen(heard, told[:0], START_NS), START_NS)
    assert without
    start_ns = START_NS + 3600 * NS
    found = onsets(telling.listen(heard, told, start_ns, **options), start_ns)
    assert found
    assert found[0] - start_ns <= without[0] - START_NS + 0.3 * NS     # nor later
    graph.probe.spin_until(lambda: words in telling.figure(figure) and telling.figure(figure))
    if how == 'half of it':
        graph.probe.spin_until(lambda: int(telling.figure(figure)) > 3)
