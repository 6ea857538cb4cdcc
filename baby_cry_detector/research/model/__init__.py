# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The trainable network in torch, its training kernel, and export to ONNX.

May import `model`, torch, onnx.
"""
