# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Arrays that are read when they are used: the same numbers, whatever happens to their file."""

import os
import shutil

from baby_cry_detector.checkpoints import CONFIRMER, SHIPPED
from baby_cry_detector.decision.decider import CryDecision
from baby_cry_detector.model.checkpoint import load_checkpoint
from baby_cry_detector.model.held_in_file import HeldInFile, LARGE
from baby_cry_detector.model.runtime import make_runtime
from baby_cry_detector.model.second.confirmation import Confirmation
from baby_cry_detector.model.second.confirmer import load_confirmer
from baby_cry_detector.model.strict_npz import StrictNpzError
import numpy as np
import pytest

WINDOW = (8000 * np.sin(2 * np.pi * 450 * np.arange(
    load_confirmer(CONFIRMER).n_samples) / 16000)).astype(np.int16)


@pytest.fixture()
def file(tmp_path):
    return shutil.copy(CONFIRMER, tmp_path / 'confirmer.npz')


def test_what_it_says_is_the_same_after_its_file_was_replaced_and_deleted(file):
    busy = load_confirmer(file)
    expected = busy.evidence(WINDOW)
    assert busy.evidence(WINDOW) == expected            # of products that were kept
    confirmer = load_confirmer(file, in_memory=False)
    assert confirmer.evidence(WINDOW) == expected
    other = file.with_name('other')
    other.write_bytes(b'something else')
    os.replace(other, file)
    assert confirmer.evidence(WINDOW) == expected
    file.unlink()
    assert confirmer.evidence(WINDOW) == expected


@pytest.mark.parametrize('damage', ['shortened', 'emptied', 'changed'])
def test_a_file_that_is_written_over_is_said_and_the_stream_goes_on(file, damage):
    confirmer = load_confirmer(file, in_memory=False)
    size = file.stat().st_size
    if damage == 'changed':
        with open(file, 'r+b') as stream:
            stream.seek(size // 2)
            stream.write(bytes(range(256)) * 8)
    else:
        os.truncate(file, size // 2 if damage == 'shortened' else 0)
    with pytest.raises(StrictNpzError, match='written over while it was in use'):
        confirmer.evidence(WINDOW)
    confirmation = Confirmation(confirmer)
    assert hear_a_cry(confirmation).confirmed
    assert 'written over' in confirmation.trouble


def test_a_checkpoint_left_in_its_file_runs_the_same_and_holds_no_weights(tmp_path):
    file = shutil.copy(SHIPPED[''], tmp_path / 'detector.npz')
    frames = np.random.default_rng(1).normal(size=(300, 86)).astype(np.float32)
    expected = make_runtime(load_checkpoint(file)).process(frames)
    checkpoint = load_checkpoint(file, in_memory=False)
    held = [member.arrays for member in checkpoint.members]
    assert all(isinstance(arrays, HeldInFile) for arrays in held)
    assert max(array.nbytes for arrays in held for array in arrays._kept.values()) < LARGE
    runtime = make_runtime(checkpoint)
    file.unlink()
    for got, before in zip(runtime.process(frames), expected):
        np.testing.assert_array_equal(got, before)
    np.testing.assert_array_equal(make_runtime(checkpoint).process(frames)[0], expected[0])


def hear_a_cry(confirmation):
    decision = None
    for step in range(200):
        stamp_ns = (step + 1) * 40_000_000
        confirmation.hear(stamp_ns - 40_000_000, WINDOW[:640])
        decision = confirmation.judge(CryDecision(
            stamp_ns=stamp_ns, crying=True, episode_id='one', changed=step == 0))
    return decision


def test_only_large_arrays_that_are_not_compressed_stay_in_the_file(tmp_path):
    arrays = {'large': np.arange(LARGE, dtype=np.float32), 'small': np.ones(3, np.float32)}
    for number, save in enumerate((np.savez, np.savez_compressed)):
        file = tmp_path / f'{number}.npz'
        save(file, **{f'a.{name}': array for name, array in arrays.items()})
        held = HeldInFile(file, file.read_bytes(), arrays, 'a.')
        assert sorted(held) == ['large', 'small'] and len(held) == 2
        assert all(np.array_equal(held[name], array) for name, array in arrays.items())
        assert held['small'] is arrays['small']
        assert (held['large'] is arrays['large']) == (save is np.savez_compressed)


def test_the_file_is_closed_with_the_last_who_uses_it(file):
    def opened():
        return [link for link in os.listdir('/proc/self/fd')
                if os.path.exists(f'/proc/self/fd/{link}')
                and os.path.samefile(f'/proc/self/fd/{link}', file)]
    confirmer = load_confirmer(file, in_memory=False)
    assert len(opened()) == 2       # each of its networks keeps it open
    del confirmer
    assert not opened()
