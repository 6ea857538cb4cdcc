# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes in the other order than `audio_info` says are noticed, and nothing else is called that."""

from baby_cry_detector.audio import AudioFormat, to_pcm16
from baby_cry_detector.audio.messages import AudioMessage, FormatMessage
from baby_cry_detector.stream.extraction import Extraction
from faulty_publishers import BLOCK, BLOCK_NS, hear, messages, PLAIN, RATE, room, START_NS
import numpy as np
import pytest


@pytest.mark.parametrize('said', ['S16LE', 'S16BE'])
@pytest.mark.parametrize('level_db', [-75.0, -55.0, -35.0])
def test_bytes_in_the_other_order_are_noticed(said, level_db):
    pcm = to_pcm16(room(8.0, level_db))
    for really in ('<i2', '>i2'):
        extraction = Extraction(PLAIN)
        extraction.on_format(FormatMessage(START_NS, AudioFormat(RATE, 1, said)))
        for number in range(len(pcm) // BLOCK):
            at_ns = START_NS + number * BLOCK_NS
            extraction.on_audio(AudioMessage(
                at_ns + BLOCK_NS, at_ns, 'crib',
                pcm[number * BLOCK:(number + 1) * BLOCK].astype(really).tobytes()))
        is_right = (really == '<i2') == (said == 'S16LE')
        assert extraction.verdict.trusted == is_right
        assert extraction.verdict.kind == ('' if is_right else 'byte_order')
        if not is_right:
            assert f'audio_info says {said}' in extraction.verdict.sentence


@pytest.mark.parametrize('kind', ['silence', '8 bits', '12 bits', 'full scale', 'one step'])
def test_coarse_samples_are_not_taken_for_turned_ones(kind):
    noise = np.random.default_rng(2).standard_normal(5 * RATE)
    pcm = {'silence': np.zeros(5 * RATE), '8 bits': np.rint(noise * 20) * 256,
           '12 bits': np.rint(noise * 200) * 16, 'full scale': noise * 20_000,
           'one step': np.sign(np.rint(noise))}[kind].clip(-32768, 32767) / 32767.0
    extraction, _ = hear(messages(pcm))
    assert extraction.verdict.kind != 'byte_order'
