# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A caregiver's stops of the rocking: `rock_stop`, `~/stop`, `~/enable`; they hold, are kept."""

from typing import Any, Callable

from baby_cry_detector.care.motion.motion_gate import LONGEST_PLAN_S
from baby_cry_detector.care.motion.stops.stop_store import KeptStop
from baby_cry_detector.ros.base.crib_inputs import StopInputs
from baby_cry_detector.ros.base.managed_node import survive
from std_srvs.srv import SetBool, Trigger

LOOK_PERIOD_S = 0.2


class CaregiverStops:
    """
    What is said in every state of a node, from its construction on.

    :param node: the managed node that rocks.
    :param halt: stops what moves; takes why.
    :param is_ready: returns whether it is configured. Before that nobody knows what a process
        before left moving, and a stop is owed.
    :ivar kept: the stop that latches.
    """

    def __init__(self, node: Any, halt: Callable[[str], None],
                 is_ready: Callable[[], bool]) -> None:
        """Listen."""
        self._node, self._halt, self._is_ready = node, halt, is_ready
        self.kept = KeptStop(node.get_fully_qualified_name(), node.report)
        self._inputs = StopInputs(node, survive(
            lambda _, who: self._say(who)).__get__(node))
        node.every(LOOK_PERIOD_S, survive(lambda _: self._look()).__get__(node))
        node.create_service(Trigger, '~/stop', survive(
            lambda _, request, response: self._stop(response)).__get__(node))
        node.create_service(SetBool, '~/enable', survive(
            lambda _, request, response: self._enable(request, response)).__get__(node))

    def count(self) -> int:
        """Return how many stop inputs there are."""
        return self._inputs.count()

    def _look(self):
        self._inputs.look()
        self.kept.keep_again()

    def _say(self, who: str):
        """Stop at once and hold that, in every state of the node and over restarts."""
        try:
            self._halt(f'a caregiver said stop ({who})')
        finally:
            self.kept.stop(self._node.get_parameter('stop_hold_s').value)
            if not self._is_ready():
                self.kept.owe(LONGEST_PLAN_S)

    def _stop(self, response):
        """Stop at once."""
        self._say('service')
        return self._answer(response, 'stopped')

    def _enable(self, request, response):
        """Allow rocking, or stop and forbid it; allowing also ends a stop, and confirms a crib."""
        if request.data:
            self.kept.latch.allow()
        else:
            self.kept.latch.forbid()
        self.kept.keep()
        if not request.data:
            self._halt('rocking was switched off')
        return self._answer(
            response, 'rocking is allowed' if request.data else 'rocking is switched off')

    def _answer(self, response, message):
        response.success = True
        response.message = '; '.join(filter(None, (message, self.kept.trouble)))
        return response
