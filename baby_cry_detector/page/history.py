# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The last days of the diary as the page draws them. Reads the database and never writes it.

The browser lays them out: it alone knows in which time zone midnight is.
"""

import json
from pathlib import Path
from typing import Any, Dict, List

from baby_cry_detector.care.diary.store import DiaryError, DiaryStore
from baby_cry_detector.page.state import clean_share, clean_text, milliseconds, MOST_NAME
from baby_cry_detector.units import DAY_NS, MINUTE_NS

# Seven days in the phone's time zone begin within these.
DAYS = 8
# A week of one episode every five minutes; beyond it the oldest are left out.
MOST_ROWS = 2000
# What one phone is sent of it at most, whatever was written there.
MOST_BYTES = 600_000
# An open episode is written once a second: one that was left open by a crash is over.
ABANDONED_NS = MINUTE_NS
SHOWN_KINDS = ('note', 'rocking', 'sound', 'acknowledged', 'snoozed', 'fed', 'slept', 'changed',
               'burped', 'comforted')


def nothing(why: str) -> Dict[str, Any]:
    """Return the history of a diary that can't be read, with the reason."""
    return {'available': False, 'why': why, 'episodes': [], 'events': []}


def read_history(path: Path, crib: str, now_ns: int) -> Dict[str, Any]:
    """
    Return {available, why, episodes, events}, ready for JSON, oldest first.

    :param path: the diary's database.
    :param crib: whose; ``''`` for all cribs' together.
    :param now_ns: the present.
    """
    since_ns = now_ns - DAYS * DAY_NS
    try:
        with DiaryStore(path, create=False, read_only=True) as store:
            episodes, events = store.episodes(since_ns), store.events(since_ns)
    except FileNotFoundError:
        return nothing('there is no diary yet')
    except (DiaryError, OSError) as error:
        return nothing(f'the diary can not be read: {clean_text(error)}')
    return within_size({
        'available': True, 'why': '',
        'episodes': episode_items(_of(crib, episodes), now_ns),
        'events': event_items(_of(crib, events))})


def _of(crib: str, rows: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    return [row for row in rows if not crib or row['crib_id'] in ('', crib)]


def episode_items(rows: List[Dict[str, Any]], now_ns: int) -> List[Dict[str, Any]]:
    """Return the newest episodes of `DiaryStore.episodes` as the page has them."""
    return [{
        'id': clean_text(row['episode_id'], MOST_NAME),
        'start_ms': milliseconds(row['onset_ns']),
        'end_ms': milliseconds(row['end_ns']),
        'open': row['open'] and now_ns - row['end_ns'] < ABANDONED_NS,
        'intensity': None if row['intensity_mean'] is None else clean_share(
            row['intensity_mean']),
        'need': clean_text(row['need'], 40).lower(),
        'confirmation': clean_text(row.get('confirmation', 'none'), 20),
        'label': clean_text(row['label'] or '', 60),
        'acknowledged_by': clean_text(row['acknowledged_by'] or '', 40),
    } for row in rows[-MOST_ROWS:]]


def event_items(rows: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Return the newest events of `DiaryStore.events` that the page shows."""
    shown = [row for row in rows
             if row['kind'] in SHOWN_KINDS and row['phase'] in ('moment', 'started')]
    return [{'ms': milliseconds(row['stamp_ns']), 'kind': row['kind'],
             'who': clean_text(row['who'], 40), 'text': clean_text(row['text'])}
            for row in shown[-MOST_ROWS:]]


def within_size(document: Dict[str, Any], most_bytes: int = MOST_BYTES) -> Dict[str, Any]:
    """Return a history of which the oldest rows are left out until its JSON is small enough."""
    while len(json.dumps(document)) > most_bytes and (document['episodes'] or document['events']):
        document = {**document, **{kind: document[kind][len(document[kind]) // 4 + 1:]
                                   for kind in ('episodes', 'events')}}
    return document
