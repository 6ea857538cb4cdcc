# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What is believed about the baby at one moment: the fields of a `CryNeed` message, once.

Pure. The classifier's decisions are such states, and everybody who acts on or shows `cry_need`
gets one from `ros/base/messages.py`, already cleaned of what can't be true.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
import math
from typing import Tuple

from baby_cry_detector.needs import (BASIS_NAMES, BASIS_NONE, CONFIRMATION_NAMES,
                                     CONFIRMATION_NONE, CONFIRMATION_PENDING, CONFIRMATION_REFUSED,
                                     CONFIRMATION_WORDS, Need, need_of, STATUS_NAMES, status_of,
                                     STATUS_OK, STATUS_UNTRUSTED_AUDIO)
from baby_cry_detector.units import SECOND_NS

# A state without a measure is still a state: neither the strongest nor the weakest.
UNTOLD_INTENSITY = 0.5
MOST_LABELS = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class CryState:
    """
    One state of one crib; the fields of a ``CryNeed`` message.

    :param stamp_ns: end of the newest audio that this speaks of.
    :param crib_id: the ``frame_id``; '' where none is told.
    :param status: one of the ``STATUS_…`` numbers.
    :param status_reason: why it is not OK, in a sentence; '' where nothing more is known.
    :param crying: with hysteresis, minimum duration and hold; only where the status is OK.
    :param confirmed: whether a second, slower listener agrees; where there is none, as crying.
    :param confirmation: one of the ``CONFIRMATION_…`` numbers: what that listener says of the
        episode in progress.
    :param cry_probability: smoothed, 0 to 1.
    :param need: UNKNOWN unless the evidence says more; NONE when not crying.
    :param confidence: 0 to 1; of the need where one is named, else of crying or not crying.
    :param labels: ``not_cry``, then the model's needs; empty where it knows nothing of needs.
    :param probabilities: of the labels; they add up to 1.
    :param intensity: 0 to 1, how hard it cries; 0 when not crying.
    :param episode_id: the present or last episode; '' before the first.
    :param episode: its number, counted from 1; 0 before the first.
    :param onset_ns: when it began; 0 before the first.
    :param duration_ns: from the onset to its newest crying, at least 0.
    :param need_basis: where the need comes from, one of the ``BASIS_…`` numbers.
    :param need_right: how often such an answer was right for this baby, of ``need_of``.
    :param need_base_right: how many of them this baby's commonest need would have got right.
    :param need_reason: why that need, in a sentence.
    """

    stamp_ns: int = 0
    crib_id: str = ''
    status: int = STATUS_OK
    status_reason: str = ''
    crying: bool = False
    confirmed: bool = False
    cry_probability: float = 0.0
    need: Need = Need.NONE
    confidence: float = 0.0
    labels: Tuple[str, ...] = ()
    probabilities: Tuple[float, ...] = ()
    intensity: float = 0.0
    episode_id: str = ''
    episode: int = 0
    onset_ns: int = 0
    duration_ns: int = 0
    need_basis: int = BASIS_NONE
    need_right: int = 0
    need_of: int = 0
    need_base_right: int = 0
    need_reason: str = ''
    confirmation: int = CONFIRMATION_NONE

    @property
    def is_heard(self) -> bool:
        """Return whether it is about what can be heard now."""
        return self.status == STATUS_OK

    @property
    def status_name(self) -> str:
        """Return the status as a word, for example ``ok``."""
        return STATUS_NAMES[self.status]

    @property
    def need_name(self) -> str:
        """Return the need as a word, for example ``unknown``."""
        return self.need.name.lower()

    @property
    def is_need_named(self) -> bool:
        """Return whether a need is told."""
        return self.need not in (Need.UNKNOWN, Need.NONE)

    @property
    def is_unconfirmed(self) -> bool:
        """Return whether a second listener is there and has not agreed that this is crying."""
        return self.crying and self.confirmation in (CONFIRMATION_PENDING, CONFIRMATION_REFUSED)

    @property
    def confirmation_words(self) -> str:
        """Return what the second listener says of crying, for people; '' where there is none."""
        known = self.crying and self.confirmation < len(CONFIRMATION_WORDS)
        return CONFIRMATION_WORDS[self.confirmation] if known else ''

    @property
    def why_not_heard(self) -> str:
        """Return a sentence on why the crib is not heard; '' where it is."""
        if self.is_heard:
            return ''
        words = {STATUS_UNTRUSTED_AUDIO: 'the audio cannot be trusted'}.get(
            self.status, 'no audio arrives')
        return f'{words}: {self.status_reason}' if self.status_reason else words

    def cleaned(self) -> 'CryState':
        """
        Return it without what can't be true, whoever said it.

        A number of a need, status or basis that is none of ours is unknown, no audio, or none;
        shares lie within 0 to 1, and one that is no number is 0 (an intensity: 0.5). Nothing
        that can't be heard now is crying. Crying without a name gets that of its crib and onset.
        """
        crying = self.crying and status_of(self.status) == STATUS_OK
        pairs = list(zip(self.labels, self.probabilities))[:MOST_LABELS]
        name = self.episode_id
        if crying and not name and self.onset_ns > 0:
            name = episode_name(self.crib_id, self.onset_ns)
        return replace(
            self, status=status_of(self.status), crying=crying,
            confirmed=crying and self.confirmed,
            confirmation=(self.confirmation if crying and 0 <= self.confirmation
                          < len(CONFIRMATION_NAMES) else CONFIRMATION_NONE),
            cry_probability=share(self.cry_probability), need=need_of(self.need),
            confidence=share(self.confidence),
            intensity=share(self.intensity, UNTOLD_INTENSITY),
            labels=tuple(label for label, _ in pairs),
            probabilities=tuple(share(value) for _, value in pairs),
            episode_id=name, duration_ns=max(0, self.duration_ns),
            need_basis=self.need_basis if 0 <= self.need_basis < len(BASIS_NAMES) else BASIS_NONE)


def share(value: float, otherwise: float = 0.0) -> float:
    """Return a number within 0 to 1, what lies outside as the nearer end; NaN as ``otherwise``."""
    return otherwise if math.isnan(value) else min(1.0, max(0.0, value))


def episode_name(crib_id: str, onset_ns: int) -> str:
    """
    Return a name for an episode: ``crib-20260131T235959.123456789Z``.

    The same crib and onset give the same name, on a replay as well.
    """
    seconds, nanoseconds = divmod(int(onset_ns), SECOND_NS)
    try:
        stamp = (_EPOCH + timedelta(seconds=seconds)).strftime('%Y%m%dT%H%M%S')
        stamp = f'{stamp}.{nanoseconds:09d}Z'
    except OverflowError:                      # no date, yet still a name
        stamp = f'{onset_ns}ns'
    return f'{crib_id}-{stamp}' if crib_id else stamp
