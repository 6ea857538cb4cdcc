# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What went wrong in a stream: counted by kind, and told to who runs it."""

from collections import Counter
from typing import Callable, Optional


class Troubles:
    """
    Counter of what went wrong.

    :param counts: where to count; ``None`` makes a counter.
    :param tell: called with ``(kind, sentence)`` for what is worth a line in a log.
    """

    def __init__(self, counts: Optional[Counter[str]] = None,
                 tell: Optional[Callable[[str, str], None]] = None) -> None:
        self.counts = Counter() if counts is None else counts
        self._tell = tell

    def count(self, kind: str, number: int = 1) -> None:
        """Count what needs no words."""
        self.counts[kind] += number

    def report(self, kind: str, sentence: str) -> None:
        """Count it and say it."""
        self.counts[kind] += 1
        if self._tell is not None:
            self._tell(kind, sentence)

    def __str__(self) -> str:
        """Return all counts in words; '' if nothing went wrong."""
        return ', '.join(f'{kind.replace("_", " ")} {count}'
                         for kind, count in sorted(self.counts.items()) if count)
