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
"""What every behaviour node needs to carry out the policy: the file, and what `cry_need` says."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from baby_cry_detector.msg import CryNeed

from baby_cry_detector.behaviours.engine import Heard
from baby_cry_detector.behaviours.policy import Policy
from baby_cry_detector.behaviours.policy_file import read_policy
from baby_cry_detector.nodes.care_messages import need_name
from baby_cry_detector.nodes.ros_time import to_nanoseconds

STATUSES = {CryNeed.STATUS_OK: 'ok', CryNeed.STATUS_NO_AUDIO: 'no_audio',
            CryNeed.STATUS_DISABLED: 'disabled'}


def read_policy_file(path: str) -> Policy:
    """
    Return the policy of a file.

    :param path: of the YAML file; '' for the shipped policy.
    :raises PolicyError: on everything that is wrong in it, with line numbers.
    :raises OSError: if it can't be read.
    """
    if not path:
        path = Path(get_package_share_directory('baby_cry_detector')) / 'config' / 'policy.yaml'
    path = Path(path).expanduser()
    return read_policy(path.read_text(), str(path))


def heard_of(message: CryNeed) -> Heard:
    """Return what a message says; a status that is not known counts as no audio."""
    return Heard(
        stamp_ns=to_nanoseconds(message.header.stamp),
        status=STATUSES.get(message.status, 'no_audio'), crying=message.crying,
        need=need_name(message.need).lower(), confidence=message.confidence,
        intensity=message.intensity, episode_id=message.episode_id,
        onset_ns=to_nanoseconds(message.onset), duration_ns=to_nanoseconds(message.duration),
        crib_id=message.header.frame_id)
