# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What caregivers ask of `caregiver_alert`: by its two services, and through a broker."""

from collections import deque
from typing import Callable, Tuple

from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.base.ros_time import from_nanoseconds, to_nanoseconds
from baby_cry_detector.srv import Acknowledge, Snooze

MOST_COMMANDS = 100


class AlertRequests:
    """
    Passes requests on.

    :param node: that offers the services.
    :param ask: takes ``'take_over'``, who and which alert ('' for the open one), or
        ``'hold_back'``, who and for how long in nanoseconds; returns whether it was done, and a
        sentence.
    :param held_until_ns: returns until when alerts are held back.
    """

    def __init__(self, node: ManagedNode, ask: Callable[..., Tuple[bool, str]],
                 held_until_ns: Callable[[], int]) -> None:
        self._ask, self._held_until_ns = ask, held_until_ns
        self._commands: deque = deque(maxlen=MOST_COMMANDS)    # from a broker's thread
        node.create_service(Acknowledge, '~/acknowledge', self._acknowledge)
        node.create_service(Snooze, '~/snooze', self._snooze)

    def put(self, command: str, seconds: float) -> None:
        """Take a command from any thread; it waits for `obey`."""
        self._commands.append((command, seconds))

    def obey(self) -> None:
        """Do what waits, while the node is active; what comes meanwhile waits on."""
        for _ in range(len(self._commands)):
            command, seconds = self._commands.popleft()
            if command == 'acknowledge':
                self._ask('take_over', 'mqtt', '')
            else:
                self._ask('hold_back', 'mqtt', round(seconds * 1e9))

    def _acknowledge(self, request, response):
        """Take the open alert over."""
        response.success, response.message = self._ask(
            'take_over', request.who, request.alert_id)
        return response

    def _snooze(self, request, response):
        """Hold alerts back for a time."""
        response.success, response.message = self._ask(
            'hold_back', request.who, to_nanoseconds(request.duration))
        response.until = from_nanoseconds(self._held_until_ns())
        return response
