# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a node has open, step by step: subscriptions, publishers, timers, threads, files.

Each belongs to the lifecycle step in which it was made and is given back with it. No callback
that fails ends a node.
"""

from collections import Counter
import contextlib
import functools
import inspect
import time
import traceback
from typing import Any, Callable, ContextManager, Dict, List, Optional

from baby_cry_detector.own_thread import EARLY_S, OwnThread, Recurring
from baby_cry_detector.printable import printable
from baby_cry_detector.ros.base import qos
from baby_cry_detector.ros.base.ros_time import LAST_S, middleware_sentence
from rclpy._rclpy_pybind11 import RCLError
from rclpy.clock import Clock
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.lifecycle import Node
from rclpy.qos import qos_policy_name_from_kind


def survive(callback):
    """
    Wrap a message, timer or service callback: what it raises is counted and reported, not fatal.

    Expected trouble (ValueError, OSError) is one sentence; anything else comes with a traceback.
    """
    @functools.wraps(callback)
    def guarded(self, *args):
        return _guard(self, callback, (self, *args))
    guarded.is_guarded = True
    return guarded


def without_numbers(sentence: str) -> str:
    """Return what a sentence is about: two that differ in their numbers alone are one."""
    return ''.join('#' if character.isdigit() else character for character in sentence)[:80]


def _guard(node, callback, args):
    """Call, alone; a service that fails still answers, and says why."""
    try:
        with node.alone:
            return callback(*args)
    except Exception as error:
        return _answer_failure(node, callback, args, error)


async def _guard_later(node, callback, args):
    """Await; a service that fails still answers, and says why."""
    try:
        return await callback(*args)
    except Exception as error:
        return _answer_failure(node, callback, args, error)


def _answer_failure(node, callback, args, error):
    """Count and say what a callback raised; return what a service answers."""
    if isinstance(error, (ValueError, OSError)):
        node.counts[type(error).__name__] += 1
        node.tell(type(error).__name__, str(error), without_numbers(str(error)))
        why = str(error)
    elif isinstance(error, RCLError) and time.time() > LAST_S:
        why = middleware_sentence(error)
        node.counts['middleware'] += 1
        node.tell('middleware', why, 'clock')
    else:
        # After a signal nothing can be published any more, whoever was about to.
        if node.context.ok():
            node.counts['internal_error'] += 1
            node.tell('internal_error', ''.join(traceback.format_exception(error)),
                      callback.__name__)
        why = f'internal error: {error}'
    response = args[-1] if args else None
    if hasattr(response, 'success') and hasattr(response, 'message'):
        response.success, response.message = False, printable(why)
    return response


class Input:
    """
    A topic that a node listens to.

    :ivar subscription: to it.
    :ivar messages: how many came: of a publisher that is found, and has found this, they do.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.subscription: Any = None

    def counting(self, callback: Callable) -> Callable:
        """Return the callback, counted; rclpy sees by its signature what it takes."""
        @functools.wraps(callback)
        def counted(*args: Any) -> Any:
            self.messages += 1
            return callback(*args)
        return counted


