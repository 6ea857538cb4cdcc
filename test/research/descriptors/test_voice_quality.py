# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Jitter, shimmer and harmonic-to-noise ratio, where a frame holds no period or one twice."""

from baby_cry_detector.research.descriptors.voice_quality import VoiceQuality
from compiled_part import IMPLEMENTATIONS, use
import numpy as np
import pytest

RATE, HOP, WINDOW, UNVOICED_DB = 16000, 160, 960, -100.0


def values(samples, f0):
    """Return jitter, its DDP, shimmer and HNR of frames, shape (n, 4)."""
    quality = VoiceQuality(RATE, HOP, WINDOW, 0.25, 0.5, UNVOICED_DB)
    quality.add(samples, 0)
    return quality.process(np.asarray(f0, float))


@pytest.mark.parametrize('implementation', IMPLEMENTATIONS)
def test_a_voiced_frame_without_a_period(implementation, monkeypatch):
    """Jitter and shimmer are held; what has no period has no harmonic level either: 0 dB."""
    use(implementation, monkeypatch)
    rng = np.random.default_rng(3)
    t = np.arange(20 * HOP) / RATE
    phase = 2 * np.pi * np.cumsum(300 + 20 * rng.standard_normal(t.size)) / RATE
    tone = 0.1 * (np.sin(phase) + 0.5 * np.sin(2 * phase)) + 0.001 * rng.standard_normal(t.size)
    samples = np.concatenate((tone, np.zeros(WINDOW + 20 * HOP)))
    rows = values(samples, [300.0] * 30 + [0.0] * 2 + [300.0] * 2)
    assert rows[10, 0] > 0 and rows[10, 2] > 0 and rows[10, 3] > 5
    assert (rows[24:30, :3] == rows[24, :3]).all() and rows[24, 2] > 0     # in the zeros
    assert (rows[24:30, 3] == 0.0).all()
    assert (rows[30:32] == (0.0, 0.0, 0.0, UNVOICED_DB)).all()
    assert (rows[32:] == 0.0).all()                                        # not the unvoiced level


@pytest.mark.parametrize('implementation', IMPLEMENTATIONS)
def test_a_period_read_twice_is_no_change(implementation, monkeypatch):
    """Periods longer than a hop are read again by the next frame: nothing to compare with."""
    use(implementation, monkeypatch)
    rng = np.random.default_rng(5)
    lengths = rng.integers(180, 200, 60)
    wave = [np.exp(-np.arange(n) / 25.0) * np.sin(np.arange(n) / 4.0) for n in lengths]
    rows = values(np.concatenate(wave), [RATE / 190.0] * 50)
    local, ddp = rows[:, 0], rows[:, 1]
    read_again = np.flatnonzero((local[:-1] == 0) & (local[1:] > 0) & (np.arange(49) > 0)) + 1
    assert read_again.size >= 5
    assert (ddp[read_again] == 0).all()
    assert np.count_nonzero(ddp) > 20
