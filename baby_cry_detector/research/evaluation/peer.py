# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
YAMNet as a detector of cries, the way Frigate uses it, to compare with.

Windows of 0.975 s, one after the other; a window's score is the higher one of the classes
"Crying, sobbing" and "Baby cry, infant cry". It hears the audio as it is.
"""

from pathlib import Path
from typing import Callable

from baby_cry_detector.audio.sources import SAMPLE_RATE
from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.research.evaluation.background import Scored, Stream
from baby_cry_detector.research.sounds.teacher import Teacher, WINDOW
import numpy as np

CRY_CLASSES = [19, 20]
#: Frigate's default for an audio label; and one window above it is enough.
OWN_THRESHOLD = 0.8
LEAVE_RATIO = 0.99


def yamnet(file: Path) -> Callable[[Stream], Scored]:
    """Return a listener for `background.evaluate_background`; raises as `Teacher`."""
    net = Teacher(file, hop=WINDOW)
    step_s = WINDOW / SAMPLE_RATE
    settings = DecisionSettings(min_cry_duration_s=0.0).resolved(OWN_THRESHOLD,
                                                                 OWN_THRESHOLD * LEAVE_RATIO)

    def listen(stream: Stream) -> Scored:
        scores = net.windows(stream.samples)[:, CRY_CLASSES].max(axis=1)
        return Scored(np.asarray(scores, np.float32), step_s, step_s, settings, stream.pieces,
                      stream.cries)
    return listen
