# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A baby that cries on demand: whole bouts, in a room, with everything that makes them real.

No recording is used, so it can be shipped, and the same seed gives the same samples.
"""

from typing import List, Optional, Tuple

from baby_cry_detector.audio.synthesis import household
from baby_cry_detector.audio.synthesis.cry_voice import (Baby, expiration, HYPERPHONATED,
                                                         inspiration, NOISY, PHONATED, RATE,
                                                         SUBHARMONIC)
import numpy as np
from scipy import signal

LONGEST_S = 600.0
SHORTEST_BOUT_S = 1.0          # has a whole breath
LOUDEST = 0.5                  # peak of what is returned
RAMP_BURSTS = 5                # from fussing to crying


def synthesise_cry(duration_s: float, seed: int = 0, distress: float = 0.7,
                   f0_hz: Optional[float] = None, snr_db: float = 25.0,
                   grow: bool = True) -> np.ndarray:
    """
    Return a bout of crying in a room.

    :param duration_s: its length, above 0 and up to 600; the last breath is cut off.
    :param seed: baby, room and everything that is random.
    :param distress: 0 (fussing) to 1 (screaming).
    :param f0_hz: fundamental of calm crying, 250 to 700; ``None`` draws one near 450.
    :param snr_db: power of the crying over that of the room's noise.
    :param grow: whether it begins with fussing.
    :return: ``(n,)`` float64 at 16 kHz, peak 0.5.
    :raises ValueError: on a value out of range.
    """
    if not 0 < duration_s <= LONGEST_S:
        raise ValueError(f'expected a duration above 0 and up to {LONGEST_S:g} s, '
                         f'got {duration_s!r}')
    if not 0 <= distress <= 1:
        raise ValueError(f'expected a distress of 0 to 1, got {distress!r}')
    rng = np.random.default_rng(seed)
    baby = _baby(rng, f0_hz)
    bout_s = max(duration_s, SHORTEST_BOUT_S)
    crying = in_room(_bout(baby, bout_s, distress, grow, rng), _impulse_response(rng))
    crying = crying[:round(bout_s * RATE)]
    noise = household.room_noise(bout_s, rng)
    sound = crying + noise * np.sqrt(np.mean(crying ** 2)) * 10 ** (-snr_db / 20)
    sound = sound[:round(duration_s * RATE)]
    result: np.ndarray = sound * LOUDEST / np.abs(sound).max()
    return result


def demonstration(seed: int = 0) -> Tuple[np.ndarray, List[Tuple[float, float]]]:
    """
    Return a scene of some 45 s: a home, then a cry that grows, pauses, and comes again.

    :return: ``(n,)`` float64 at 16 kHz, and when it cries: ``(start_s, end_s)`` of each bout.
    """
    rng = np.random.default_rng(seed)
    baby, response = _baby(rng, None), _impulse_response(rng)
    duration_s = 45.0
    scene = np.zeros(round(duration_s * RATE))

    def put(sound: np.ndarray, start_s: float, level: float) -> None:
        start = round(start_s * RATE)
        stop = min(start + sound.size, scene.size)
        scene[start:stop] += level * sound[:stop - start]

    put(household.hum(9.0, rng), 1.0, 0.012)
    put(in_room(household.knocks(3, rng), response), 3.0, 0.10)
    put(in_room(household.babble(4.5, rng), response), 6.0, 0.08)
    put(in_room(household.knocks(2, rng), response), 30.5, 0.08)
    intervals = []
    for start_s, length_s, distress in ((13.0, 14.0, 0.75), (33.5, 6.5, 0.6)):
        bout = in_room(_bout(baby, length_s, distress, True, rng), response)
        put(bout, start_s, 0.11)
        intervals.append((start_s, start_s + length_s))
    put(household.room_noise(duration_s, rng), 0.0, 0.0022)
    return scene * LOUDEST / np.abs(scene).max(), intervals


def in_room(sound: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Return a sound as it is heard across a room; longer than before by its reverberation."""
    result: np.ndarray = signal.fftconvolve(sound, response)
    return result


def _baby(rng: np.random.Generator, f0_hz: Optional[float]) -> Baby:
    baby = Baby.born(rng)
    if f0_hz is None:
        return baby
    if not 250 <= f0_hz <= 700:
        raise ValueError(f'expected an F0 of 250 to 700 Hz, got {f0_hz!r}')
    return Baby(f0_hz, baby.formants_hz, baby.jitter, baby.shimmer)


def _bout(baby: Baby, duration_s: float, distress: float, grow: bool,
          rng: np.random.Generator) -> np.ndarray:
    """Return breath after breath; RMS near 1 where it is loudest, the end faded."""
    bout = np.zeros(round(duration_s * RATE))
    start_s, number = 0.02, 0
    ramp = rng.integers(3, RAMP_BURSTS + 2)
    while start_s < duration_s:
        grown = min(1.0, (number + 1) / ramp) if grow else 1.0
        effort = distress * (0.35 + 0.65 * grown)
        length_s = float(np.clip(0.9 * rng.lognormal(0, 0.3) * (0.6 + 0.4 * grown), 0.4, 1.6))
        length_s = min(length_s, duration_s - start_s)
        if length_s < 0.2:
            break
        burst = expiration(baby, length_s, effort, _mode(effort, rng), rng)
        _add(bout, burst * 10 ** ((-14 * (1 - grown) + rng.normal(0, 1.5)) / 20), start_s)
        gap_s = rng.uniform(0.15, 0.45) * (1.3 - 0.4 * effort)
        if rng.random() < 0.3:         # the breath in is heard, and the pause after it is longer
            breath_s = rng.uniform(0.10, min(0.25, gap_s))
            breath = inspiration(baby, breath_s, rng)
            _add(bout, 0.25 * grown * breath, start_s + length_s + 0.2 * (gap_s - breath_s))
            gap_s += 0.05
        start_s += length_s + gap_s
        number += 1
    fade = min(bout.size, round(0.05 * RATE))
    bout[-fade:] *= np.linspace(1, 0, fade)
    return bout


def _mode(effort: float, rng: np.random.Generator) -> str:
    """Draw what a breath changes to: 30 to 60 % of them do, with distress."""
    weights = {SUBHARMONIC: 0.12 + 0.12 * effort, NOISY: 0.12 + 0.16 * effort,
               HYPERPHONATED: 0.02 + 0.08 * effort}
    drawn = rng.random()
    for mode, weight in weights.items():
        drawn -= weight
        if drawn < 0:
            return mode
    return PHONATED


def _add(sound: np.ndarray, part: np.ndarray, start_s: float) -> None:
    start = round(start_s * RATE)
    stop = min(start + part.size, sound.size)
    if stop > start:
        sound[start:stop] += part[:stop - start]


def _impulse_response(rng: np.random.Generator) -> np.ndarray:
    """Return a furnished room: direct sound, a few reflections, a tail of 0.25 to 0.5 s."""
    decay_s = rng.uniform(0.25, 0.5)
    time = np.arange(round(decay_s * RATE)) / RATE
    tail = rng.normal(size=time.size) * 10 ** (-3 * time / decay_s)
    tail = signal.lfilter([0.5, 0.35], [1, -0.15], tail)       # walls swallow what is high
    tail[:round(0.004 * RATE)] = 0
    tail *= 10 ** (rng.uniform(-9, -4) / 20) / np.sqrt(np.sum(tail ** 2))
    for delay_s in rng.uniform(0.002, 0.02, 5):
        tail[round(delay_s * RATE)] += rng.choice([-1, 1]) * rng.uniform(0.1, 0.3)
    tail[0] = 1.0
    result: np.ndarray = tail
    return result
