# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The default detector on sounds that a machine makes: none of them is a baby."""

from baby_cry_detector.decision.smoothing import clip_score
from baby_cry_detector.features import extract, FeatureSet
from baby_cry_detector.model.runtime import make_runtime
from baby_cry_detector.stream.listener import open_checkpoint
import numpy as np

RATE, SECONDS = 16000, 6
TIME = np.arange(RATE * SECONDS) / RATE


def noise(exponent, level_db):
    """Return noise whose power falls with the frequency to ``exponent``, at a level in dBFS."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(TIME.size))
    frequency = np.fft.rfftfreq(TIME.size, 1 / RATE)
    shaped = np.fft.irfft(spectrum / np.maximum(frequency, 20.0) ** (exponent / 2), TIME.size)
    return shaped / np.sqrt(np.mean(shaped ** 2)) * 10 ** (level_db / 20)


def harmonics(f0_hz, count, amplitude):
    return amplitude * sum(np.sin(2 * np.pi * f0_hz * k * TIME) / k for k in range(1, count + 1))


SOUNDS = {
    'silence': np.zeros(TIME.size),
    'one-bit noise': np.random.default_rng(1).integers(-1, 2, TIME.size) / 32767,
    'offset': np.full(TIME.size, 0.1),
    'noise switched on': np.where(TIME < 2, 0, noise(0, -20)),
    'clicks': (np.arange(TIME.size) % 8000 == 0) * 0.5,
    'sweep': 0.1 * np.sin(2 * np.pi * (100 * TIME + 3000 / SECONDS / 2 * TIME ** 2)),
    'hum': harmonics(50, 11, 0.05),
    'sawtooth': harmonics(440, 7, 0.1),
    'beeping': 0.1 * np.sign(np.sin(2 * np.pi * 600 * TIME)) * (TIME % 1 < 0.5),
    **{f'{f} Hz': 0.1 * np.sin(2 * np.pi * f * TIME)
       for f in (50, 100, 220, 440, 700, 1000, 2000, 3000)},
    **{f'{colour} {level} dBFS': noise(exponent, level)
       for colour, exponent in (('white', 0), ('pink', 1), ('brown', 2))
       for level in (-80, -60, -40, -20, -10)},
}


def test_no_machine_sounds_like_a_baby():
    checkpoint = open_checkpoint()
    feature_set = FeatureSet.from_dict(checkpoint.feature_set)
    runtime = make_runtime(checkpoint)
    scores = {}
    for name, x in SOUNDS.items():
        samples = np.round(np.clip(x, -1, 1) * 32767) / 32767
        runtime.reset()
        probability = runtime.process(extract(feature_set, samples).astype(np.float32))[0]
        scores[name] = clip_score(probability, checkpoint.smoothing_s, 0.01)
    highest = max(scores, key=scores.get)
    print(f'highest: {scores[highest]:.2f}, {highest}')
    assert scores[highest] < checkpoint.enter_threshold, (highest, scores[highest])
