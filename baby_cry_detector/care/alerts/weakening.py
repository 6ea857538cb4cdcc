# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What somebody changed in a running graph that weakens hearing, privacy or a limit. Pure.

Whoever is in the graph may set live parameters. Their ranges bound what that can do; people are
told of it, and the diary keeps it.
"""

from typing import Any, Dict, Optional, Tuple

RAISED, LOWERED, CHANGED = 1, -1, 0
# Parameter, whichever node has it: which way weakens, and what it means.
WATCHED: Dict[str, Tuple[int, str]] = {
    'enter_threshold': (RAISED, 'fewer cries are heard'),
    'leave_threshold': (RAISED, 'cries are heard for a shorter time'),
    'min_cry_duration_s': (RAISED, 'short cries are not heard'),
    'smoothing_s': (RAISED, 'cries are heard later'),
    'no_audio_timeout_s': (RAISED, 'a silent microphone is noticed later'),
    'gain_db': (CHANGED, 'the microphone hears otherwise than it was set up for'),
    'channel': (CHANGED, 'another channel is listened to'),
    'stamp_tolerance_s': (RAISED, 'gaps in the audio go unnoticed'),
    'clips': (RAISED, 'sound is recorded'),
    'raw_audio': (RAISED, 'sound is published for listening'),
    'cap_dba': (RAISED, 'sounds may be louder at the ear of the baby'),
    'level_dba': (RAISED, 'sounds are louder at the ear of the baby'),
    'hour_minutes': (RAISED, 'sounds may play for longer'),
    'day_minutes': (RAISED, 'sounds may play for longer'),
    'require_imu': (LOWERED, 'it may rock without a sensor'),
}
MOST_REMEMBERED = 500


class ParameterWatch:
    """Remembers values, and says which change weakens what."""

    def __init__(self) -> None:
        """Know none."""
        self._values: Dict[Tuple[str, str], Any] = {}

    def declare(self, node: str, name: str, value: Any) -> None:
        """Note what a node starts with; nobody is told of that."""
        if name in WATCHED and len(self._values) < MOST_REMEMBERED:
            self._values[node, name] = value

    def change(self, node: str, name: str, value: Any) -> Optional[str]:
        """Return a sentence about a change that weakens something, ``None`` for any other."""
        if name not in WATCHED:
            return None
        direction, meaning = WATCHED[name]
        before = self._values.get((node, name))
        self.declare(node, name, value)
        if before == value:
            return None
        # 0 stands for another value (the checkpoint's), and what was before may not be known.
        if before and direction and _number(value) * direction < _number(before) * direction:
            return None
        told = f' from {before!r}' if before is not None else ''
        return f'{name} of {node} was set{told} to {value!r} while it runs: {meaning}'


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (bool, int, float)) else 0.0
