# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The streaming runtime: a checkpoint that answers frame by frame.

Every frame enters once. Each member network picks its columns, normalises them and steps every
``stack_frames`` frames; its answer is held in between. The members' logits are averaged, divided
by the temperature and turned into probabilities. Blocks of any size give the same bits.
"""

import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from baby_cry_detector.model import compiled
from baby_cry_detector.model.checkpoint import Checkpoint, Member
from baby_cry_detector.model.numpy_network import NumpyNetwork
from baby_cry_detector.model.recent_statistics import StatisticsArchitecture, StatisticsNetwork
import numpy as np

# Normalised values are kept within this, so that no product of finite numbers overflows.
INPUT_LIMIT = np.float32(1e6)


class RuntimeStateError(ValueError):
    """A state that does not belong to this checkpoint; the message names what was expected."""


def make_runtime(checkpoint: Checkpoint, model: Optional[compiled.CompiledModel] = None
                 ) -> Union['Runtime', compiled.CompiledRuntime]:
    """
    Return a runtime in the state before the first frame: compiled, or else `Runtime`.

    :param model: the checkpoint's `compiled.make`, which many streams may share.
    """
    model = model or compiled.make(checkpoint)
    return Runtime(checkpoint) if model is None else compiled.CompiledRuntime(model)


class Runtime:
    """
    The members of a checkpoint and their state, in NumPy.

    :ivar nonfinite_values: values that were NaN or infinite, in columns that are read, since
        the last reset; each was replaced by the training mean.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Build the member networks; see `make_runtime`."""
        self.checkpoint = checkpoint
        columns = {name: index for index, name in enumerate(checkpoint.feature_columns)}
        self._members = [_RunningMember(member, columns) for member in checkpoint.members]
        self._read_columns = np.array(sorted({columns[name] for member in checkpoint.members
                                              for name in member.input_columns}), dtype=np.intp)
        self._cry_rows = [checkpoint.labels.index(label) for label in checkpoint.cry_labels]
        self._with_needs = [member for member in self._members
                            if member.architecture.n_needs]
        self.reset()

    def process(self, frames: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """
        Return the answers after each frame.

        :param frames: (n, columns of the feature set), any n; not finite values are survived.
        :return: cry probability (n,) and need probabilities (n, needs), float32, in [0, 1];
            0 before every member has stepped once.
        :raises ValueError: on a wrong shape; the state is then as before.
        """
        frames = compiled.check_frames(frames, len(self.checkpoint.feature_columns))
        with np.errstate(over='ignore', invalid='ignore'):
            frames = frames.astype(np.float32, copy=False)
            finite = np.isfinite(frames.take(self._read_columns, axis=1))
            self.nonfinite_values += int(finite.size - np.count_nonzero(finite))
            inputs = [member.normalise(frames) for member in self._members]
        n = len(frames)
        cry = np.empty(n, np.float32)
        needs = np.empty((n, len(self.checkpoint.needs)), np.float32)
        for row in range(n):
            stepped = False
            for member, values in zip(self._members, inputs):
                stepped |= member.push(values[row])
            if stepped:
                self._answer()
            cry[row] = self._cry
            needs[row] = self._needs
        return cry, needs

    def step(self, frame: np.ndarray) -> Tuple[float, np.ndarray]:
        """Return cry probability and need probabilities (needs,) after one frame (columns,)."""
        cry, needs = self.process(np.asarray(frame)[None])
        return float(cry[0]), needs[0]

    def reset(self) -> None:
        """Return to the state before the first frame."""
        self.nonfinite_values = 0
        for member in self._members:
            member.reset()
        self._cry: float = 0.0
        self._needs: Sequence[float] = [0.0] * len(self.checkpoint.needs)

    def export_state(self) -> Dict[str, np.ndarray]:
        """Return the state as named arrays."""
        state = {'nonfinite_values': np.array(self.nonfinite_values, np.int64)}
        for index, member in enumerate(self._members):
            state.update({f'member{index}.{name}': value
                          for name, value in member.export_state().items()})
        return state

    def import_state(self, state: Mapping[str, Any]) -> None:
        """
        Continue from an exported state.

        :raises RuntimeStateError: if it is of another checkpoint or not finite; the state
            is then as before.
        """
        expected = self.export_state()
        checked = {}
        for name in sorted(set(expected) | set(state)):
            if name not in state or name not in expected:
                problem = 'is missing' if name in expected else 'is unknown'
                raise RuntimeStateError(f'state: {name} {problem}')
            value = np.asarray(state[name])
            if value.shape != expected[name].shape or value.dtype.kind not in 'fiu' \
                    or expected[name].ndim and not (np.abs(value) <= INPUT_LIMIT).all():
                raise RuntimeStateError(f'state: {name}: expected numbers of shape '
                                        f'{expected[name].shape} within ±{INPUT_LIMIT:g}')
            checked[name] = value.astype(expected[name].dtype)
        for index, member in enumerate(self._members):
            count = int(checked[f'member{index}.pending_count'])
            if not 0 <= count < member.architecture.stack_frames:
                raise RuntimeStateError(f'state: member{index}.pending_count: expected 0 to '
                                        f'{member.architecture.stack_frames - 1}, got {count}')
        self.nonfinite_values = int(checked['nonfinite_values'])
        for index, member in enumerate(self._members):
            prefix = f'member{index}.'
            member.import_state({name[len(prefix):]: value for name, value in checked.items()
                                 if name.startswith(prefix)})
        self._answer()

    def _answer(self) -> None:
        """Average the members' held logits into the held probabilities."""
        if not all(member.answered for member in self._members):
            self._cry, self._needs = 0.0, [0.0] * len(self.checkpoint.needs)
            return
        shares = _softmax(_mean([member.labels for member in self._members]),
                          self.checkpoint.temperature)
        self._cry = sum(shares[row] for row in self._cry_rows)
        if self._with_needs:
            self._needs = _softmax(_mean([member.needs for member in self._with_needs]),
                                   self.checkpoint.need_temperature)


