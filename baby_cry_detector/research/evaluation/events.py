# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes of a stream from its probabilities, by the decision's own rule, quickly."""

from typing import List, Tuple

from baby_cry_detector.decision.episodes import EpisodeTracker
from baby_cry_detector.decision.settings import DecisionSettings
from baby_cry_detector.units import SECOND_NS
import numpy as np

#: The tracker runs on for this long after the last pause could have ended.
SPARE_S = 1.5

Episodes = List[Tuple[float, float]]


def episodes(smooth: np.ndarray, settings: DecisionSettings, step_s: float,
             lookahead_s: float = 0.0) -> Episodes:
    """
    Return (onset, end) in seconds of stream time.

    The tracker only hears the parts where something could begin or go on, so hours of quiet
    cost nothing; between them nothing is in progress.

    :param smooth: (n,) probabilities after smoothing, one a step.
    :param settings: resolved.
    :param lookahead_s: from the beginning of a step until it is known.
    """
    smooth = np.asarray(smooth, float)
    found: Episodes = []
    tracker = EpisodeTracker(settings, step_s)
    pad = int(np.ceil((settings.hold_s + SPARE_S) / step_s))
    for start, stop in _regions(smooth >= settings.leave_threshold, pad):
        tracker.reset()
        crying = False
        for number, value in enumerate(smooth[start:stop].tolist(), start=start):
            time_ns = round((number * step_s + lookahead_s) * SECOND_NS)
            now = tracker.update(time_ns, value)
            if now and not crying:
                found.append((time_ns / SECOND_NS, float('inf')))
            if crying and not now and tracker.episode is not None:
                found[-1] = (found[-1][0], tracker.episode.last_heard_ns / SECOND_NS)
            crying = now
        if crying:
            found[-1] = (found[-1][0], stop * step_s)
    return found


def _regions(active: np.ndarray, pad: int) -> List[Tuple[int, int]]:
    """
    Return stretches that hold all active steps and ``pad`` inactive ones after each.

    What lies between two of them has been inactive for longer than ``pad`` steps.
    """
    rows = np.flatnonzero(active)
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(rows) > pad)
    starts = rows[np.concatenate(([0], cuts + 1))]
    stops = rows[np.concatenate((cuts, [len(rows) - 1]))] + pad + 1
    return [(int(start), int(min(stop, len(active)))) for start, stop in zip(starts, stops)]
