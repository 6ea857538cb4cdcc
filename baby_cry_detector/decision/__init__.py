# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Decision: from probabilities to episodes, need and intensity."""

from baby_cry_detector.decision.decider import (CryDecider, CryDecision, STATUS_DISABLED,
                                                STATUS_NAMES, STATUS_NO_AUDIO, STATUS_OK)
from baby_cry_detector.decision.need import Need, need_code
from baby_cry_detector.decision.settings import DECISION_PARAMETERS, DecisionSettings
from baby_cry_detector.decision.smoothing import causal_mean, clip_score, window_length

__all__ = ['causal_mean', 'clip_score', 'CryDecider', 'CryDecision', 'DECISION_PARAMETERS',
           'DecisionSettings', 'Need', 'need_code', 'STATUS_DISABLED', 'STATUS_NAMES',
           'STATUS_NO_AUDIO', 'STATUS_OK', 'window_length']
