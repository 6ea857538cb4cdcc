# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of a decision, and what they have to fulfil together."""

from dataclasses import dataclass, replace
from typing import Optional

from baby_cry_detector.decision.operating_points import OPERATING_POINTS
from baby_cry_detector.fields import ParameterError, setting, Settings

# For a model that carries none of its own.
DEFAULT_ENTER_THRESHOLD = 0.5
DEFAULT_SMOOTHING_S = 0.3
# The leave threshold where only the enter threshold is given.
LEAVE_TO_ENTER = 0.6


@dataclass(frozen=True)
class DecisionSettings(Settings):
    """
    What a decision goes by, checked one by one and together.

    A threshold or smoothing of 0 stands for the checkpoint's; `resolved` puts that in.

    :raises ParameterError: on a value out of range, or thresholds that do not fit together.
    """

    enter_threshold: float = setting(
        0.0, "Smoothed cry probability at which an episode begins; 0 takes the checkpoint's.",
        minimum=0.0, maximum=0.95, live=True)
    leave_threshold: float = setting(
        0.0, 'Smoothed cry probability below which a cry pauses, less than enter_threshold; 0 '
        "takes the checkpoint's.", minimum=0.0, maximum=0.95, live=True)
    smoothing_s: float = setting(
        0.0, "Length of the causal mean over the cry probabilities; 0 takes the checkpoint's.",
        minimum=0.0, maximum=5.0, live=True)
    min_cry_duration_s: float = setting(
        0.3, 'How much crying has to be heard before it counts as an episode.', minimum=0.0,
        maximum=10.0, live=True)
    hold_s: float = setting(
        3.0, 'Longest pause within an episode; it ends after this time without crying, or when '
        'more audio than this is missing.', minimum=0.0, maximum=600.0, live=True)
    need_min_confidence: float = setting(
        0.6, 'A need is named only if its calibrated probability is at least this.', minimum=0.0,
        maximum=1.0, live=True)
    need_min_odds_ratio: float = setting(
        2.0, 'A need is named only if listening made its odds at least this many times what they '
        'were before.', minimum=1.0, maximum=1000.0, live=True)
    need_min_cry_s: float = setting(
        3.0, 'How much crying has to be heard before a need is named.', minimum=0.0, maximum=600.0,
        live=True)
    operating_point: str = setting(
        '', 'Named thresholds of the checkpoint: sensitive misses least, quiet wakes least, '
        "balanced lies between; empty takes the checkpoint's own. A threshold that is not 0 "
        'overrides it.', choices=('', *OPERATING_POINTS), live=True)

    def __post_init__(self) -> None:
        """Check every value, and those that depend on each other."""
        super().__post_init__()
        if self.enter_threshold and self.leave_threshold >= self.enter_threshold:
            raise ParameterError(f'leave_threshold: {self.leave_threshold} is not below '
                                 f'enter_threshold ({self.enter_threshold})')

    def resolved(self, enter_threshold: Optional[float] = None,
                 leave_threshold: Optional[float] = None,
                 smoothing_s: Optional[float] = None) -> 'DecisionSettings':
        """
        Return the settings with neither thresholds nor smoothing left at 0.

        :param enter_threshold: the checkpoint's, if it has one.
        :param leave_threshold: the checkpoint's, if it has one; not used where the enter
            threshold that counts is at or below it.
        :param smoothing_s: the checkpoint's, if it has one.
        :raises ParameterError: if a leave threshold of one's own is not below the enter threshold.
        """
        enter = self.enter_threshold or enter_threshold or DEFAULT_ENTER_THRESHOLD
        leave = self.leave_threshold or leave_threshold
        if not leave or (not self.leave_threshold and leave >= enter):
            leave = LEAVE_TO_ENTER * enter
        smoothing = self.smoothing_s or smoothing_s or DEFAULT_SMOOTHING_S
        return replace(self, enter_threshold=float(enter), leave_threshold=float(leave),
                       smoothing_s=float(smoothing))


# The same as a table: for options of commands.
DECISION_PARAMETERS = DecisionSettings.table()
