# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
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
