# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A loudspeaker beside a microphone in a room, without either: for tests of the canceller."""

from baby_cry_detector.audio.echo import EchoCanceller
import numpy as np

RATE = 16_000
SECOND_NS = 10 ** 9
START_NS = 10 ** 18
BLOCK = 640


def room(seed=0, decay_s=0.3):
    """Return an impulse response of energy 1: direct sound, and a tail 10 dB below it."""
    rng = np.random.default_rng(seed)
    tail = rng.standard_normal(round(decay_s * RATE)) * 10 ** (
        -3.0 * np.arange(round(decay_s * RATE)) / (decay_s * RATE))
    tail[:40] = 0.0
    tail *= 10 ** (-10 / 20) / np.sqrt(np.sum(tail ** 2))
    tail[0] = 1.0
    return tail / np.sqrt(np.sum(tail ** 2))


def noise(seconds, seed=1, level=0.05):
    """Return noise up to 7 kHz."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum[np.fft.rfftfreq(count, 1 / RATE) > 7000.0] = 0.0
    sound = np.fft.irfft(spectrum, count)
    return sound * level / sound.std()


def faster(sound, ppm):
    """Return what a sound becomes where the loudspeaker's clock is faster by so much."""
    spectrum = np.fft.rfft(sound)
    fine = np.fft.irfft(np.pad(spectrum, (0, 7 * (len(spectrum) - 1))), 8 * len(sound)) * 8
    places = np.arange(len(sound)) * (1 + ppm * 1e-6) * 8
    return np.interp(places, np.arange(len(fine)), fine)


def echo_of(sound, delay_s=0.08, seed=0):
    """Return what the microphone gets of it."""
    size = 1 << (2 * len(sound)).bit_length()
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(room(seed), size), size)
    return np.concatenate((np.zeros(round(delay_s * RATE)), heard))[:len(sound)]


def run(microphone, reference, lead_s=0.2, stamp_error_s=0.0, until_s=None, canceller=None,
        each=lambda canceller, time_s: None, lost=lambda time_s: False):
    """
    Return (what remains, the canceller); messages as they come from two devices.

    :param lead_s: how long before it sounds a sample of the reference arrives; negative: after.
    :param stamp_error_s: of all stamps of the reference.
    :param until_s: when the reference stops arriving.
    :param each: called before each block of the microphone.
    :param lost: whether the reference's block of that time gets lost.
    """
    canceller = canceller or EchoCanceller()
    given, fed, ready = [], 0, max(0, round(-lead_s * RATE))
    for first in range(0, len(microphone), BLOCK):
        while fed < len(reference) and fed < first + BLOCK + lead_s * RATE and (
                until_s is None or fed < until_s * RATE):
            if first >= ready and not lost(fed / RATE):
                canceller.play('own_sound', START_NS + round(
                    (fed / RATE + stamp_error_s) * SECOND_NS), reference[fed:fed + 320])
            fed += 320
        each(canceller, first / RATE)
        given.append(canceller.process(START_NS + first * SECOND_NS // RATE,
                                       microphone[first:first + BLOCK]))
    given.append(canceller.flush())
    return np.concatenate(given), canceller


def loss_db(echo, rest, begin_s, end_s):
    """Return by how much less of the echo there is, in a stretch."""
    part = slice(round(begin_s * RATE), round(end_s * RATE))
    return float(10 * np.log10(np.mean(echo[part] ** 2) / (np.mean(rest[part] ** 2) + 1e-20)))
