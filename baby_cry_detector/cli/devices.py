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
"""`baby-cry devices`: the microphones that there are, as the parameter `device` wants them."""

import json
import sys

from baby_cry_detector.audio.microphone import list_devices


def add_parser(subparsers):
    """Declare the subcommand."""
    parser = subparsers.add_parser('devices', help='list microphones', description=__doc__)
    parser.add_argument('--json', action='store_true', help='one JSON object a line')
    parser.set_defaults(run=run)


def run(args) -> int:
    """
    Print index, name, channels and default rate of each input device.

    :return: 0, or 1 if PortAudio sees no input device.
    """
    devices = list_devices()
    for device in devices:
        print(json.dumps(device.as_dict()) if args.json else device)
    if not devices:
        print('no microphone found: is one plugged in, and may this user use it (group audio)?',
              file=sys.stderr)
    return 0 if devices else 1
