# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How long a stop waits for a brake that is safe whatever is carried out; pure."""

import math

# A quarter of a swing, at whose end there is one. What was sent before ends at rest by itself.
PATIENT_S = 0.5


class Patience:
    """Begins with the first brake that is asked for, and anew once one was sent."""

    def __init__(self) -> None:
        """Nothing was asked for."""
        self._since_s = self._asked_s = -math.inf

    def is_left(self, now_s: float) -> bool:
        """Return whether only a brake will do that is safe whatever is carried out."""
        if now_s > self._asked_s + PATIENT_S:
            self._since_s = now_s
        self._asked_s = now_s
        return now_s < self._since_s + PATIENT_S

    def end(self) -> None:
        """Begin anew with the next one: a brake was sent, or it is at rest."""
        self._asked_s = -math.inf
