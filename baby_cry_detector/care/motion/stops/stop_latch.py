# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A caregiver's stop, which holds until it is reset, or until its time has passed.

Pure: times are seconds since the machine started, which nobody can set; `document` and `restore`
carry it over restarts. After a reboot nobody knows how much time has passed: it holds anew.
"""

import math
from typing import Any, Dict, Mapping, Optional

LONGEST_OWED_S = 60.0                     # far longer than anything that was sent may go on
UNREADABLE = "what was kept of a caregiver's stop makes no sense"
OTHER_CRIB = ('joint, rest_position or units_per_metre are not what they were: see that the crib '
              'is at rest and confirm with ~/enable true')


class StopLatch:
    """Nothing may move while `objection` says so."""

    def __init__(self) -> None:
        """Everything is allowed."""
        self.forbidden = ''               # until somebody allows it again
        self._until_s = 0.0
        self._hold_s = 0.0
        self._crib: Optional[Dict[str, Any]] = None
        self._owed_s = -math.inf          # till then something may go on that was to be stopped

    def owe(self, now_s: float, longest_s: float) -> bool:
        """
        Know that a stop could not be carried out yet, though something may move.

        :param longest_s: how long that may go on at most.
        :return: whether that is new, and is to be kept.
        """
        is_new = not self.owes(now_s)
        self._owed_s = max(self._owed_s, now_s + longest_s)
        return is_new

    def owes(self, now_s: float) -> bool:
        """Return whether a process that has ended was to stop something that may still move."""
        return now_s < self._owed_s

    def stop(self, now_s: float, hold_s: float) -> None:
        """Somebody said stop; a longer hold that goes on stays."""
        if now_s + hold_s >= self._until_s:
            self._until_s, self._hold_s = now_s + hold_s, hold_s

    def forbid(self) -> None:
        """Nothing moves until `allow`."""
        self.forbidden = 'rocking is switched off'

    def allow(self) -> None:
        """Somebody reset it: no stop holds any more, and the crib is what it is now."""
        self.forbidden = ''
        self._until_s = self._hold_s = 0.0

    def identify(self, crib: Dict[str, Any]) -> bool:
        """
        Say which crib this is; one that is not the one of before has to be confirmed.

        :return: whether that is new, and is to be kept.
        """
        before, self._crib = self._crib, dict(crib)
        if before == crib:
            return False
        if before is not None:
            self.forbidden = OTHER_CRIB
        return True

    def objection(self, now_s: float) -> str:
        """Return why nothing may move now, or ''."""
        if self.forbidden:
            return self.forbidden
        left_s = self._until_s - now_s
        return f'a caregiver said stop; not before {math.ceil(left_s)} s' if left_s > 0 else ''

    def document(self, clock_id: str) -> Dict[str, Any]:
        """Return what is to be kept; ``clock_id`` names this run of the clock, '' none."""
        return {'clock_id': clock_id, 'forbidden': self.forbidden, 'until_s': self._until_s,
                'hold_s': self._hold_s, 'crib': self._crib,
                'owed_s': self._owed_s if math.isfinite(self._owed_s) else None}

    def restore(self, document: Mapping[str, Any], now_s: float, clock_id: str) -> None:
        """
        Take over what was kept, on top of what holds already.

        :raises ValueError: if it makes no sense; then nothing moves until somebody allows it.
        """
        try:
            forbidden, crib = document['forbidden'], document['crib']
            until_s, hold_s = float(document['until_s']), float(document['hold_s'])
            if not (isinstance(forbidden, str) and len(forbidden) < 1000
                    and (crib is None or isinstance(crib, dict))
                    and 0.0 <= hold_s <= 86400.0 and math.isfinite(until_s)):
                raise ValueError('values out of range')
            owed_s = document.get('owed_s')            # older files say nothing of it
            owed_s = -math.inf if owed_s is None else float(owed_s)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            self.forbidden = UNREADABLE
            raise ValueError(f'{UNREADABLE}: {error!r}; nothing moves until ~/enable true'
                             ) from None
        if hold_s > 0.0 and (not clock_id or document.get('clock_id') != clock_id):
            until_s = now_s + hold_s           # nobody knows how long it was off
        until_s = min(until_s, now_s + hold_s)
        if clock_id and document.get('clock_id') == clock_id:      # else it was switched off since
            self._owed_s = max(self._owed_s, min(owed_s, now_s + LONGEST_OWED_S))
        if until_s > self._until_s:
            self._until_s, self._hold_s = until_s, hold_s
        self.forbidden = self.forbidden or forbidden
        if self._crib is None:
            self._crib = crib