class _RunningMember:
    """One member network, its normalisation, the frames not yet stepped and held logits."""

    def __init__(self, member: Member, columns: Mapping[str, int]) -> None:
        self.architecture = member.architecture
        self.network: Union[NumpyNetwork, StatisticsNetwork]
        if isinstance(member.architecture, StatisticsArchitecture):
            self.network = StatisticsNetwork(member.architecture, member.arrays)
        else:
            self.network = NumpyNetwork(member.architecture, member.arrays)
        self._columns = np.array([columns[name] for name in member.input_columns], np.intp)
        self._mean, self._std = member.mean, member.std
        self._pending = np.zeros(member.architecture.step_size, np.float32)
        self._size, self._stack = member.architecture.input_size, member.architecture.stack_frames
        self.reset()

    def reset(self) -> None:
        self.network.reset()
        self._pending[:] = 0
        self._count = 0
        self.answered = False
        self.labels: List[float] = [0.0] * self.architecture.n_labels
        self.needs: List[float] = [0.0] * self.architecture.n_needs

    def normalise(self, frames: np.ndarray) -> np.ndarray:
        """Return (n, input_size), finite: what is not becomes the training mean, which is 0."""
        values = frames.take(self._columns, axis=1)
        np.subtract(values, self._mean, values)
        np.divide(values, self._std, values)
        finite = np.isfinite(values)
        if not finite.all():
            values[~finite] = 0
        np.maximum(values, -INPUT_LIMIT, out=values)
        result: np.ndarray = np.minimum(values, INPUT_LIMIT, out=values)
        return result

    def push(self, values: np.ndarray) -> bool:
        """Take one normalised frame; return whether the network stepped."""
        start = self._count * self._size
        self._pending[start:start + self._size] = values
        self._count += 1
        if self._count < self._stack:
            return False
        self._count = 0
        labels, needs = self.network.step(self._pending)
        self.labels = labels.tolist()
        if needs is not None:
            self.needs = needs.tolist()
        self.answered = True
        return True

    def export_state(self) -> Dict[str, np.ndarray]:
        pending = self._pending.copy()
        pending[self._count * self._size:] = 0          # frames that have been stepped already
        return {**self.network.export_state(), 'pending': pending,
                'pending_count': np.array(self._count, np.int64),
                'answered': np.array(self.answered, np.int64),
                'labels': np.array(self.labels, np.float32),
                'needs': np.array(self.needs, np.float32)}

    def import_state(self, state: Mapping[str, np.ndarray]) -> None:
        self.network.import_state(state)
        np.clip(state['pending'], -INPUT_LIMIT, INPUT_LIMIT, out=self._pending)
        self._count = int(state['pending_count'])
        self.answered = bool(state['answered'])
        self.labels, self.needs = state['labels'].tolist(), state['needs'].tolist()


def _mean(rows: List[List[float]]) -> List[float]:
    return rows[0] if len(rows) == 1 else [sum(values) / len(rows) for values in zip(*rows)]


def _softmax(logits: Sequence[float], temperature: float) -> List[float]:
    top = max(logits)
    powers = [math.exp((logit - top) / temperature) for logit in logits]
    total = sum(powers)
    return [power / total for power in powers]
