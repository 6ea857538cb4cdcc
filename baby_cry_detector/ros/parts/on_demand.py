# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions that a node has only while somebody wants what it makes of them."""

from typing import AbstractSet, Any, Callable, Dict, Mapping, Set, Tuple

from baby_cry_detector.ros.base.managed_node import ManagedNode


class OnDemand:
    """
    Subscribes to what is needed now, and to nothing else.

    :param node: that hears.
    :param kinds: of each topic: message type, callback, quality of service.
    """

    def __init__(self, node: ManagedNode, kinds: Mapping[str, Tuple[Any, Callable, Any]]) -> None:
        self._node, self._kinds = node, kinds
        self._subscriptions: Dict[str, Any] = {}

    @property
    def topics(self) -> Set[str]:
        """Return what is subscribed to."""
        return set(self._subscriptions)

    def need(self, topics: AbstractSet[str]) -> Set[str]:
        """Subscribe to these alone; return those that are not listened to any more."""
        dropped = self.topics - topics
        for topic in dropped:
            self._node.destroy_subscription(self._subscriptions.pop(topic))
        for topic in sorted(topics - self.topics):
            kind, callback, profile = self._kinds[topic]
            self._subscriptions[topic] = self._node.hear(kind, topic, callback, profile)
        return dropped
