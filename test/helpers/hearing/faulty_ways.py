# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on the way of audio, as functions of its blocks ``(stamp_ns, data)``."""

NS = 1_000_000_000


def shift(jump_s):
    """Return a fault: from the tenth second on the clock is another one."""
    def fault(blocks):
        return [(stamp_ns + (int(jump_s * NS) if index >= 250 else 0), data)
                for index, (stamp_ns, data) in enumerate(blocks)]
    return fault


def repeat(blocks):
    """Every tenth message arrives twice, some of them half a second late."""
    repeated = []
    for index, block in enumerate(blocks):
        repeated.append(block)
        if index % 10 == 9:
            repeated.append(blocks[index - 12 if index % 20 == 9 and index > 12 else index])
    return repeated
