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
"""
Serve the caregiver's page for one crib, beside the graph of baby_cry_detector.launch.py.

    ros2 launch baby_cry_detector caregiver_page.launch.py host:=0.0.0.0
"""

from pathlib import Path

from baby_cry_detector.nodes.launching import describe_behaviour


def generate_launch_description():
    """Declare the node's parameters as arguments, and start it."""
    return describe_behaviour('caregiver_page', Path(__file__).absolute().parent.parent)
