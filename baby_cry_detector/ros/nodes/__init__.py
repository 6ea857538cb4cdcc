# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One small file per node: subscriptions, services and timers around the pure rooms."""

import importlib
from typing import Any


def node_class(name: str) -> Any:
    """Return the class of a node of this package: `ros.nodes.ward_page.WardPage`."""
    module = importlib.import_module(f'baby_cry_detector.ros.nodes.{name}')
    return getattr(module, name.title().replace('_', ''))
