# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Audio as publishers with a fault send it: stamps, bursts, formats, and what comes out of it."""

from array import array

from baby_cry_detector.audio import AudioFormat, to_pcm16
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.features import get_feature_set
from baby_cry_detector.stream.extraction import Extraction
import numpy as np

NS = 1_000_000_000
RATE, BLOCK = 16_000, 640
BLOCK_NS = BLOCK * NS // RATE
START_NS = 1_700_000_000 * NS
PLAIN = get_feature_set('cepstra20')


def room(duration_s, level_db=-55.0, seed=0):
    return 10 ** (level_db / 20) * np.random.default_rng(seed).standard_normal(
        int(duration_s * RATE))


def with_cry(before_s=8.0, cry_s=8.0):
    samples = room(before_s + cry_s + 1.0)
    first = int(before_s * RATE)
    cry = synthesise_cry(cry_s, seed=4)
    samples[first:first + len(cry)] += cry
    return samples


def messages(samples, stamp=None, arrival=None, said=(RATE, 1), block=BLOCK, real_rate=RATE):
    """
    Yield a format and blocks, as a publisher with a fault sends them.

    :param stamp: function of (number, time in ns of its first sample) → its stamp.
    :param arrival: the same for the time at which it arrives.
    """
    yield FormatMessage(START_NS, AudioFormat(*said))
    pcm = to_pcm16(np.asarray(samples))
    for number in range(len(pcm) // block):
        begin_ns = START_NS + number * block * NS // real_rate
        end_ns = begin_ns + block * NS // real_rate
        yield AudioMessage(end_ns if arrival is None else arrival(number, end_ns),
                           begin_ns if stamp is None else stamp(number, begin_ns), 'crib',
                           array('B', pcm[number * block:(number + 1) * block].tobytes()))


def hear(stream, **options):
    """Return (extraction, frames that came, verdicts by kind)."""
    extraction = Extraction(PLAIN, **options)
    frames = []
    for message in stream:
        if isinstance(message, FormatMessage):
            frames += extraction.on_format(message)
        else:
            frames += extraction.on_audio(message)
    return extraction, frames


def rows(frames):
    return sum(len(part.values) for part in frames)


def bursts(blocks):
    """Return a function that gives the time at which a driver hands over so many blocks."""
    def time_of(number, begin_ns):
        last = number // blocks * blocks + blocks - 1
        return START_NS + (last + 1) * BLOCK_NS + (number % blocks) * 20_000
    return time_of


def jitter(seconds):
    generator = np.random.default_rng(3)
    return lambda number, begin_ns: begin_ns + int(generator.uniform(0, seconds) * NS)


def clock_off(ratio):
    return lambda number, begin_ns: START_NS + int((begin_ns - START_NS) * ratio)
