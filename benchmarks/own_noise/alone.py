# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""For `own_sound.py`: what is heard while only the robot sounds, and beside what is not it."""

import time

from baby_cry_detector.audio.synthesis.rocking_motor import Motion, rocking_noise
from baby_cry_detector.care.sound.acoustics import as_heard
from baby_cry_detector.care.sound.comfort_sounds import MADE_SOUNDS
import numpy as np
from own_noise.rocking import FULL_SCALE_DBA, Hearing
from scipy import signal

RATE = 16_000
STRETCH_S = 300.0              # of one level, seed and room at a time
LEVELS_DBA = (40.0, 50.0, 60.0, 70.0, 80.0)
RATIOS_DB = (-5.0, 0.0, 5.0, 10.0, 20.0)


def print_false_events(checkpoint, hours: float, seed: int, cancelling, room, detect) -> None:
    """
    Print how often the shipped detector hears a cry where only the robot sounds.

    :param hours: of all together: each made sound, taken out, and rocking, whose motion is known.
    :param room: called with (count, rng): the noise of the room.
    :param detect: called with (checkpoint, samples): the episodes in them.
    """
    kinds = (*MADE_SOUNDS, 'rocking')
    each = max(1, round(hours * 3600.0 / len(kinds) / STRETCH_S))
    total, heard_s, start_s = 0, 0.0, time.monotonic()
    for name in kinds:
        events = 0
        for number in range(each):
            count = round(STRETCH_S * RATE)
            if name == 'rocking':
                hearing = Hearing(checkpoint, Motion())
                hearing.hear(_rocking(count, number, room))
                hearing.finish()
                found = hearing.episodes
            else:
                rng = np.random.default_rng(seed + number)
                own, told = cancelling.own(name, count, LEVELS_DBA[number % len(LEVELS_DBA)],
                                           0.2, seed + number)
                found = detect(checkpoint, cancelling(room(count, rng) + own, told))
            events += len(found)
            heard_s += STRETCH_S
        total += events
        print(f'{name:<10}{each * STRETCH_S / 3600.0:8.2f} h{events:8d} events'
              f'{time.monotonic() - start_s:8.0f} s', flush=True)
    print(f'{heard_s / 3600.0:.2f} h: {total} events')


def _rocking(count: int, number: int, room) -> np.ndarray:
    """Return a mechanism that is drawn, at one of the levels, in the noise of a room."""
    noise = rocking_noise(count / RATE, Motion(), np.random.default_rng(500 + number))[:count]
    return room(count, np.random.default_rng(number)) + as_heard(
        noise, LEVELS_DBA[number % len(LEVELS_DBA)], 0.3, RATE, FULL_SCALE_DBA, number)


def fan(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return a fan: rushing air, and the tones of its blades and its motor."""
    air = signal.sosfilt(signal.butter(1, (80, 1500), 'band', fs=RATE, output='sos'),
                         rng.standard_normal(count))
    blades = rng.integers(3, 8) * rng.uniform(12.0, 25.0)
    time_s = np.arange(count) / RATE
    tones = sum(0.3 / k * np.sin(2 * np.pi * k * blades * time_s + rng.uniform(0, 6.28))
                for k in range(1, 5))
    tones += 0.1 * np.sin(2 * np.pi * 100.0 * time_s)
    return air / air.std() + tones


def print_others(checkpoint, cries, rain, seed: int, room, level_db, gap_s: float,
                 detect) -> None:
    """
    Print what is found beside continuous sounds that nobody tells of.

    :param rain: recordings of it, one after the other.
    """
    sounds = {'fan': fan, 'rain': lambda count, rng: np.resize(rain, count),
              'sleep machine': lambda count, rng: signal.sosfilt(signal.butter(
                  2, (200, 7000), 'band', fs=RATE, output='sos'), rng.standard_normal(count))}
    places, at = [], round(gap_s * RATE)
    for samples in cries:
        places.append(at)
        at += len(samples) + round(gap_s * RATE)
    print(f'{len(cries)} cries; share found, and episodes that are none, by dB(A) of the cry '
          'above the sound')
    print(f'{"sound":<14}' + ''.join(f'{ratio:+14.0f}' for ratio in RATIOS_DB))
    for name, make in sounds.items():
        row = ''
        for ratio_db in RATIOS_DB:
            rng = np.random.default_rng(seed)
            stream = room(at, rng) + as_heard(make(at, rng), 70.0 - ratio_db, 2.0, RATE,
                                              FULL_SCALE_DBA, seed)
            for place, samples in zip(places, cries):
                gain_db = 70.0 - FULL_SCALE_DBA - level_db(samples)
                stream[place:place + len(samples)] += samples * 10 ** (gain_db / 20)
            spans = [(place / RATE, (place + len(samples)) / RATE)
                     for place, samples in zip(places, cries)]
            found = detect(checkpoint, np.round(np.clip(stream, -1, 1) * 32767) / 32767)
            hits = sum(any(onset < end_s + 1.0 and end > start_s for onset, end in found)
                       for start_s, end_s in spans)
            false = sum(not any(onset < end_s + 1.0 and end > start_s for start_s, end_s in spans)
                        for onset, end in found)
            row += f'{f"{hits / len(cries):.2f}, {false}":>14}'
        print(f'{name:<14}{row}', flush=True)
