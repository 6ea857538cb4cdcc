# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The graph goes on hearing the baby while the robot soothes: real nodes, every made sound."""

import os
from pathlib import Path

from baby_cry_detector.audio import from_pcm16, read_audio, to_pcm16
from baby_cry_detector.audio.loudness.weighting import leq_dbfs
from baby_cry_detector.care.sound.acoustics import as_heard, SCENES
from baby_cry_detector.care.sound.comfort_sounds import MADE_SOUNDS, make_sound
from baby_cry_detector.ros.base.ros_time import to_nanoseconds
import numpy as np
from own_sound_telling import Telling
import pytest

NS, RATE = 1_000_000_000, 16_000
START_NS = 1_700_000_000 * NS
FULL_SCALE_DBA = 110.0
# The microphone on the robot, a hand's breadth from the loudspeaker, 2 m from the baby: a usual
# cry with 50 dB(A) at the ear, and a quiet one with the 60 dB(A) that are the most.
USUAL, LOUDEST = SCENES[1], SCENES[2]
# 4 m away, fussing, and the loudspeaker a hand's breadth from the microphone.
HARD = SCENES[3]
ALONE_S = 5                    # that it plays before somebody cries
# Minutes of audio through the graph, on a busy machine too.
pytestmark = pytest.mark.timeout(900)


def own(name, scene, count):
    """Return the robot's sound as the robot's microphone hears it."""
    return as_heard(make_sound(name, RATE, 5).take(count), scene.own_dba,
                    scene.own_to_microphone_m, RATE, FULL_SCALE_DBA, seed=5)


def at_level(samples, level_dba):
    """Return a cry at a level while it cries (it is silent for a part of the time)."""
    loud = samples[np.abs(samples) > 0.02 * np.abs(samples).max()]
    return samples * 10 ** ((level_dba - FULL_SCALE_DBA - leq_dbfs(loud, RATE)) / 20)


def crying(needs, start_ns):
    """Return (begin, end) in seconds of each stretch in which the graph said that it cries."""
    stretches = []
    for need in needs:
        time_s = (to_nanoseconds(need.header.stamp) - start_ns) / NS
        if need.crying and (not stretches or stretches[-1][1] is not None):
            stretches.append([time_s, None])
        elif not need.crying and stretches and stretches[-1][1] is None:
            stretches[-1][1] = time_s
    return stretches


def listen(probe, samples, start_ns):
    """Let the graph hear it; return when it said that it cries."""
    del probe.needs[:]
    probe.announce()
    probe.heard_until(probe.play(to_pcm16(samples), start_ns))
    return crying([need for need in probe.needs
                   if to_nanoseconds(need.header.stamp) >= start_ns], start_ns)


@pytest.mark.parametrize('name', MADE_SOUNDS)
def test_the_cry_is_heard_over_the_robots_sound_and_nothing_else(graph, demonstration, name):
    pcm, cries = demonstration
    for number, scene in enumerate((USUAL, LOUDEST)):
        start_ns = START_NS + number * 3600 * NS
        baby = at_level(from_pcm16(pcm), scene.cry_at_microphone_dba)
        heard = listen(graph.probe, baby + own(name, scene, baby.size), start_ns)
        for begin_s, end_s in cries:
            assert any(begin < end_s + 1.0 and (end is None or end > begin_s)
                       for begin, end in heard), f'{scene.name}: {begin_s} to {end_s} s not heard'
        for begin, _ in heard:
            assert any(begin_s - 0.2 <= begin <= end_s + 1.0 for begin_s, end_s in cries)
    alone = np.concatenate([own(name, scene, 15 * RATE) for scene in (USUAL, LOUDEST)])
    # A room and a microphone beside it: without any noise it would be a broken microphone.
    alone += np.random.default_rng(5).normal(0.0, 2e-4, alone.size)
    assert not listen(graph.probe, alone, START_NS + 9 * 3600 * NS), 'its own sound is no cry'


