# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A behaviour of one's own: a night light that glows while the baby cries, and says so."""

from baby_cry_detector.msg import CareEvent, CryNeed
from baby_cry_detector.ros.base import qos
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import Float32

BRIGHTEST = 0.3
SILENCE_S = 1.0


class NightLight(Node):
    """Publishes `brightness`, 0 to 1, for whatever drives the lamp."""

    def __init__(self, **kwargs):
        super().__init__('night_light', **kwargs)
        self.lit_for = ''                                    # the episode
        self.light = self.create_publisher(Float32, 'brightness', qos.LATCHED)
        self.care = self.create_publisher(CareEvent, 'care_event', qos.EVENTS)
        self.create_subscription(CryNeed, 'cry_need', self.hear, qos.LATCHED)
        self.watchdog = self.create_timer(SILENCE_S, self.switch_off)

    def hear(self, need):
        age = self.get_clock().now() - rclpy.time.Time.from_msg(need.header.stamp)
        if abs(age.nanoseconds) > 2e9:
            return                                           # what was said before we were here
        self.watchdog.reset()                                # somebody listens
        if need.status == CryNeed.STATUS_OK and need.crying:
            self.light.publish(Float32(data=BRIGHTEST * need.intensity))
            if not self.lit_for:
                self.lit_for = need.episode_id
                self.tell(CareEvent.PHASE_STARTED, 'started', need.header.frame_id)
        else:
            self.switch_off(need.header.frame_id)

    def switch_off(self, crib=''):
        if self.lit_for:
            self.light.publish(Float32(data=0.0))
            self.tell(CareEvent.PHASE_ENDED, 'ended', crib)
            self.lit_for = ''

    def tell(self, phase, word, crib):
        action = f'{self.lit_for}/night_light'
        event = CareEvent(event_id=f'{action}/{word}', action_id=action, phase=phase,
                          kind=CareEvent.KIND_NOTE, who=self.get_name(),
                          episode_id=self.lit_for, text=f'the night light: {word}')
        event.header.stamp, event.header.frame_id = self.get_clock().now().to_msg(), crib
        self.care.publish(event)


def main():
    rclpy.init()
    try:
        rclpy.spin(NightLight())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        if rclpy.ok():                                       # else SIGTERM came while it published
            raise


if __name__ == '__main__':
    main()
