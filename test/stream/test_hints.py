# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded cries in noise that the first listener alone would tell nobody of."""

from contextlib import nullcontext
from dataclasses import replace

from baby_cry_detector.audio.sources import AudioBlock
from baby_cry_detector.model.second.confirmation import Confirmation, open_confirmation
from baby_cry_detector.stream.listener import FrameListener, shared_checkpoint
from baby_cry_detector.stream.replay import block_messages, MessageReplay
from compiled_core import python
import numpy as np
import pytest
from recordings import SHIPPED
from scipy.signal import lfilter
import soundfile

RATE = 16000
NOISE_RMS, CRY_AT_S = 0.05, 2.0
# Ratios at which they do not reach the default threshold, in dB.
CRIES = [('esc10_1-187207-A', -5.0), ('esc10_2-66637-B', -5.5), ('esc10_4-185575-C', -4.5),
         ('esc10_2-151079-A', -2.5)]


def brown(n_samples):
    noise = lfilter([1.0], [1.0, -0.97], np.random.default_rng(1).standard_normal(n_samples))
    return noise * (NOISE_RMS / np.sqrt(np.mean(noise ** 2)))


def in_noise(name, snr_db):
    """Return a recorded cry in noise, int16."""
    cry, rate = soundfile.read(SHIPPED / 'cry' / 'unknown' / f'{name}.flac')
    assert rate == RATE
    heard = brown(len(cry) + 4 * RATE)
    gain = NOISE_RMS * 10.0 ** (snr_db / 20.0) / np.sqrt(np.mean(cry ** 2))
    start = round(CRY_AT_S * RATE)
    heard[start:start + len(cry)] += gain * cry
    return (32767 * np.clip(heard, -1.0, 1.0)).astype(np.int16)


def decisions(pcm, hint_threshold=None, block=1280, is_python=False):
    """Return what is said of a recording, and how many windows the second listener heard."""
    second = open_confirmation()
    if hint_threshold is not None:
        second = Confirmation(replace(second.confirmer, hint_threshold=hint_threshold))
    with python() if is_python else nullcontext():
        checkpoint, weights = shared_checkpoint()
        listener = FrameListener(checkpoint, crib_id='a', model=weights)
    blocks = [AudioBlock(pcm=pcm[at:at + block], first_sample=at)
              for at in range(0, len(pcm), block)]
    said = MessageReplay(listener.feature_set).decisions(
        block_messages(blocks, RATE), listener, second, 100_000_000)
    return list(said), second.windows


def episodes(said):
    return {one.episode_id: one for one in said if one.crying}


@pytest.mark.parametrize('name, snr_db', CRIES)
def test_a_cry_below_the_threshold_is_told_once_the_second_listener_agrees(name, snr_db):
    pcm = in_noise(name, snr_db)
    alone, _ = decisions(pcm, hint_threshold=1.0)
    assert not any(one.crying for one in alone)
    said, windows = decisions(pcm)
    assert windows > 0
    found = episodes(said)
    assert found
    for one in said:
        assert one.confirmed == one.crying             # told only once it is sure
    for number, one in enumerate(found.values(), start=1):
        onset_s = one.onset_ns / 1e9
        assert CRY_AT_S - 1.0 <= onset_s <= len(pcm) / RATE - 2.0
        assert one.duration_ns > 0 and one.episode == number and one.intensity > 0.0
    begins = next(one for one in said if one.crying)
    assert begins.changed and begins.stamp_ns - begins.onset_ns < 3 * 10 ** 9


def test_noise_alone_is_no_cry_and_costs_no_second_listener():
    said, windows = decisions((32767 * brown(10 * RATE)).astype(np.int16))
    assert not any(one.crying for one in said) and windows == 0


@pytest.mark.usefixtures('built')
def test_python_says_what_the_core_says():
    pcm = in_noise(*CRIES[1])
    core, _ = decisions(pcm)
    plain, _ = decisions(pcm, is_python=True)
    assert [(one.stamp_ns, one.crying, one.confirmed, one.episode_id, one.onset_ns)
            for one in core] == [(one.stamp_ns, one.crying, one.confirmed, one.episode_id,
                                  one.onset_ns) for one in plain]


@pytest.mark.parametrize('block', [400, 3200])
def test_blocks_of_another_size_give_the_same(block):
    pcm = in_noise(*CRIES[1])
    first, other = (list(episodes(decisions(pcm, block=size)[0]).values())
                    for size in (1280, block))
    assert [one.onset_ns for one in first] == [one.onset_ns for one in other]
    for one, two in zip(first, other):
        assert abs(one.duration_ns - two.duration_ns) <= 300_000_000
