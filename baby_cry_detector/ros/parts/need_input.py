# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a classifier says, to a node beside it: by a call in one process, else as a message."""

from collections import deque
from typing import Callable

from baby_cry_detector.msg import CryNeed
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode
from baby_cry_detector.ros.parts.on_demand import OnDemand

DEPTH = 1000


class NeedInput:
    """
    `cry_need`, in the order in which it was said.

    A message wakes the executor, which costs more than what it says. So a classifier of the same
    process hands it over, and `cry_need` is only subscribed to where there is none, or others
    publish it too.

    :param node: that hears.
    :param step: called without arguments after a message, alone, to take what came from `said`.
    :ivar is_handed: whether a classifier of this process hands over what it says.
    :ivar said: what came and was not taken yet; the oldest first.
    """

    def __init__(self, node: ManagedNode, step: Callable[[], object]) -> None:
        self.is_handed = False
        self.said: deque = deque(maxlen=DEPTH)
        self._node, self._step = node, step
        self._ticking = None
        self._topics = OnDemand(node, {
            'cry_need': (CryNeed, self._on_message, qos.latched(DEPTH))})

    def begin(self, ticking) -> None:
        """Hear from now on; `ticking` calls the step now and then, for what is handed over."""
        self._ticking = ticking
        self.look()

    def look(self) -> bool:
        """Subscribe where that is needed now; return whether several publish `cry_need`."""
        several = self._node.count_publishers('cry_need') > 1
        with self._node.owning('activate'):
            self._topics.need({'cry_need'} if several or not self.is_handed else set())
        return several

    def take(self, message: CryNeed, is_news: bool) -> None:
        """
        Take what a classifier of this process says, in its thread; it is not waited for.

        :param is_news: whether it is more than a repetition, which the next tick takes.
        """
        if self._ticking is None or self._topics.topics:
            return                     # asleep, or it comes as a message
        self.said.append(message)
        if is_news:
            self._ticking.hasten()

    def end(self) -> None:
        """Hear no more."""
        self._ticking = None
        self._topics.need(set())
        self.said.clear()

    def _on_message(self, message: CryNeed) -> None:
        self.said.append(message)
        self._step()
