# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What `cry_monitor` shows, as messages: the picture, and markers for rviz."""

from array import array

from baby_cry_detector.cry_state import CryState
from baby_cry_detector.views.live import describe
import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

# Colour-blind safe, and told in words beside.
CRYING_RGB, QUIET_RGB, DEAF_RGB = (0.84, 0.37, 0.0), (0.34, 0.71, 0.91), (0.6, 0.6, 0.6)


def crib_markers(need: CryState, header: Header, lasts_s: float) -> MarkerArray:
    """Return a ball whose size is the intensity, and what is believed in words over it."""
    state, details = describe(need)
    colour = DEAF_RGB if not need.is_heard else CRYING_RGB if need.crying else QUIET_RGB
    markers = []
    text = state if not details else f'{state}\n{details.replace(", ", chr(10))}'
    size = 0.15 + 0.35 * (need.intensity if need.crying else 0.0)
    for number, kind, height, scale in ((0, Marker.SPHERE, 0.0, size),
                                        (1, Marker.TEXT_VIEW_FACING, 0.55, 0.12)):
        marker = Marker(header=header, ns='cry_need', id=number, type=kind,
                        action=Marker.ADD, text=text if number else '')
        marker.pose.orientation.w = 1.0
        marker.pose.position.z = height
        marker.scale.x = marker.scale.y = marker.scale.z = scale
        marker.color.r, marker.color.g, marker.color.b = colour if not number else (1.0,) * 3
        marker.color.a = 0.9 if number == 0 else 1.0
        # What is not said again is not true any more.
        marker.lifetime.sec = int(lasts_s)
        markers.append(marker)
    return MarkerArray(markers=markers)


def picture_message(pixels: np.ndarray, header: Header) -> Image:
    """Return a picture, (height, width, 3) uint8, as a message."""
    message = Image(header=header, height=pixels.shape[0], width=pixels.shape[1], encoding='rgb8',
                    is_bigendian=0, step=pixels.shape[1] * 3)
    message.data = array('B', pixels.tobytes())
    return message
