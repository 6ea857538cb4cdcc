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
"""A microphone that is unplugged and comes back, heard by the whole graph; ten times in soak."""

from endurance import minute_with_cry
import pytest
from unplugging import unplug_and_return
import virtual_microphones

WHY = virtual_microphones.missing()


@pytest.mark.skipif(bool(WHY), reason=WHY or 'possible')
def test_the_graph_says_so_and_hears_again_without_a_restart(tmp_path):
    cry = minute_with_cry(6)[int(19.5 * 16_000):int(27 * 16_000)]
    reported, heard, _ = unplug_and_return(tmp_path, 2, cry)
    assert (reported, heard) == (2, 2)
