# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of care start nodes in."""

import pytest


@pytest.fixture
def graph(tmp_path):
    """Return a domain in which nodes can be started."""
    from care_graph import CareGraph       # needs ROS, without which the tests are skipped
    running = CareGraph(tmp_path)
    yield running
    running.close()
