# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of the compiled core need."""

import pytest


@pytest.fixture(scope='module')
def built():
    """Skip where Python computes."""
    from baby_cry_detector.model import compiled
    from baby_cry_detector.stream.listener import open_checkpoint
    from compiled_core import core
    core()
    if compiled.make(open_checkpoint()) is None:
        pytest.skip('the compiled core is not installed')
