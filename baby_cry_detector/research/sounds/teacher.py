# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A teacher: YAMNet (Apache-2.0, Google), which knows 521 kinds of sound.

It hears what a network is trained on, and the network learns to say the same beside what it is
for. The robot needs none of this. The file is ``yamnet.tflite`` of 15,600 samples in and 521
scores out; LiteRT (``pip install ai-edge-litert``) runs it.
"""

import hashlib
from pathlib import Path
from typing import Dict, List

from baby_cry_detector.model.second.sound_network import LAYERS, SoundNetwork
from baby_cry_detector.research.training.chains import FRAME_LENGTH, HOP_LENGTH
import numpy as np

WINDOW = 15600
N_CLASSES = 521
#: Rows of the class map: crying, baby's cry, whimper.
CRY_CLASSES = (19, 20, 21)
#: Training streams are brought to this level (RMS, dB of full scale) for the teacher, which
#: takes what is faint for silence; the student hears no level.
LEVEL_DB = -23.0


class TeacherError(ImportError):
    """The teacher can't run here; the message says what to install."""


class Teacher:
    """
    Scores of windows of a signal.

    :param file: the .tflite file.
    :param hop: samples between two windows.
    :raises TeacherError: without LiteRT.
    :raises ValueError: if the file is another network.
    """

    def __init__(self, file: Path, hop: int = WINDOW):
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise TeacherError('YAMNet needs LiteRT: pip install ai-edge-litert') from error
        data = Path(file).read_bytes()
        self.digest = f'{hashlib.sha256(data).hexdigest()}/{hop}/{LEVEL_DB}'
        self._hop = hop
        self._net = Interpreter(model_content=data, num_threads=1)
        self._net.allocate_tensors()
        take, give = self._net.get_input_details()[0], self._net.get_output_details()[0]
        if int(np.prod(take['shape'])) != WINDOW or int(np.prod(give['shape'])) != N_CLASSES:
            raise ValueError(f'{file}: expected a network with {WINDOW} samples in and '
                             f'{N_CLASSES} scores out')
        self._input, self._shape, self._output = take['index'], take['shape'], give['index']

    def windows(self, samples: np.ndarray) -> np.ndarray:
        """Return float32 (n, 521) of every whole window, as the samples are."""
        rows: List[np.ndarray] = []
        for start in range(0, len(samples) - WINDOW + 1, self._hop):
            part = np.asarray(samples[start:start + WINDOW], np.float32)
            self._net.set_tensor(self._input, part.reshape(self._shape))
            self._net.invoke()
            rows.append(self._net.get_tensor(self._output).reshape(-1).copy())
        return np.array(rows, np.float32).reshape(-1, N_CLASSES)

    def scores(self, samples: np.ndarray) -> np.ndarray:
        """Return float16 (n, 521) of every whole window, the level evened out."""
        level = np.sqrt(np.mean(np.square(samples))) + 1e-9
        gain = min(10.0 ** (LEVEL_DB / 20.0) / level, 100.0)
        return self.windows(np.clip(samples * gain, -1.0, 1.0)).astype(np.float16)

    def arrays(self) -> Dict[str, np.ndarray]:
        """
        Return its weights by the names of `model/second/sound_network.py`.

        The products over the channels stay the eight-bit numbers that they are.

        :raises ValueError: if its layers are others.
        """
        found = {}
        details = {part['index']: part for part in self._net.get_tensor_details()}

        def constant(index: int) -> np.ndarray:
            value = self._net.get_tensor(index)
            if value.dtype != np.int8:
                return np.asarray(value, np.float32)
            quantised = details[index]['quantization_parameters']
            shape = [1] * value.ndim
            shape[quantised['quantized_dimension']] = -1
            return value.astype(np.float32) * quantised['scales'].reshape(shape)

        found['window'], found['mel'] = constant(3), constant(70)
        found['first'] = constant(11)[..., 0].transpose(1, 2, 0)
        found['first_bias'] = constant(13)
        for number in range(len(LAYERS)):
            found[f'depth{number}'] = constant(43 + number)[0]
            found[f'depth{number}_bias'] = constant(14 + 2 * number)
            index = 56 + number
            found[f'point{number}'] = self._net.get_tensor(index)[:, 0, 0, :]
            found[f'point{number}_scale'] = np.asarray(
                details[index]['quantization_parameters']['scales'], np.float32)
            found[f'point{number}_bias'] = constant(15 + 2 * number)
        found = {name: np.array(value, order='C') for name, value in found.items()}
        SoundNetwork(found)
        return found

    def last_frames(self, n_frames: int) -> np.ndarray:
        """Return the last 10 ms frame within each window of a stream of so many frames."""
        n_samples = n_frames * HOP_LENGTH + FRAME_LENGTH - HOP_LENGTH
        ends = np.arange(0, n_samples - WINDOW + 1, self._hop) + WINDOW
        return np.minimum((ends - FRAME_LENGTH) // HOP_LENGTH, n_frames - 1)
