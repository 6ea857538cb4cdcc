# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Microphones and loudspeakers that are not there."""

import pytest


@pytest.fixture
def cribs(server, monkeypatch):
    """Return the module's sound server, which this process finds."""
    server.show_to(monkeypatch)
    return server