class OwningNode(Node):
    """
    A lifecycle node that knows what it has open; `ManagedNode` says when it is given back.

    `ManagedNode` sets these before ``super().__init__``.

    :ivar alone: under which every callback runs: the thread's lock, or nothing where the executor
        is alone anyway.
    :ivar own_thread: calls what is periodic, where nodes of one process share one; else ``None``,
        and the executor does.
    """

    alone: ContextManager
    own_thread: Optional[OwnThread]
    counts: Counter
    _held: Dict[str, list]
    _inputs: Dict[str, Input]
    _recurring: List[Recurring]
    _opening_in: str
    _incompatible: Dict[str, str]
    _steady_clock: Clock
    _attempt: Callable

    def offer(self, message_type, topic: str, profile):
        """Return a managed publisher; who asks for more than it offers is reported."""
        return self.own(self.create_lifecycle_publisher(
            message_type, topic, profile, qos_overriding_options=qos.OVERRIDABLE,
            event_callbacks=PublisherEventCallbacks(
                incompatible_qos=lambda event: self._note_incompatible(
                    topic, event, 'a subscriber asks for more than is offered'))),
            self.destroy_lifecycle_publisher)

    def hear(self, message_type, topic: str, callback, profile):
        """Return a subscription; a publisher that offers less than it asks for is reported."""
        made = Input()
        made.subscription = self.own(self.create_subscription(
            message_type, topic, made.counting(self.guarded(callback)), profile,
            qos_overriding_options=qos.OVERRIDABLE,
            event_callbacks=SubscriptionEventCallbacks(
                incompatible_qos=lambda event: self._note_incompatible(
                    topic, event, 'a publisher offers less than is asked for'))),
            self.destroy_subscription)
        self._inputs[topic] = made
        return made.subscription

    def listening(self) -> Dict[str, int]:
        """Return of each topic of its own crib how many publishers it has, and what came."""
        own = {topic: one for topic, one in self._inputs.items() if '/' not in topic}
        return {**{f'publishers.{topic}': one.subscription.get_publisher_count()
                   for topic, one in own.items()},
                **{f'messages.{topic}': one.messages for topic, one in own.items()}}

    def every(self, period_s: float, callback, may_be_early: bool = True):
        """
        Return a timer on the steady clock: a simulated one may stand still, or race.

        :param may_be_early: whether a thread that wakes for something else may call it too.
        """
        if self.own_thread is not None:
            made = self.own_thread.every(period_s, self.guarded(callback),
                                         min(EARLY_S, period_s / 2.0) if may_be_early else 0.0)
            self._recurring.append(made)
            return self.own(made, self.destroy_timer)
        return self.own(self.create_timer(period_s, self.guarded(callback),
                                          clock=self._steady_clock), self.destroy_timer)

    def own(self, thing, give_back=None):
        """
        Return ``thing``, which is given back with the step in which this is called.

        :param give_back: called with it; without, its ``close()`` is. Things are given back in
            reverse order. Outside of configure and activate nothing is owned.
        """
        if self._opening_in:
            self._held[self._opening_in].append((thing, give_back or (lambda it: it.close())))
        return thing

    @contextlib.contextmanager
    def owning(self, step: str):
        """Let what is made in this block be given back with a step that has been taken."""
        before, self._opening_in = self._opening_in, step
        try:
            yield
        finally:
            self._opening_in = before

    def create_service(self, srv_type, srv_name, callback, **kwargs):
        """Return a service that answers, whatever its callback does."""
        return super().create_service(srv_type, srv_name, self.guarded(callback), **kwargs)

    def destroy_subscription(self, subscription):
        """Give a subscription back before its step ends."""
        self._disown(subscription)
        self._inputs = {topic: one for topic, one in self._inputs.items()
                        if one.subscription is not subscription}
        return super().destroy_subscription(subscription)

    def destroy_timer(self, timer):
        """Give a timer back before its step ends."""
        self._disown(timer)
        if isinstance(timer, Recurring):
            timer.cancel()
            with contextlib.suppress(ValueError):
                self._recurring.remove(timer)
            return True
        return super().destroy_timer(timer)

    def destroy_lifecycle_publisher(self, publisher):
        """Give a publisher back before its step ends."""
        self._disown(publisher)
        return super().destroy_lifecycle_publisher(publisher)

    def _disown(self, thing) -> None:
        for held in self._held.values():
            held[:] = [pair for pair in held if pair[0] is not thing]

    def _give_back(self, step: str) -> None:
        while self._held[step]:
            thing, give_back = self._held[step].pop()
            self._attempt('give back what was opened', give_back, thing)

    def guarded(self, callback):
        """Return a callback that runs alone and ends no node; see `survive`."""
        if getattr(callback, 'is_guarded', False):
            return callback
        if inspect.iscoroutinefunction(callback):
            @functools.wraps(callback)
            async def guarded_later(*args):
                return await _guard_later(self, callback, args)
            return guarded_later

        @functools.wraps(callback)
        def guarded(*args):
            return _guard(self, callback, args)
        guarded.is_guarded = True
        return guarded

    def _note_incompatible(self, topic, event, what):
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        name = self.resolve_topic_name(topic)
        kind = 'publisher' if 'subscriber' in what else 'subscription'
        self._incompatible[topic] = (
            f'incompatible {policy} on {name}: {what}; the parameter '
            f'qos_overrides.{name}.{kind}.{policy.lower()} changes it here')
        self.counts['incompatible_qos'] += 1
        self.tell('incompatible_qos', self._incompatible[topic], topic)
