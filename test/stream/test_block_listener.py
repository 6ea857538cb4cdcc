# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Samples to decisions in one call against the steps one after the other; many cribs at once."""

from dataclasses import asdict

from baby_cry_detector.audio.formats import from_pcm16, to_pcm16
from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.features import FeatureSet, StreamingExtractor
from baby_cry_detector.stream.listener import (BlockListener, Cribs, FrameListener,
                                               open_checkpoint)
from compiled_core import python
import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures('built')
CHECKPOINT = open_checkpoint()
START_NS = 10 ** 18
PERIOD_NS = 150_000_000


@pytest.fixture(scope='module')
def pcm():
    """Return a room, a cry, full scale, zeros, a cry: 16-bit samples."""
    rng = np.random.default_rng(6)
    return np.concatenate([
        to_pcm16(rng.normal(0.0, 3e-4, 20_000)), to_pcm16(np.ravel(synthesise_cry(4.0))),
        np.where(rng.random(3000) < 0.5, -32768, 32767).astype(np.int16),
        np.zeros(8000, np.int16), to_pcm16(np.ravel(synthesise_cry(3.0)))])


def pieces(count, sizes, seed):
    rng = np.random.default_rng(seed)
    at = 0
    while at < count:
        size = int(rng.choice(sizes))
        yield at, min(size, count - at)
        at += size


def told(listener, pcm, seed, sizes=(0, 1, 159, 160, 640, 641, 1600, 8000, 8001, 30_000)):
    return [asdict(decision) for at, size in pieces(len(pcm), sizes, seed)
            for decision in listener.process(pcm[at:at + size], PERIOD_NS)]


def test_one_call_equals_the_steps(pcm):
    extractor = StreamingExtractor(FeatureSet.from_dict(CHECKPOINT.feature_set))
    frames = FrameListener(CHECKPOINT)
    expected = []
    for at, size in pieces(len(pcm), (640, 1, 160), 4):
        rows = extractor.process(from_pcm16(pcm[at:at + size]))
        expected += [asdict(decision) for decision in frames.process(
            START_NS + rows.first_frame * 10_000_000, rows.values, PERIOD_NS)]
    assert any(decision['crying'] for decision in expected)
    # Which decision is told where nothing changes depends on no block; so all are the same.
    assert told(BlockListener(CHECKPOINT, start_ns=START_NS), pcm, 5) == expected
    assert told(BlockListener(CHECKPOINT, start_ns=START_NS), pcm, 6) == expected


def test_equals_python(pcm):
    mine = told(BlockListener(CHECKPOINT, start_ns=START_NS), pcm[:90_000], 7)
    with python():
        reference = BlockListener(CHECKPOINT, start_ns=START_NS)
    assert reference.hearing is None
    theirs = told(reference, pcm[:90_000], 8)
    assert [(d['stamp_ns'], d['crying'], d['episode_id']) for d in mine] == [
        (d['stamp_ns'], d['crying'], d['episode_id']) for d in theirs]
    np.testing.assert_allclose([d['cry_probability'] for d in mine],
                               [d['cry_probability'] for d in theirs], atol=1e-5)


def test_restart_is_a_gap(pcm):
    listener = BlockListener(CHECKPOINT, start_ns=START_NS)
    told(listener, pcm[:40_000], 1)
    listener.restart(START_NS + 60 * 10 ** 9)
    fresh = BlockListener(CHECKPOINT, start_ns=START_NS + 60 * 10 ** 9)
    one, other = (told(it, pcm[:40_000], 2) for it in (listener, fresh))
    assert [d['cry_probability'] for d in one] == [d['cry_probability'] for d in other]


def test_cribs_together_hear_what_each_hears_alone(pcm):
    names = [f'crib_{n}' for n in range(37)]            # more than step together
    cribs = Cribs(CHECKPOINT, names, start_ns=START_NS)
    alone = {name: BlockListener(CHECKPOINT, crib_id=name, start_ns=START_NS) for name in names}
    for block in range(100):
        blocks = {name: pcm[(k := 2311 * n + 640 * block):k + (640 if (n + block) % 5 else 333)]
                  for n, name in enumerate(names) if (n * block) % 11 != 3}
        expected = {name: list(alone[name].process(blocks[name], PERIOD_NS)) for name in blocks}
        assert cribs.process(blocks, PERIOD_NS) == {
            name: decisions for name, decisions in expected.items() if decisions}
    assert not cribs.troubles


def test_what_one_crib_is_given_touches_no_other(pcm):
    names = ('well', 'floats', 'stereo', 'flood', 'nothing', 'late')
    cribs = Cribs(CHECKPOINT, names, start_ns=START_NS)
    alone = BlockListener(CHECKPOINT, crib_id='well', start_ns=START_NS)
    cribs.cribs['late'].restart(2 ** 62)
    for at in range(0, 64_000, 640):
        block = pcm[at:at + 640]
        said = cribs.process({
            'floats': block / 32767.0, 'stereo': block.reshape(-1, 2), 'well': block,
            'flood': np.tile(block, 1000), 'nothing': block[:0], 'late': block}, PERIOD_NS)
        assert said.get('well', []) == list(alone.process(block, PERIOD_NS))
    assert set(cribs.troubles) == {'floats', 'stereo', 'flood', 'late'}
    assert all(sentence.startswith('expected ') for sentence in cribs.troubles.values())


@pytest.mark.parametrize('wrong', [[1, 2], np.zeros(3), np.zeros((3, 1), np.int16), None, b'ab'])
def test_refuses_what_are_no_samples(wrong):
    with pytest.raises(ValueError, match='expected int16 samples of one channel'):
        BlockListener(CHECKPOINT).process(wrong)
