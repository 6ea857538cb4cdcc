# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A robot without a diary: a button says what was done, a voice says why the baby cries.

What anything else knows (a button, an app, a voice assistant) comes as a word on `button`; it
becomes a `care_event`. `need_estimator` learns from it, and what it has earned to say comes back
in `cry_need`; its sentence is handed on to `say`, for whatever speaks.
"""

from baby_cry_detector.msg import CareEvent, CryNeed
from baby_cry_detector.ros.base import qos
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import String

KINDS = {'fed': CareEvent.KIND_FED, 'changed': CareEvent.KIND_CHANGED,
         'slept': CareEvent.KIND_SLEPT, 'burped': CareEvent.KIND_BURPED,
         'comforted': CareEvent.KIND_COMFORTED}


class BedsideButton(Node):
    """`button` in, `care_event` out; `cry_need` in, `say` out."""

    def __init__(self, **kwargs):
        super().__init__('bedside_button', **kwargs)
        self.crib = ''
        self.said = ('', '')                                 # the episode and the sentence
        self.care = self.create_publisher(CareEvent, 'care_event', qos.EVENTS)
        self.say = self.create_publisher(String, 'say', qos.LATCHED)
        self.create_subscription(CryNeed, 'cry_need', self.hear, qos.NEED)
        self.create_subscription(String, 'button', self.press, 10)

    def press(self, word):
        if word.data not in KINDS:
            self.get_logger().warning(f'expected one of {", ".join(KINDS)}')
            return
        now = self.get_clock().now()
        event = CareEvent(event_id=f'{self.get_name()}/{now.nanoseconds}', kind=KINDS[word.data],
                          phase=CareEvent.PHASE_MOMENT, who='button')
        event.header.stamp, event.header.frame_id = now.to_msg(), self.crib
        self.care.publish(event)

    def hear(self, need):
        self.crib = need.header.frame_id
        told = need.episode_id, need.need_reason
        if need.status == CryNeed.STATUS_OK and need.crying and need.need_reason \
                and told != self.said:
            self.said = told
            self.say.publish(String(data=need.need_reason))


def main():
    rclpy.init()
    try:
        rclpy.spin(BedsideButton())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        if rclpy.ok():                                       # else SIGTERM came while it published
            raise


if __name__ == '__main__':
    main()
