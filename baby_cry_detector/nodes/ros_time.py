# Copyright 2026 The baby_cry_detector authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Between ROS time messages and the integer nanoseconds of the pure core."""

from builtin_interfaces.msg import Duration, Time

NANOSECONDS = 1_000_000_000


def from_nanoseconds(nanoseconds: int) -> Time:
    """Return a ROS time; times before 1970 become 1970, which is all the message can hold."""
    seconds, rest = divmod(max(0, nanoseconds), NANOSECONDS)
    return Time(sec=min(seconds, 2**31 - 1), nanosec=rest)


def duration_from_nanoseconds(nanoseconds: int) -> Duration:
    """Return a ROS duration."""
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    return Duration(sec=max(-2**31, min(seconds, 2**31 - 1)), nanosec=rest)


def to_nanoseconds(stamp) -> int:
    """Return a ROS time or duration in nanoseconds."""
    return stamp.sec * NANOSECONDS + stamp.nanosec


def now_nanoseconds(node) -> int:
    """Return the node's time, which is simulated if use_sim_time says so."""
    return node.get_clock().now().nanoseconds
