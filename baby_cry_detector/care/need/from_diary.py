# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From rows as a diary gives them to cries and facts. Pure; rows of a wrong clock are left out."""

from typing import Any, Iterable, List, Mapping, Optional

from baby_cry_detector.care.need.labels import ACTIONS, Cry, Fact, kept_label
from baby_cry_detector.units import MILLISECOND_NS

# What the diary has no kind of its own for may stand in a note, as its first word.
NOTED = ('burped', 'comforted')


def cry_of(episode_id: str, onset_ns: int, end_ns: int, intensity: Optional[float]) -> Cry:
    """Return an episode, rounded as it is kept: milliseconds, thousandths."""
    lasts_ns = max(0, end_ns - onset_ns) // MILLISECOND_NS * MILLISECOND_NS
    return Cry(episode_id, onset_ns, onset_ns + lasts_ns,
               0.5 if intensity is None else round(min(1.0, max(0.0, float(intensity))), 3))


def cries_of(episodes: Iterable[Mapping[str, Any]], crib_id: str, since_ns: int = 0) -> List[Cry]:
    """Return the episodes of a crib that are over and began after a time."""
    return [cry_of(row['episode_id'], row['onset_ns'], row['end_ns'], row['intensity_mean'])
            for row in episodes
            if row['crib_id'] == crib_id and not row['open'] and row['onset_ns'] >= since_ns
            and not row.get('doubtful')]


def facts_of(events: Iterable[Mapping[str, Any]], crib_id: str, since_ns: int = 0) -> List[Fact]:
    """Return what was done for the baby of a crib, or of a house in which there is one."""
    facts = []
    for row in events:
        if row['crib_id'] not in ('', crib_id) or row['stamp_ns'] < since_ns \
                or row.get('doubtful'):
            continue
        kind, helped = row['kind'], False
        if kind == 'note':
            kind = (row['text'].lower().split() or [''])[0].strip('.,!:')
            if kind not in NOTED:
                continue
        elif kind in ('rocking', 'sound'):
            before, after = row['cry_share_before'], row['cry_share_after']
            if row['phase'] != 'ended' or before is None or after is None:
                continue
            helped = after < 0.5 * before
        elif kind != 'labelled' and kind not in ACTIONS:
            continue
        facts.append(Fact(row['stamp_ns'], kind, row['episode_id'],
                          kept_label(row['label']), helped))
    return facts
