# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What happened to one baby as a document: what a learner is rebuilt from, exported and imported.

What is learnt is never kept: the same happenings give it again, whatever version reads them.
"""

import math
from typing import Iterable, List, Optional, Tuple, Union

from baby_cry_detector.care.need.labels import ACTIONS, Cry, Fact
from baby_cry_detector.units import DAY_NS, SECOND_NS

FORMAT = 2
# After half a year a label counts for less than three in a hundred.
KEPT_NS = 200 * DAY_NS
# A longer rest of the robot looks like a clock that was ahead: what came after such a rest is
# lost to a clock that is behind.
GAP_NS = 30 * DAY_NS
MOST_ITEMS = 12_000
LONGEST_NAME = 120
KINDS = (*ACTIONS, 'labelled', 'rocking', 'sound')


class LaterVersionError(ValueError):
    """What a later version of this program wrote: it makes sense, to that one."""


def lately(cries: Iterable[Cry], facts: Iterable[Fact], now_ns: Optional[int] = None
           ) -> Tuple[List[Cry], List[Fact]]:
    """
    Return what is young enough to be kept, oldest first and each once.

    What is later than now stays where it goes on from what was before: the clock here is behind.
    What lies `GAP_NS` beyond all before it a clock that was ahead has made.

    :param now_ns: from which age is counted, if something is later; ``None``: from the newest.
    """
    cries = sorted(dict.fromkeys(cries), key=lambda cry: (cry.onset_ns, cry.episode_id))
    facts = sorted(dict.fromkeys(facts))
    newest = max([cry.onset_ns for cry in cries[-1:]] + [fact.stamp_ns for fact in facts[-1:]],
                 default=0)
    first = newest - KEPT_NS
    if now_ns is not None:
        first = min(first, now_ns + DAY_NS - KEPT_NS)
        stamps = sorted([*(cry.onset_ns for cry in cries), *(fact.stamp_ns for fact in facts)])
        for before, stamp_ns in zip(stamps, stamps[1:]):
            if stamp_ns > now_ns + DAY_NS and stamp_ns - before > GAP_NS:
                newest = before
                break
    return ([cry for cry in cries if first < cry.onset_ns <= newest][-MOST_ITEMS // 2:],
            [fact for fact in facts if first < fact.stamp_ns <= newest][-MOST_ITEMS // 2:])


def to_document(cries: Iterable[Cry], facts: Iterable[Fact], birth_ns: Optional[int] = None,
                since_ns: int = 0, now_ns: Optional[int] = None) -> dict:
    """Return what is kept, as JSON; what is too old is left out."""
    cries, facts = lately(cries, facts, now_ns)
    return {'format': FORMAT, 'birth_ns': birth_ns, 'since_ns': since_ns,
            'cries': [[cry.episode_id, cry.onset_ns, round((cry.end_ns - cry.onset_ns) / 1e6),
                       round(cry.intensity, 3)] for cry in cries],
            'facts': [[fact.stamp_ns, fact.kind, *([fact.episode_id, fact.label, fact.helped]
                                                   if fact.kind not in ACTIONS else ())]
                      for fact in facts]}


def read(document: dict) -> Tuple[List[Union[Cry, Fact]], Optional[int], int]:
    """
    Return (cries and facts, birth_ns, since_ns) of a document.

    :raises ValueError: if it is broken, or of a later version; one of the first version holds
        no happenings.
    """
    version = document.get('format', FORMAT)
    if type(version) is not int or version > FORMAT:
        raise LaterVersionError('it was written by a later version of this program')
    birth_ns, since_ns = document.get('birth_ns'), document.get('since_ns') or 0
    if type(since_ns) is not int or not (birth_ns is None or type(birth_ns) is int):
        raise ValueError('a time in it is none')
    items: List[Union[Cry, Fact]] = []
    try:
        for name, onset_ns, lasts_ms, intensity in document.get('cries', ()):
            items.append(_checked(name, onset_ns, lasts_ms, intensity))
        for stamp_ns, kind, *rest in document.get('facts', ()):
            episode_id, label, helped = rest or ('', '', False)
            if type(stamp_ns) is not int or kind not in KINDS or not (
                    isinstance(episode_id, str) and isinstance(label, str)):
                raise ValueError('something that was done is none')
            items.append(Fact(stamp_ns, kind, episode_id, label, helped is True))
    except (TypeError, AttributeError):
        raise ValueError('this is no list of what happened') from None
    if len(items) > MOST_ITEMS:
        raise ValueError('it holds more than a baby does')
    return items, birth_ns, since_ns


def _checked(name, onset_ns, lasts_ms, intensity) -> Cry:
    if not (isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and type(onset_ns) is int
            and type(lasts_ms) is int and 0 <= lasts_ms < 2**40 and type(intensity) in (int, float)
            and math.isfinite(intensity) and 0 <= intensity <= 1):
        raise ValueError('an episode in it is none')
    return Cry(name, onset_ns, onset_ns + lasts_ms * (SECOND_NS // 1000), float(intensity))
