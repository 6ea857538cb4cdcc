# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Blocks that come more than once: a relay or a second publisher repeats them."""

from collections import deque
from typing import Any, Deque, Optional, Tuple

MOST_COPIES = 7                        # of a block, right after each other
MANY_COPIES, OF_BLOCKS = 0.2, 200      # share of the newest messages


class Copies:
    """Knows the newest blocks by stamp and bytes."""

    def __init__(self) -> None:
        self._recent: Deque[Tuple[Any, ...]] = deque(maxlen=64)
        self._copies: Deque[bool] = deque(maxlen=OF_BLOCKS)

    def update(self, stamp_ns: int, digest: int, standing_blocks: int) -> bool:
        """
        Take a block; return whether it is a copy, wherever it comes from.

        :param standing_blocks: so many before it had its stamp: stamps that stand still are no
            sign of a copy.
        """
        is_copy = standing_blocks <= MOST_COPIES and (stamp_ns, digest) in self._recent
        self._copies.append(is_copy)
        if not is_copy:
            self._recent.append((stamp_ns, digest))
        return is_copy

    @property
    def are_many(self) -> Optional[bool]:
        """Return whether many of the newest blocks are; None before it can be told."""
        if len(self._copies) < OF_BLOCKS:
            return None
        return sum(self._copies) >= MANY_COPIES * OF_BLOCKS
