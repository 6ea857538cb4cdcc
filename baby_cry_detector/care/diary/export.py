# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the diary gives others: one record per episode, with what was done and what it changed."""

import csv
from datetime import datetime
import json
from typing import Iterable, List

from baby_cry_detector.care.diary.rows import SOOTHING_KINDS
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.units import SECOND_NS

COLUMNS = ('episode_id', 'crib', 'onset', 'end', 'duration_s', 'open', 'intensity_mean',
           'intensity_peak', 'need', 'confidence', 'label', 'labelled_by', 'actions', 'alerts',
           'acknowledged_by', 'acknowledged_after_s')
EVENT_COLUMNS = ('event_id', 'time', 'crib', 'kind', 'phase', 'who', 'episode_id', 'text',
                 'label')


def time_text(stamp_ns: int) -> str:
    """Return local time with its offset, ISO 8601, to the second."""
    return datetime.fromtimestamp(stamp_ns // SECOND_NS).astimezone().isoformat()


def actions_of(events: Iterable[dict]) -> List[dict]:
    """
    Return the soothing actions among events, each with its effect.

    :param events: of one episode; STARTED and ENDED of an action share its ``action_id``.
    """
    actions = {}
    for event in events:
        if event['kind'] not in SOOTHING_KINDS:
            continue
        action = actions.setdefault(event['action_id'] or event['event_id'], {
            'kind': event['kind'], 'who': event['who'], 'started': None, 'ended': None,
            'refused': False, 'why': event['text'], 'ended_because': ''})
        if event['phase'] == 'ended':
            action['ended'] = time_text(event['stamp_ns'])
            action['ended_because'] = event['text']
            action.update({name: event[name] for name in (
                'cry_share_before', 'cry_share_after', 'intensity_before', 'intensity_after')})
        elif event['phase'] == 'refused':
            action['refused'] = True
        else:
            action['started'] = time_text(event['stamp_ns'])
    return list(actions.values())


def _by_episode(rows):
    groups = {}
    for row in rows:
        groups.setdefault(row['episode_id'], []).append(row)
    return groups


def episode_records(store: DiaryStore, since_ns: int = 0, until_ns: int = 2**63 - 1
                    ) -> List[dict]:
    """Return one record per episode, oldest first; times are ISO 8601."""
    # What was done may have been told long after; an episode's label always is.
    events = _by_episode(store.events())
    alerts = _by_episode(store.alerts())
    records = []
    for row in store.episodes(since_ns, until_ns):
        acknowledged_ns = row['acknowledged_ns']
        records.append({
            'episode_id': row['episode_id'], 'crib': row['crib_id'],
            'onset': time_text(row['onset_ns']), 'end': time_text(row['end_ns']),
            'duration_s': round((row['end_ns'] - row['onset_ns']) / SECOND_NS, 1),
            'open': row['open'],
            'intensity_mean': row['intensity_mean'], 'intensity_peak': row['intensity_peak'],
            'need': row['need'], 'confidence': row['confidence'], 'labels': row['labels'],
            'label': row['label'], 'labelled_by': row['labelled_by'],
            'actions': actions_of(events.get(row['episode_id'], ())),
            'alerts': [{'alert_id': alert['alert_id'], 'start': time_text(alert['start_ns']),
                        'end': time_text(alert['end_ns']) if alert['end_ns'] else None,
                        'priority': alert['priority']}
                       for alert in alerts.get(row['episode_id'], ())],
            'acknowledged_by': row['acknowledged_by'],
            'acknowledged_after_s': None if acknowledged_ns is None else round(
                (acknowledged_ns - row['onset_ns']) / SECOND_NS, 1),
            'curve': row['curve']})
    return records


def event_records(store: DiaryStore, since_ns: int = 0, until_ns: int = 2**63 - 1) -> List[dict]:
    """Return everything that was done or told, oldest first; times are ISO 8601."""
    return [{**{name: event[name] for name in event if not name.endswith('_ns')
                and name != 'crib_id'},
             'crib': event['crib_id'], 'time': time_text(event['stamp_ns']),
             'until': time_text(event['until_ns']) if event['until_ns'] else None}
            for event in store.events(since_ns, until_ns)]


def action_text(action: dict) -> str:
    """Return an action in a few words: what it was and what it changed."""
    if action['refused']:
        return f'{action["kind"]} refused ({action["why"]})'
    before, after = action.get('cry_share_before'), action.get('cry_share_after')
    if before is None or after is None:
        return action['kind']
    return f'{action["kind"]}: crying {before:.0%} -> {after:.0%} of the time'


def write_csv(store: DiaryStore, file, since_ns: int, until_ns: int) -> None:
    """Write one line per episode."""
    writer = csv.DictWriter(file, COLUMNS, extrasaction='ignore', lineterminator='\n')
    writer.writeheader()
    for record in episode_records(store, since_ns, until_ns):
        writer.writerow({**record, 'alerts': len(record['alerts']),
                         'actions': '; '.join(map(action_text, record['actions']))})


def write_events_csv(store: DiaryStore, file, since_ns: int, until_ns: int) -> None:
    """Write one line per event."""
    writer = csv.DictWriter(file, EVENT_COLUMNS, extrasaction='ignore', lineterminator='\n')
    writer.writeheader()
    writer.writerows(event_records(store, since_ns, until_ns))


def write_json(store: DiaryStore, file, since_ns: int, until_ns: int) -> None:
    """Write everything as one JSON object."""
    json.dump({'episodes': episode_records(store, since_ns, until_ns),
               'events': event_records(store, since_ns, until_ns)}, file, indent=1,
              ensure_ascii=False)
    file.write('\n')
