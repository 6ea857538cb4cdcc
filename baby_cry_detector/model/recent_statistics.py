# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A member network that reads statistics of the last seconds instead of frames one by one.

The recurrent networks hear order in time; this one hears how the descriptors were spread over
the newest ``window_frames``, whatever their order: per column mean, standard deviation, five
quantiles, and size of the change from frame to frame. Its mistakes are others than theirs, which
is why their mean is better than either. It is trained in `research/training/statistics_fit.py`.
"""

from dataclasses import asdict, dataclass
from typing import Any, Dict, Mapping, Optional, Tuple

from baby_cry_detector.fields import setting, Settings
from baby_cry_detector.model.architecture import ArchitectureError, MAX_SIZE, Shapes, sizes
import numpy as np

KIND = 'statistics'
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Mean, standard deviation, the quantiles, standard deviation and mean size of the differences.
N_STATISTICS = 2 + len(QUANTILES) + 2

MAX_WINDOW_FRAMES = 6000
# Standardised statistics are kept within this: one odd value can't drown the rest.
STATISTIC_LIMIT = np.float32(6)
SMALLEST_STD = np.float32(1e-4)


@dataclass(frozen=True)
class StatisticsArchitecture(Settings):
    """
    Statistics of recent frames, ReLU layers, a linear head.

    :raises ArchitectureError: if a value is of the wrong type or range.
    """

    error = ArchitectureError
    input_size: int = setting(0, 'Values per frame.', minimum=1, maximum=MAX_SIZE, required=True)
    window_frames: int = setting(
        200, 'Newest frames that count, fewer after a reset; a multiple of period_frames.',
        minimum=2, maximum=MAX_WINDOW_FRAMES)
    period_frames: int = setting(10, 'Frames between two answers.', minimum=1, maximum=32)
    hidden_sizes: Tuple[int, ...] = sizes((128,), 'Units of each ReLU layer.', 1)
    n_labels: int = setting(
        2, 'Outputs of the head (2: not_cry, cry).', minimum=1, maximum=MAX_SIZE)

    def __post_init__(self) -> None:
        """Check every field and what depends on several."""
        super().__post_init__()
        if self.window_frames % self.period_frames:
            raise ArchitectureError('window_frames: expected a multiple of period_frames '
                                    f'{self.period_frames}, got {self.window_frames}')

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> 'StatisticsArchitecture':
        """
        Return the architecture of a JSON document made by `to_dict`.

        :raises ArchitectureError: on a missing, unknown or wrong entry.
        """
        return cls.of_document({name: value for name, value in document.items()
                                if name != 'kind'})

    def to_dict(self) -> Dict[str, Any]:
        """Return a JSON document of all fields, with ``kind``, which tells it from a network."""
        return {**asdict(self), 'hidden_sizes': list(self.hidden_sizes), 'kind': KIND}

    @property
    def stack_frames(self) -> int:
        """Frames that enter at a step."""
        return self.period_frames

    @property
    def step_size(self) -> int:
        """Values that enter at a step."""
        return self.input_size * self.period_frames

    @property
    def n_statistics(self) -> int:
        """Values that enter the first layer."""
        return self.input_size * N_STATISTICS

    @property
    def n_needs(self) -> int:
        """Return the outputs of a head over needs: it has none."""
        return 0

    def shapes(self) -> Shapes:
        """Return ``{name: shape}`` of every array."""
        shapes: Shapes = {'statistics.mean': (self.n_statistics,),
                          'statistics.std': (self.n_statistics,)}
        size = self.n_statistics
        for layer, units in enumerate(self.hidden_sizes):
            shapes[f'dense.{layer}.weight'] = (units, size)
            shapes[f'dense.{layer}.bias'] = (units,)
            size = units
        shapes['label_head.weight'] = (self.n_labels, size)
        shapes['label_head.bias'] = (self.n_labels,)
        return shapes

    def count_parameters(self, biases: bool = True) -> int:
        """Return how many numbers are trained, with or without the biases."""
        return sum(int(np.prod(shape)) for name, shape in self.shapes().items()
                   if not name.startswith('statistics.') and (biases or 'bias' not in name))


def window_statistics(frames: np.ndarray, into: Optional[np.ndarray] = None) -> np.ndarray:
    """
    Return the statistics of a window, float32 (9 F,): all means first, then all deviations, ….

    :param frames: (n, F) float32, n at least 1, oldest first; finite.
    :param into: where to write the result.
    """
    n, width = frames.shape
    result = np.empty(N_STATISTICS * width, np.float32) if into is None else into
    rows = result.reshape(N_STATISTICS, width)
    rows[0] = frames.mean(0)
    rows[1] = np.sqrt(np.square(frames - rows[0]).mean(0))
    ordered = np.sort(frames, axis=0)
    for row, share in enumerate(QUANTILES):
        rows[2 + row] = ordered[int(round(share * (n - 1)))]
    if n > 1:
        change = np.diff(frames, axis=0)
        rows[-2] = np.sqrt(np.square(change - change.mean(0)).mean(0))
        rows[-1] = np.abs(change, out=change).mean(0)
    else:
        rows[-2:] = 0
    return result


def standardise(statistics: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return (statistics - mean) / std within `STATISTIC_LIMIT`, (..., 9 F)."""
    values = (statistics - mean) / np.maximum(std, SMALLEST_STD)
    result: np.ndarray = np.clip(values, -STATISTIC_LIMIT, STATISTIC_LIMIT, out=values)
    return result


