# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Decision: from probabilities to episodes, need and intensity."""

from baby_cry_detector.decision.compiled import make_decider
from baby_cry_detector.decision.decider import CryDecider, CryDecision
from baby_cry_detector.decision.need import need_code
from baby_cry_detector.decision.settings import DECISION_PARAMETERS, DecisionSettings
from baby_cry_detector.decision.smoothing import causal_mean, clip_score, window_length
from baby_cry_detector.needs import Need, STATUS_DISABLED, STATUS_NAMES, STATUS_NO_AUDIO, STATUS_OK

__all__ = [
    'causal_mean', 'clip_score', 'CryDecider', 'CryDecision', 'DECISION_PARAMETERS',
    'DecisionSettings', 'make_decider', 'Need', 'need_code', 'STATUS_DISABLED', 'STATUS_NAMES',
    'STATUS_NO_AUDIO', 'STATUS_OK', 'window_length',
]
