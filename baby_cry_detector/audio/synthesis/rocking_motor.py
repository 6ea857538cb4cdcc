# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The noise of a mechanism that rocks a crib, made from nothing: for tests and benchmarks.

What is in it, and where, is from the literature: tones where gear teeth mesh (teeth times turns a
second) with two or three strong harmonics, and beside each of them tones at the distance of the
shaft's turns (Raichel, The Science and Applications of Acoustics, 14.8; Akerblom, Gear noise and
vibration - a literature survey); a belt's teeth and the motor's poles the same way; the whine of
the servo's driver, as long as it holds; rolling noise that grows with speed. All of them follow
the speed of the motion but the whine. How loud each is to the others differs from machine to
machine: it is drawn. A knock where the motion turns is the play of the gears.
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

RATE = 16_000
#: Of motor and shaft at the highest speed of a motion, a second.
LEAST_TURNS, MOST_TURNS = 20.0, 60.0


@dataclass(frozen=True)
class Motion:
    """How it rocks; `position` is what an encoder says."""

    frequency_hz: float = 0.5
    amplitude_m: float = 0.03

    def position(self, time_s: np.ndarray) -> np.ndarray:
        """Return metres from the middle."""
        return self.amplitude_m * np.sin(2 * np.pi * self.frequency_hz * time_s)

    def speed(self, time_s: np.ndarray) -> np.ndarray:
        """Return the speed as a share of the highest, −1 to 1."""
        return np.cos(2 * np.pi * self.frequency_hz * time_s)


def _tones(turns: np.ndarray, speed: np.ndarray, fastest: float, per_turn: float, harmonics: int,
           fall_db: float, rng: np.random.Generator) -> np.ndarray:
    """
    Return tones at ``per_turn`` a turn and their harmonics, with sidebands, by speed.

    :param turns: of the shaft so far.
    :param fastest: turns a second at the highest speed.
    """
    sound = np.zeros(len(turns))
    for k in range(1, harmonics + 1):
        level = 10 ** (-fall_db * (k - 1 + rng.uniform(-0.5, 0.5)) / 20)
        for aside, weight in ((0.0, 1.0), (-1.0, rng.uniform(0.1, 0.4)),
                              (1.0, rng.uniform(0.1, 0.4))):
            order = k * per_turn + aside
            # Above half the rate there is nothing.
            heard = order * fastest * np.abs(speed) < 0.45 * RATE
            sound += heard * level * weight * np.sin(
                2 * np.pi * order * turns + rng.uniform(0, 2 * np.pi))
    result: np.ndarray = sound * np.abs(speed)
    return result


def rocking_noise(duration_s: float, motion: Motion, rng: np.random.Generator
                  ) -> np.ndarray:
    """
    Return ``(n,)`` at 16 kHz with an RMS of 1.

    :param rng: draws the machine: its teeth, poles, and how loud each part is.
    """
    count = round(duration_s * RATE)
    time_s = np.arange(count) / RATE
    fastest = rng.uniform(LEAST_TURNS, MOST_TURNS)
    # No two cycles are the same: the controller's speed wavers by a per cent or so.
    waver = signal.lfilter([1 - 0.9998], [1, -0.9998], rng.standard_normal(count))
    waver *= 0.01 / max(1e-12, float(np.std(waver)))
    speed = motion.speed(time_s) * (1.0 + waver)
    turns = np.cumsum(speed) * fastest / RATE
    parts = {
        'gears': _tones(turns, speed, fastest, float(rng.integers(9, 16)), 6, 5.0, rng),
        'second stage': _tones(turns / 4.0, speed, fastest / 4.0, float(rng.integers(17, 31)), 5,
                               5.0, rng),
        'belt': _tones(turns / 3.0, speed, fastest / 3.0, float(rng.integers(14, 21)), 8, 3.0,
                       rng),
        'poles': _tones(turns, speed, fastest, 6.0 * float(rng.integers(2, 5)), 3, 8.0, rng),
        'whine': np.sin(2 * np.pi * rng.uniform(2500.0, 7000.0) * time_s
                        + 0.3 * np.sin(2 * np.pi * 50.0 * time_s)),
        'rolling': signal.sosfilt(
            signal.butter(2, (rng.uniform(200, 500), rng.uniform(2500, 5000)), 'band', fs=RATE,
                          output='sos'), rng.standard_normal(count)) * np.abs(speed),
        'knocks': _knocks(time_s, motion, rng)}
    level_db = {'gears': 0.0, 'second stage': -4.0, 'belt': -6.0, 'poles': -6.0, 'whine': -12.0,
                'rolling': -3.0, 'knocks': -12.0}
    sound = np.zeros(count)
    for name, part in parts.items():
        level = 10 ** ((level_db[name] + rng.uniform(-4.0, 4.0)) / 20)
        sound += level * part / max(1e-12, float(np.std(part)))
    result: np.ndarray = sound / np.std(sound)
    return result


def _knocks(time_s: np.ndarray, motion: Motion, rng: np.random.Generator) -> np.ndarray:
    """Return a short dull knock at each turn of the motion."""
    sound = np.zeros(len(time_s))
    knock_s = np.arange(round(0.06 * RATE)) / RATE
    tones = rng.uniform((150, 400, 900), (300, 800, 1600))
    period_s = 0.5 / motion.frequency_hz
    for number in range(int(time_s[-1] / period_s) + 1):
        at = round((0.5 + number) * period_s * RATE + rng.normal(0.0, 0.002 * RATE))
        knock = rng.uniform(0.7, 1.3) * sum(
            np.exp(-knock_s * 90.0) * np.sin(2 * np.pi * tone * knock_s) for tone in tones)
        end = min(len(sound), at + len(knock))
        if 0 <= at < end:
            sound[at:end] += knock[:end - at]
    return sound
