# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry devices`: microphones or loudspeakers, as the parameter `device` wants them."""

import json
import sys

from baby_cry_detector.audio.devices.microphone import list_devices
from baby_cry_detector.audio.devices.speaker import list_speakers


def add_parser(subparsers):
    """Declare the subcommand."""
    parser = subparsers.add_parser('devices', help='list microphones or loudspeakers',
                                   description=__doc__)
    parser.add_argument('--speakers', action='store_true', help='list loudspeakers instead')
    parser.add_argument('--json', action='store_true', help='one JSON object a line')
    parser.set_defaults(run=run)


def run(args) -> int:
    """
    Print index, name, channels and default rate of each device.

    :return: 0, or 1 if PortAudio sees none.
    """
    devices = list_speakers() if args.speakers else list_devices()
    for device in devices:
        print(json.dumps(device.as_dict()) if args.json else device)
    if not devices:
        noun = 'loudspeaker' if args.speakers else 'microphone'
        print(f'no {noun} found: is one plugged in, and may this user use it (group audio)?',
              file=sys.stderr)
    return 0 if devices else 1