class StatisticsNetwork:
    """Runs one member; the same methods as `numpy_network.NumpyNetwork`."""

    def __init__(self, architecture: StatisticsArchitecture,
                 arrays: Mapping[str, np.ndarray]) -> None:
        """Take the weights of a checked member."""
        self._architecture = architecture
        self._mean, self._std = arrays['statistics.mean'], arrays['statistics.std']
        layers = [f'dense.{layer}' for layer in range(len(architecture.hidden_sizes))]
        self._layers = [(np.ascontiguousarray(arrays[f'{name}.weight']), arrays[f'{name}.bias'])
                        for name in layers + ['label_head']]
        self._window = np.zeros((architecture.window_frames, architecture.input_size), np.float32)
        self._statistics = np.empty(architecture.n_statistics, np.float32)
        self._count = 0

    def step(self, x: np.ndarray) -> Tuple[np.ndarray, None]:
        """
        Return (label logits, None) after ``period_frames`` more frames.

        :param x: normalised values (step_size,), finite, oldest frame first.
        """
        period = self._architecture.period_frames
        window = self._window
        window[:-period] = window[period:].copy()
        window[-period:] = x.reshape(period, -1)
        self._count = min(self._count + period, len(window))
        values = window_statistics(window[len(window) - self._count:], self._statistics)
        return self.answer(standardise(values, self._mean, self._std)), None

    def answer(self, values: np.ndarray) -> np.ndarray:
        """Return the label logits for standardised statistics (9 F,)."""
        for weight, bias in self._layers[:-1]:
            values = weight.dot(values) + bias
            np.maximum(values, 0, out=values)
        weight, bias = self._layers[-1]
        result: np.ndarray = weight.dot(values) + bias
        return result

    def reset(self) -> None:
        """Forget all frames."""
        self._window[:] = 0
        self._count = 0

    def export_state(self) -> Dict[str, np.ndarray]:
        """Return ``{'window': (W, F), 'window_count': ()}``, oldest frame first."""
        return {'window': self._window.copy(), 'window_count': np.array(self._count, np.int64)}

    def import_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Set the state as exported; shapes are the caller's to check."""
        period = self._architecture.period_frames
        count = int(np.clip(int(state['window_count']), 0, len(self._window)))
        self._window[:] = state['window']
        self._count = count - count % period
