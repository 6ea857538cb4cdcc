# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What reaches a microphone from a loudspeaker and a baby in a furnished room.

A source of level L at 1 m in the open is heard at distance r with the direct sound (6 dB less per
doubling) and the room's own, which is the same everywhere: 10 log10(1/r^2 + 1/rc^2) above L.
"""

from dataclasses import dataclass

from baby_cry_detector.audio.loudness.weighting import leq_dbfs
import numpy as np
from scipy import signal

CRITICAL_DISTANCE_M = 1.0      # where the direct sound is as strong as the room's
DECAY_S = 0.4                  # until the room's sound has fallen by 60 dB


def gain_db(distance_m: float, critical_distance_m: float = CRITICAL_DISTANCE_M) -> float:
    """Return the level at a distance relative to 1 m without a room."""
    return float(10.0 * np.log10(distance_m ** -2 + critical_distance_m ** -2))


def at_distance_db(level_db: float, measured_at_m: float, wanted_at_m: float) -> float:
    """Return the level at one distance of a source whose level at another is known."""
    return level_db - gain_db(measured_at_m) + gain_db(wanted_at_m)


def impulse_response(distance_m: float, sample_rate: int, seed: int = 0) -> np.ndarray:
    """Return direct sound, some reflections and a tail as heard at a distance; energy 1."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(DECAY_S * sample_rate)) / sample_rate
    tail = rng.standard_normal(time_s.size) * 10 ** (-3.0 * time_s / DECAY_S)
    tail = signal.lfilter([0.6, 0.4], [1.0], tail)         # walls swallow what is high
    tail[:round(0.003 * sample_rate)] = 0.0
    tail *= 1.0 / (CRITICAL_DISTANCE_M * np.sqrt(np.sum(tail ** 2)))
    tail[0] = 1.0 / distance_m
    response: np.ndarray = tail / np.sqrt(np.sum(tail ** 2))
    return response


def as_heard(sound: np.ndarray, level_dba: float, distance_m: float, sample_rate: int,
             full_scale_dba: float, seed: int = 0) -> np.ndarray:
    """
    Return a sound ``(n,)`` as a microphone hears it across the room, at an A-weighted level.

    :param level_dba: equivalent level at the microphone in dB(A).
    :param full_scale_dba: what 0 dBFS(A) of the microphone is in dB(A).
    """
    heard: np.ndarray = signal.fftconvolve(sound, impulse_response(distance_m, sample_rate, seed))
    heard = heard[:len(sound)]
    return heard * 10 ** ((level_dba - full_scale_dba - leq_dbfs(heard, sample_rate)) / 20.0)


@dataclass(frozen=True)
class Scene:
    """
    Where baby, loudspeaker and microphone are, and how loud.

    :param own_at_ear_dba: the robot's sound at the baby's ear.
    :param ear_m: from the loudspeaker to the ear.
    :param own_to_microphone_m: from the loudspeaker to the microphone.
    :param cry_dba: the cry at 0.15 m from the mouth, while it cries.
    :param cry_to_microphone_m: from the mouth to the microphone.
    """

    name: str
    own_at_ear_dba: float
    ear_m: float
    own_to_microphone_m: float
    cry_dba: float
    cry_to_microphone_m: float

    @property
    def own_dba(self) -> float:
        """Return the level of the robot's sound at the microphone."""
        return at_distance_db(self.own_at_ear_dba, self.ear_m, self.own_to_microphone_m)

    @property
    def cry_at_microphone_dba(self) -> float:
        """Return the level of the cry at the microphone."""
        return at_distance_db(self.cry_dba, 0.15, self.cry_to_microphone_m)

    @property
    def ratio_db(self) -> float:
        """Return how far the cry is above the robot's sound at the microphone."""
        return self.cry_at_microphone_dba - self.own_dba


#: 99 to 120 dB(A) close to the mouth are reported for cries, 105 at 0.15 m is usual; 94 is what a
#: baby that fusses at 80 dB(A) a metre away has there. 50 dB(A) at the ear is the default here, 60
#: the most.
SCENES = (
    Scene('microphone in the crib', 50.0, 2.0, 2.0, 99.0, 1.0),
    Scene('robot, usual', 50.0, 2.0, 0.2, 105.0, 2.0),
    Scene('robot, loudest, quiet cry', 60.0, 2.0, 0.2, 99.0, 2.0),
    Scene('hard: far, loudest, fussing', 60.0, 4.0, 0.1, 94.0, 4.0),
)
