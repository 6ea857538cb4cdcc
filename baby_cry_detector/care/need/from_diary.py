# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From rows as a diary gives them to cries and facts. Pure; rows of a wrong clock are left out."""

from typing import Iterable, List

from baby_cry_detector.care.need.labels import ACTIONS, Cry, Fact

# What the diary has no kind of its own for may stand in a note, as its first word.
NOTED = ('burped', 'comforted')


def cries_of(episodes: Iterable[dict], crib_id: str, since_ns: int = 0) -> List[Cry]:
    """Return the episodes of a crib that are over and began after a time."""
    return [Cry(row['episode_id'], row['onset_ns'], row['end_ns'],
                0.5 if row['intensity_mean'] is None else float(row['intensity_mean']))
            for row in episodes
            if row['crib_id'] == crib_id and not row['open'] and row['onset_ns'] >= since_ns
            and not row.get('doubtful')]


def facts_of(events: Iterable[dict], crib_id: str, since_ns: int = 0) -> List[Fact]:
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
        facts.append(Fact(row['stamp_ns'], kind, row['episode_id'], row['label'], helped))
    return facts
