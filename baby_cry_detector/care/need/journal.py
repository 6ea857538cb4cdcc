# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What happened to one baby as a document: what a learner is rebuilt from, exported and imported.

What is learnt is never kept: the same happenings give it again, whatever version reads them.
"""

import json
import math
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple, Union

from baby_cry_detector.care.need.labels import ACTIONS, Cry, Fact, kept_label
from baby_cry_detector.units import DAY_NS, HOUR_NS, SECOND_NS

FORMAT = 2
# After half a year a label counts for less than three in a hundred.
KEPT_NS = 200 * DAY_NS
# A longer rest of the robot looks like a clock that was ahead: what came after such a rest is
# lost to a clock that is behind.
GAP_NS = 30 * DAY_NS
# What is brought here from elsewhere may be later than the clock here by so much.
AHEAD_NS = HOUR_NS
MOST_ITEMS = 12_000
# Of the document as JSON: what a reader of kept states takes (1 MB), with room for a crib's name.
MOST_BYTES = 950_000
LONGEST_NAME = 500
LATEST_NS = 2**62
KINDS = (*ACTIONS, 'labelled', 'rocking', 'sound')


class LaterVersionError(ValueError):
    """What a later version of this program wrote: it makes sense, to that one."""


class Kept(NamedTuple):
    """What a document holds: cries and facts, the birth, and since when it is learnt."""

    items: List[Union[Cry, Fact]]
    birth_ns: Optional[int] = None
    since_ns: int = 0


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
    return ([cry for cry in cries if first < cry.onset_ns <= newest],
            [fact for fact in facts if first < fact.stamp_ns <= newest])


def to_document(cries: Iterable[Cry], facts: Iterable[Fact], birth_ns: Optional[int] = None,
                since_ns: int = 0, now_ns: Optional[int] = None) -> Dict[str, Any]:
    """
    Return what is kept, as JSON that `read` and the reader of kept states take.

    What is too old is left out, and the oldest of what is too much; of that ``left_out`` has the
    count, if it is any.
    """
    cries, facts = lately(cries, facts, now_ns)
    count = len(cries) + len(facts)
    cries = [cry for cry in cries if 0 < len(cry.episode_id) <= LONGEST_NAME][-MOST_ITEMS // 2:]
    facts = [fact for fact in facts if len(fact.episode_id) <= LONGEST_NAME][-MOST_ITEMS // 2:]
    document: Dict[str, Any] = {
        'format': FORMAT, 'birth_ns': birth_ns, 'since_ns': since_ns,
        'cries': [[cry.episode_id, cry.onset_ns, round((cry.end_ns - cry.onset_ns) / 1e6),
                   round(cry.intensity, 3)] for cry in cries],
        'facts': [[fact.stamp_ns, fact.kind, *(
            [fact.episode_id, kept_label(fact.label), fact.helped]
            if fact.kind not in ACTIONS else ())] for fact in facts]}
    _leave_out_the_oldest(document)
    left_out = count - len(document['cries']) - len(document['facts'])
    return {**document, 'left_out': left_out} if left_out else document


def _leave_out_the_oldest(document: Dict[str, Any]) -> None:
    """Take out as much as makes it small enough."""
    over = len(json.dumps(document)) - MOST_BYTES
    if over <= 0:
        return
    for _, kind, size in sorted([*((row[1], 'cries', len(json.dumps(row)) + 2)
                                   for row in document['cries']),
                                 *((row[0], 'facts', len(json.dumps(row)) + 2)
                                   for row in document['facts'])]):
        if over <= 0:
            return
        del document[kind][0]
        over -= size


def left_out_sentence(document: Dict[str, Any]) -> str:
    """Return how much of what happened a document has no room for; '' if it has all."""
    left_out = document.get('left_out', 0)
    return (f'the oldest {left_out} things that happened are not kept: there is no room for more '
            f'({MOST_ITEMS // 2} cries, {MOST_ITEMS // 2} entries, {MOST_BYTES / 1e6:g} MB)'
            if left_out else '')


def read(document: Dict[str, Any]) -> Kept:
    """
    Return what a document holds.

    :raises ValueError: if it is broken, and what of it; one of the first version holds no
        happenings.
    :raises LaterVersionError: if it is of a later version.
    """
    version = document.get('format', FORMAT)
    if type(version) is not int or version > FORMAT:
        raise LaterVersionError('it was written by a later version of this program')
    if version < 1:
        raise ValueError(f'format {version} in it is none that there is')
    birth_ns, since_ns = document.get('birth_ns'), document.get('since_ns') or 0
    for name, value in (('birth_ns', birth_ns), ('since_ns', since_ns)):
        if value is not None and type(value) is not int:
            raise ValueError(f'{name} in it is no time')
    items: List[Union[Cry, Fact]] = []
    for name, entry_of, expected in (
            ('cries', _cry, 'no episode (name, start, milliseconds, intensity)'),
            ('facts', _fact, f'nothing that was done (time and one of {", ".join(KINDS)})')):
        rows = document.get(name, [])
        if not isinstance(rows, list):
            raise ValueError(f'{name} in it is no list of what happened')
        for number, row in enumerate(rows, 1):
            entry = entry_of(row)
            if entry is None:
                raise ValueError(f'entry {number} of {name} in it is {expected}')
            items.append(entry)
    if len(items) > MOST_ITEMS:
        raise ValueError(f'it holds {len(items)} things that happened, at most {MOST_ITEMS} are '
                         'kept')
    return Kept(items, birth_ns, since_ns)


class Merged(NamedTuple):
    """
    What was imported before and now; see `merge`.

    :ivar items: all of it, each once.
    :ivar ahead: how much is left out for it is later than now.
    :ivar clashing: how much is left out for it is of episodes whose names others have.
    """

    items: List[Union[Cry, Fact]]
    ahead: int
    clashing: int


def merge(before: Iterable[Union[Cry, Fact]], imported: Iterable[Union[Cry, Fact]],
          here: Iterable[Union[Cry, Fact]], now_ns: int) -> Merged:
    """
    Return what was imported before together with what is imported now.

    Of an episode that is known already what is known of it stays. An episode that has the name of
    another one (of another time) is left out, and what was said of it: it would stand for both.

    :param here: what is known without any import.
    """
    before, here = list(before), list(here)
    there = {moment(item) for item in (*before, *here)}
    known = {item.episode_id: item for item in (*before, *here) if isinstance(item, Cry)}
    in_time, ahead = [], 0
    for item in {moment(item): item for item in imported}.values():
        if moment(item) not in there and stamp_of(item) > now_ns + AHEAD_NS:
            ahead += 1
        else:
            in_time.append(item)
    others = {item.episode_id for item in in_time if isinstance(item, Cry)
              and known.setdefault(item.episode_id, item).onset_ns != item.onset_ns}
    taken = [item for item in in_time if moment(item) in there or item.episode_id not in others]
    items: Dict[Tuple[object, ...], Union[Cry, Fact]] = {}
    for item in (*before, *taken):
        one = known[item.episode_id] if isinstance(item, Cry) else item
        items.setdefault(moment(one), one)
    return Merged(list(items.values()), ahead, len(in_time) - len(taken))


def stamp_of(item: Union[Cry, Fact]) -> int:
    """Return when something happened, an episode: when it began."""
    return item.onset_ns if isinstance(item, Cry) else item.stamp_ns


def moment(item: Union[Cry, Fact]) -> Tuple[object, ...]:
    """Return what tells a thing that happened from others, whatever its numbers are rounded to."""
    return (item.onset_ns, item.episode_id) if isinstance(item, Cry) else item[:3]


def _cry(row: Any) -> Optional[Cry]:
    """Return the episode of a row; ``None`` if it is none."""
    if not isinstance(row, list) or len(row) != 4:
        return None
    name, onset_ns, lasts_ms, intensity = row
    if not (isinstance(name, str) and 0 < len(name) <= LONGEST_NAME
            and type(onset_ns) is int and 0 < onset_ns < LATEST_NS
            and type(lasts_ms) is int and 0 <= lasts_ms < 2**40 and type(intensity) in (int, float)
            and math.isfinite(intensity) and 0 <= intensity <= 1):
        return None
    return Cry(name, onset_ns, onset_ns + lasts_ms * (SECOND_NS // 1000), float(intensity))


def _fact(row: Any) -> Optional[Fact]:
    """Return what was done by a row; ``None`` if it is nothing."""
    if not isinstance(row, list) or len(row) not in (2, 5):
        return None
    stamp_ns, kind, episode_id, label, helped = (*row, '', '', False)[:5]
    if not (type(stamp_ns) is int and 0 < stamp_ns < LATEST_NS and kind in KINDS
            and isinstance(episode_id, str) and len(episode_id) <= LONGEST_NAME
            and isinstance(label, str)):
        return None
    return Fact(stamp_ns, kind, episode_id, kept_label(label), helped is True)
