# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Network and decision in one compiled call against the two one after the other."""

import ctypes
from dataclasses import asdict

from baby_cry_detector.audio.synthesis.synthesiser import synthesise_cry
from baby_cry_detector.features import extract, FeatureSet
from baby_cry_detector.model import compiled as compiled_model
from baby_cry_detector.stream import compiled
from baby_cry_detector.stream.listener import FrameListener, open_checkpoint
from compiled_core import python
import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures('built')
CHECKPOINT = open_checkpoint()
START_NS = 10 ** 18
HOP_NS = 10_000_000
PERIODS_NS = (0, 150_000_000, 10 ** 15)


@pytest.fixture(scope='module')
def rows():
    """Return a cry, a room, a cry and what is no number."""
    rng = np.random.default_rng(5)
    samples = np.concatenate((np.ravel(synthesise_cry(5.0)), rng.normal(0, 3e-4, 48000),
                              np.ravel(synthesise_cry(4.0))))
    rows = extract(FeatureSet.from_dict(CHECKPOINT.feature_set), samples)
    rows[300:310, 5], rows[777] = np.nan, np.inf
    return rows


def pieces(count, seed):
    rng = np.random.default_rng(seed)
    at = 0
    while at < count:
        size = int(rng.choice((0, 1, 3, 4, 10, 17, 63, 64, 65, 200)))
        yield at, min(size, count - at)
        at += size


def told(listener, rows, period_ns, seed):
    """Return what is told of rows in pieces, with a gap on the way."""
    found = []
    for number, (at, size) in enumerate(pieces(len(rows), seed)):
        if number == 9:
            listener.lose_continuity()
        late_ns = 3 * 10 ** 9 if at > 600 else 0
        for decision in listener.process(START_NS + late_ns + at * HOP_NS, rows[at:at + size],
                                         period_ns):
            found.append(asdict(decision))
    return found


def assert_same(mine, theirs):
    assert len(mine) == len(theirs) > 0
    for one, other in zip(mine, theirs):
        for name, value in one.items():
            if isinstance(value, float):
                assert value == pytest.approx(other[name], abs=1e-5), name
            elif name == 'probabilities':
                np.testing.assert_allclose(value, other[name], atol=1e-5)
            else:
                assert value == other[name], name


@pytest.mark.parametrize('period_ns', PERIODS_NS)
def test_equals_python(rows, period_ns):
    listener = FrameListener(CHECKPOINT)
    assert listener._compiled is not None
    with python():
        reference = FrameListener(CHECKPOINT)
    assert reference._compiled is None
    assert_same(told(listener, rows, period_ns, 3), told(reference, rows, period_ns, 3))
    assert listener.runtime.nonfinite_values == reference.runtime.nonfinite_values > 0
    assert listener.decider.gaps == reference.decider.gaps > 0


def test_blocks_of_any_size_tell_the_same(rows):
    def decisions(seed):
        listener = FrameListener(CHECKPOINT)
        return [asdict(decision) for at, size in pieces(len(rows), seed)
                for decision in listener.process(START_NS + at * HOP_NS, rows[at:at + size], 0)]
    assert decisions(7) == decisions(8)


def process_together(work, period_ns):
    """
    Take frames of several streams, each once; the networks that share a model step as one.

    :param work: listener, time of hearing of the first frame, and frames (n, F), n at most 64.
    :return: the decisions of each.
    """
    tasks = (compiled._Task * len(work))()
    kept = [listener.checked(values) for listener, _, values in work]
    for task, (listener, heard_ns, _), values in zip(tasks, work, kept):
        listener.fill(task, heard_ns, values, period_ns)
    work[0][0].run(ctypes.addressof(tasks), len(work))
    return [listener.told(task.result, period_ns) for task, (listener, _, _) in zip(tasks, work)]


def test_streams_together_tell_what_each_tells_alone(rows):
    model = compiled_model.make(CHECKPOINT)
    # More than step together; each hears another part, one hears nothing, one what is no number.
    listeners = [FrameListener(CHECKPOINT, model=model) for _ in range(40)]
    alone = [FrameListener(CHECKPOINT, model=model) for _ in range(40)]
    for block in range(60):
        work, expected = [], []
        for number, listener in enumerate(listeners):
            at, size = 4 * block + 13 * number, 0 if number == 7 else 1 + (block + number) % 5
            values = np.full((size, rows.shape[1]), np.nan) if number == 9 else rows[at:at + size]
            work.append((listener._compiled, START_NS + at * HOP_NS, values))
            own = alone[number]
            expected.append([asdict(d) for d in own._compiled.process(START_NS + at * HOP_NS,
                                                                      values, 0)])
        found = process_together(work, 0)
        assert [[asdict(decision) for decision in told] for told in found] == expected


def test_refuses_frames_of_another_shape(rows):
    listener = FrameListener(CHECKPOINT)
    for wrong in (rows[:, :5], rows[0], np.array([['a'] * rows.shape[1]])):
        with pytest.raises(ValueError):
            listener.process(START_NS, wrong)


def test_refuses_times_out_of_range(rows):
    with pytest.raises(ValueError, match='nanoseconds'):
        list(FrameListener(CHECKPOINT).process(2 ** 62, rows[:4]))
