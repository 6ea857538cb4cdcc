# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Manifests, augmentation, the training loop and the evaluation of detectors.

May import torch, matplotlib and every pure room.
"""
