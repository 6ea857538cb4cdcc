# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The whole graph on a virtual microphone that is taken away and given back while it runs."""

import os
import time

from baby_cry_detector.msg import CryNeed
from graph_harness import RunningGraph
from virtual_microphones import VirtualMicrophones

ERROR = b'\x02'


def unplug_and_return(folder, times, cry):
    """
    Take the microphone away and give it back, ``times`` times, and let a cry be heard each time.

    :param folder: for the sound server's files.
    :param cry: int16 samples at 16 kHz.
    :return: (how often its loss was reported, how often a cry was heard afterwards, seconds until
        the status was OK again after each return).
    """
    server = VirtualMicrophones(folder, ['north_crib'])
    before = {name: os.environ.get(name) for name in server.found_by}
    os.environ.update(server.found_by)
    reported, heard, delays_s = 0, 0, []
    graph = RunningGraph({'audio_capture': {'source': 'mic', 'device': 'north_crib'}},
                         capture=True)
    probe = graph.probe

    try:
        probe.spin_until(lambda: probe.status() == CryNeed.STATUS_OK)
        for _ in range(times):
            server.unplug('north_crib')
            probe.spin_until(lambda: probe.diagnostics['audio_capture'][0] == ERROR)
            probe.spin_until(lambda: probe.status() == CryNeed.STATUS_NO_AUDIO)
            reported += 1
            server.plug('north_crib')
            begin_s = time.monotonic()
            probe.spin_until(lambda: probe.status() == CryNeed.STATUS_OK)
            delays_s.append(time.monotonic() - begin_s)
            del probe.needs[:]
            with server.playing('north_crib', cry, rate=16_000):
                probe.spin_until(lambda: any(need.crying for need in probe.needs))
            heard += 1
            del probe.needs[:], probe.features[:]
            probe.spin_until(lambda: probe.needs)
    finally:
        graph.close()
        server.stop()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return reported, heard, delays_s
