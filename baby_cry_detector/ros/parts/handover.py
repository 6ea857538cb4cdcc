# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What one node hands to another of the same process by a plain call, in place of a message."""

from collections import deque
from typing import Callable, Hashable

from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.managed_node import ManagedNode


class Handover:
    """
    Takes what is handed over, and knows it when it comes as a message too: others may subscribe.

    :param node: that takes; what it raises is reported there.
    :param use: called with what is handed over.
    """

    def __init__(self, node: ManagedNode, use: Callable[..., None]) -> None:
        self._use = node.guarded(use)
        self._keys: deque = deque(maxlen=2 * qos.depth_for())

    def take(self, key: Hashable, *what) -> None:
        """Take something, under the nodes' common lock; its key tells it from others."""
        self._keys.append(key)
        self._use(*what)

    def had(self, key: Hashable) -> bool:
        """Return whether this was handed over, so that its message is to be passed over."""
        return key in self._keys

    def clear(self) -> None:
        """Forget what came."""
        self._keys.clear()
