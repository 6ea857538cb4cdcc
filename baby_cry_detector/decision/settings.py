# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of a decision, and what they have to fulfil together."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Mapping, Optional

from baby_cry_detector.decision.operating_points import OPERATING_POINTS
from baby_cry_detector.fields import check_values, defaults, Parameter, ParameterError

# For a model that carries none of its own.
DEFAULT_ENTER_THRESHOLD = 0.5
DEFAULT_SMOOTHING_S = 0.3
# The leave threshold where only the enter threshold is given.
LEAVE_TO_ENTER = 0.6

DECISION_PARAMETERS = (
    Parameter('enter_threshold', 0.0,
              'Smoothed cry probability at which an episode begins; 0 takes the checkpoint\'s.',
              minimum=0.0, maximum=0.95, live=True),
    Parameter('leave_threshold', 0.0,
              'Smoothed cry probability below which a cry pauses, less than enter_threshold; '
              '0 takes the checkpoint\'s.',
              minimum=0.0, maximum=0.95, live=True),
    Parameter('smoothing_s', 0.0,
              'Length of the causal mean over the cry probabilities; 0 takes the checkpoint\'s.',
              minimum=0.0, maximum=5.0, live=True),
    Parameter('min_cry_duration_s', 0.3,
              'How much crying has to be heard before it counts as an episode.',
              minimum=0.0, maximum=10.0, live=True),
    Parameter('hold_s', 3.0,
              'Longest pause within an episode; it ends after this time without crying, or when '
              'more audio than this is missing.',
              minimum=0.0, maximum=600.0, live=True),
    Parameter('need_min_confidence', 0.6,
              'A need is named only if its calibrated probability is at least this.',
              minimum=0.0, maximum=1.0, live=True),
    Parameter('need_min_odds_ratio', 2.0,
              'A need is named only if listening made its odds at least this many times what '
              'they were before.',
              minimum=1.0, maximum=1000.0, live=True),
    Parameter('need_min_cry_s', 3.0,
              'How much crying has to be heard before a need is named.',
              minimum=0.0, maximum=600.0, live=True),
    Parameter('operating_point', '',
              'Named thresholds of the checkpoint: sensitive misses least, quiet wakes least, '
              'balanced lies between; empty takes the checkpoint\'s own. A threshold that is '
              'not 0 overrides it.',
              choices=('', *OPERATING_POINTS), live=True),
)


_DEFAULTS = defaults(DECISION_PARAMETERS)


@dataclass(frozen=True)
class DecisionSettings:
    """
    Values of `DECISION_PARAMETERS`, checked one by one and together.

    A threshold or smoothing of 0 stands for the checkpoint's; `resolved` puts that in.

    :raises ParameterError: on a value out of range, or thresholds that do not fit together.
    """

    enter_threshold: float = _DEFAULTS['enter_threshold']
    leave_threshold: float = _DEFAULTS['leave_threshold']
    smoothing_s: float = _DEFAULTS['smoothing_s']
    min_cry_duration_s: float = _DEFAULTS['min_cry_duration_s']
    hold_s: float = _DEFAULTS['hold_s']
    need_min_confidence: float = _DEFAULTS['need_min_confidence']
    need_min_odds_ratio: float = _DEFAULTS['need_min_odds_ratio']
    need_min_cry_s: float = _DEFAULTS['need_min_cry_s']
    operating_point: str = _DEFAULTS['operating_point']

    def __post_init__(self) -> None:
        """Check every value, and those that depend on each other."""
        for name, value in check_values(DECISION_PARAMETERS, asdict(self)).items():
            object.__setattr__(self, name, value)
        if self.enter_threshold and self.leave_threshold >= self.enter_threshold:
            raise ParameterError(f'leave_threshold: {self.leave_threshold} is not below '
                                 f'enter_threshold ({self.enter_threshold})')

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> 'DecisionSettings':
        """
        Return the settings of a mapping by name; what is not in it has its default.

        :raises ParameterError: also on a name that is none of `DECISION_PARAMETERS`.
        """
        return cls(**check_values(DECISION_PARAMETERS, values))

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
