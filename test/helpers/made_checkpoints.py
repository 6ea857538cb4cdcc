# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the model tests share: random networks and checkpoints around them."""

from baby_cry_detector.model.architecture import Architecture
from baby_cry_detector.model.checkpoint import Checkpoint, Member
import numpy as np
import pytest

COLUMNS = ('energy', 'pitch', 'c1', 'c2', 'c3', 'voicing')
READ = ('voicing', 'pitch', 'c1', 'c2')


def random_member(architecture, seed, input_columns=READ):
    """Return a member whose weights make it answer with far from constant values."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, shape in architecture.shapes().items():
        # Strong heads and mild recurrences: the answers vary, the dynamics are not chaotic.
        head = name.endswith('_head.weight')
        arrays[name] = rng.normal(0, (5 if head else 1) / np.sqrt(shape[-1]), shape) \
            .astype(np.float32)
        if name.endswith('.bias'):
            arrays[name][:] = 0
        if name.endswith('gate_bias'):
            arrays[name] += np.linspace(0, 3, shape[0], dtype=np.float32)
    return Member(architecture, input_columns, rng.normal(0, 0.3, len(input_columns)),
                  rng.uniform(0.5, 2, len(input_columns)), arrays)


def checkpoint_of(*architectures, **others):
    """Return a checkpoint over six columns, four of them read."""
    n_needs = max(architecture.n_needs for architecture in architectures)
    needs = tuple(f'need{n}' for n in range(n_needs))
    fields = {'feature_set': {'name': 'made', 'columns': list(COLUMNS)},
              'feature_columns': COLUMNS, 'needs': needs, 'temperature': 1.3,
              'need_priors': (1 / n_needs,) * n_needs if n_needs else (),
              'need_temperature': 2.0, 'provenance': {'seed': 3}}
    inputs = (READ, ('c3', 'pitch', 'c1', 'energy'), COLUMNS[:4])
    return Checkpoint(members=tuple(
        random_member(architecture, index, inputs[index % 3])
        for index, architecture in enumerate(architectures)), **{**fields, **others})


def made_frames():
    """Return 60 s of frames (6000, 6), float32, slowly and quickly varying."""
    rng = np.random.default_rng(8)
    slow = np.repeat(rng.normal(size=(60, len(COLUMNS))), 100, axis=0)
    return (slow + rng.normal(size=slow.shape)).astype(np.float32)


@pytest.fixture
def make_checkpoint():
    """Return `checkpoint_of`."""
    return checkpoint_of


@pytest.fixture
def small():
    """Return an architecture of four inputs with every part in it."""
    return Architecture(4, (12, 8), depth=2, stack_frames=2, dense_sizes=(6,), n_needs=3)


@pytest.fixture
def frames():
    """Return frames that were made."""
    return made_frames()
