# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is to be said of the audio that arrives: fine, a remark, or not to be trusted."""

from dataclasses import dataclass

OK, WARN, ERROR = range(3)             # as diagnostics number them


@dataclass(frozen=True)
class Verdict:
    """
    One judgement.

    :param level: `OK`, `WARN` (it is heard all the same) or `ERROR`.
    :param kind: one word, for counting.
    :param sentence: cause and remedy; '' where nothing is wrong.
    :param trusted: whether silence may be taken for a quiet baby.
    """

    level: int = OK
    kind: str = ''
    sentence: str = ''
    trusted: bool = True


FINE = Verdict()


def worst(*verdicts: Verdict) -> Verdict:
    """Return the gravest; of equals the first."""
    return max(verdicts, key=lambda verdict: (verdict.level, not verdict.trusted))
