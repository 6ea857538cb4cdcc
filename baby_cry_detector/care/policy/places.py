# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where policy files lie, and reading them; what is in them is `policy_file.py`."""

import os
from pathlib import Path
import sys

from baby_cry_detector.bounded_yaml import LARGEST_CHARACTERS
from baby_cry_detector.care.policy.policy import Policy, PolicyError
from baby_cry_detector.care.policy.policy_file import read_policy
from baby_cry_detector.printable import printable

NAME = Path('config', 'policy.yaml')
LARGEST_BYTES = 4 * LARGEST_CHARACTERS


def shipped_policy_path() -> Path:
    """
    Return the path of the default policy: of this source tree, or where it was installed.

    :raises OSError: if it lies at none of these places.
    """
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    places = [Path(__file__).resolve().parents[3] / NAME,
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
    name = printable(place, 300)
    try:
        if place.exists() and not place.is_file():      # a device may never end
            raise PolicyError(f'{name}: expected a policy, this is not a regular file')
        with open(place, 'rb') as file:
            data = file.read(LARGEST_BYTES + 1)
        if len(data) > LARGEST_BYTES:
            raise PolicyError(f'{name}: longer than any policy')
        text = data.decode('utf-8')
    except UnicodeDecodeError:
        raise PolicyError(f'{name}:1: this is not text') from None
    except PolicyError:
        raise
    except ValueError as error:           # a name with a zero in it
        raise PolicyError(f'{name}: {error}') from None
    return read_policy(text, name)
