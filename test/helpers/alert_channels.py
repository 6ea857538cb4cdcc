# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Words for alert channels, a sender that fails as told, and a channel that retries quickly."""

import threading

from baby_cry_detector.care.alerts.alert_words import Said
from baby_cry_detector.care.alerts.channels.channel import Channel, Sender
from baby_cry_detector.needs import HEARTBEAT

NS = 1_000_000_000

NS = 1_000_000_000


def said(state, number=1, sequence=1, **kwargs):
    """Return a loud word about an alert."""
    values = {'alert_id': f'a{number}' if state != HEARTBEAT else '', 'sequence': sequence,
              'priority': 2, 'text': 'Crying for 2 min, hard; reason unknown.', 'need': 'UNKNOWN',
              'episode_id': f'crib-{number}', 'listening': True, 'loud': True}
    return Said(state, 'crib', 1_790_000_000 * NS + sequence * NS, **{**values, **kwargs})


class Collecting(Sender):
    """A sender that fails as told, and remembers."""

    name = 'collecting'

    def __init__(self, failures=()):
        self.failures = list(failures)
        self.sent, self.idled, self.closed = [], 0, False
        self.hold = threading.Event()
        self.hold.set()

    def send(self, word, late_s):
        self.hold.wait(20)
        if self.failures:
            failure = self.failures.pop(0)
            if failure is not None:
                raise failure
        self.sent.append(word)

    def idle(self):
        self.idled += 1

    def close(self):
        self.closed = True


def fast(sender, **kwargs):
    """Return a channel that retries quickly."""
    return Channel(sender, **{'first_retry_s': 0.02, 'longest_retry_s': 0.1, **kwargs})