@pytest.mark.parametrize('name', ('pink',))
def test_what_it_plays_is_known_and_hides_no_cry(graph, demonstration, name):
    """Where it hides cries, the same sound hides none once it is told on `own_sound`."""
    pcm, cries = demonstration
    baby = np.concatenate((np.zeros(ALONE_S * RATE), at_level(
        from_pcm16(pcm), HARD.cry_at_microphone_dba)))
    noise = 1e-4 * np.random.default_rng(0).standard_normal(baby.size)
    heard = baby + own(name, HARD, baby.size) + noise
    told = make_sound(name, RATE, 5).take(baby.size)

    def found(stretches):
        return sum(any(begin < end_s + ALONE_S + 1.0 and (end is None or end > begin_s + ALONE_S)
                       for begin, end in stretches) for begin_s, end_s in cries)

    hidden = found(listen(graph.probe, heard, START_NS))
    telling = Telling(graph.probe)
    start_ns = START_NS + 3600 * NS
    stretches = crying(telling.listen(heard, told, start_ns, lead_s=1.0, block=640), start_ns)
    assert found(stretches) == len(cries) > hidden, (stretches, hidden)
    for begin, _ in stretches:
        assert any(begin_s - 0.2 <= begin - ALONE_S <= end_s + 1.0 for begin_s, end_s in cries)
    graph.probe.spin_until(lambda: graph.probe.diagnostics.get(
        'feature_extractor', (0, '', {}))[2].get('own_sound') is not None)
    alone = heard[:20 * RATE] - baby[:20 * RATE]
    told_alone = telling.listen(alone, told, START_NS + 7200 * NS, lead_s=1.0, block=640)
    assert not any(need.crying for need in told_alone), 'no echo is a cry'


# Recordings in which a listener hears a baby well and that were chosen before anything was
# measured: the first of each kind that a person has verified.
def recorded_cries():
    """Return samples of recorded cries; skip where there are none."""
    folder = os.environ.get('BABY_CRY_DATA_DIR', '')
    if not folder or not (Path(folder) / 'manifest.csv').exists():
        pytest.skip('BABY_CRY_DATA_DIR names no data')
    import csv
    with open(Path(folder) / 'manifest.csv') as file:
        rows = [row for row in csv.DictReader(file)
                if row['path'].startswith('cry/') and row['quality'] == 'human_verified']
    chosen = {}
    for row in rows:
        chosen.setdefault(row['label'], []).append(Path(folder) / row['path'])
    return [read_audio(path) for label in sorted(chosen) for path in chosen[label][:1]]


def test_recorded_cries_are_found_over_its_sounds_as_without_them(graph):
    """A high noise, a low one and a melody; `benchmarks/own_sound.py` has the others, and more."""
    cries = recorded_cries()
    gap = 9 * RATE // 2                # the hold, and some more
    found, sounds = {}, ('white', 'brown', 'lullaby')
    for number, name in enumerate(('', *sounds)):
        places, at = [], gap
        for samples in cries:
            places.append(at)
            at += samples.size + gap
        stream = 1e-4 * np.random.default_rng(0).standard_normal(at)
        if name:
            stream += own(name, USUAL, at)
        for place, samples in zip(places, cries):
            stream[place:place + samples.size] += at_level(samples, USUAL.cry_at_microphone_dba)
        heard = listen(graph.probe, np.clip(stream, -1, 1), START_NS + number * 86400 * NS)
        found[name] = sum(
            any(begin < (place + samples.size) / RATE + 1.0
                and (end is None or end > place / RATE) for begin, end in heard)
            for place, samples in zip(places, cries))
        starts = [place / RATE for place in places]
        for begin, _ in heard:
            assert any(start - 0.2 <= begin <= start + samples.size / RATE + 1.0
                       for start, samples in zip(starts, cries)), f'{name}: false at {begin} s'
    assert found[''] >= 0.8 * len(cries)
    for name in sounds:
        assert found[name] >= found[''] - 1, found
