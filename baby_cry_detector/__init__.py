# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Hear a baby cry, say how sure and how hard, and let a robot act."""

from pkgutil import extend_path

# The compiled messages lie in the installed package of the same name: with both on the path,
# `baby_cry_detector.msg` is found from a source checkout too.
__path__ = extend_path(__path__, __name__)

__version__ = '0.2.0'
