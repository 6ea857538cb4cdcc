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
"""Where policy files lie, and reading them; what is in them is `behaviours/policy_file.py`."""

import os
from pathlib import Path
import sys

from baby_cry_detector.behaviours.policy import Policy, PolicyError
from baby_cry_detector.behaviours.policy_file import read_policy

NAME = Path('config', 'policy.yaml')


def shipped_policy_path() -> Path:
    """
    Return the path of the default policy: of this source tree, or where it was installed.

    :raises OSError: if it lies at none of these places.
    """
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    places = [Path(__file__).resolve().parents[1] / NAME,
              *(Path(prefix, 'share', 'baby_cry_detector', NAME) for prefix in prefixes if prefix)]
    for place in places:
        if place.is_file():
            return place
    raise OSError(f'the shipped policy is at none of {", ".join(map(str, places))}')


def open_policy(path: str = '') -> Policy:
    """
    Return the policy of a file; '' is the shipped one, "~" the home folder.

    :raises OSError: if it can't be read.
    :raises PolicyError: if it is wrong; a line for each error.
    """
    place = Path(path).expanduser() if path else shipped_policy_path()
    try:
        if place.exists() and not place.is_file():      # a device may never end
            raise PolicyError(f'{place}: expected a policy, this is not a regular file')
        text = place.read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise PolicyError(f'{place}:1: this is not text: {error}') from None
    return read_policy(text, str(place))
