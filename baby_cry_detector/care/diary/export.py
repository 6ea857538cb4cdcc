# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the diary gives others: one record per episode, with what was done and what it changed."""

import csv
from datetime import datetime
import json
import re
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, TextIO

from baby_cry_detector.care.diary.rows import SOOTHING_KINDS
from baby_cry_detector.care.diary.store import DiaryStore, FOREVER_NS, Row
from baby_cry_detector.printable import INVISIBLE, printable
from baby_cry_detector.units import SECOND_NS

COLUMNS = ('episode_id', 'crib', 'onset', 'end', 'duration_s', 'open', 'intensity_mean',
           'intensity_peak', 'need', 'confidence', 'confirmation', 'label', 'labelled_by',
           'actions', 'alerts', 'acknowledged_by', 'acknowledged_after_s', 'clock_doubted')
EVENT_COLUMNS = ('event_id', 'time', 'crib', 'kind', 'phase', 'who', 'episode_id', 'text',
                 'label', 'clock_doubted')


def time_text(stamp_ns: int) -> str:
    """Return local time with its offset, ISO 8601, to the second."""
    return datetime.fromtimestamp(stamp_ns // SECOND_NS).astimezone().isoformat()


def actions_of(events: Iterable[Row]) -> List[Row]:
    """
    Return the soothing actions among events, each with its effect.

    :param events: of one episode; STARTED and ENDED of an action share its ``action_id``.
    """
    actions: Dict[str, Row] = {}
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


def _ago(later_ns: Optional[int], earlier_ns: int) -> Optional[float]:
    return None if later_ns is None else round((later_ns - earlier_ns) / SECOND_NS, 1)


def _record(store: DiaryStore, row: Row) -> Row:
    return {
        'episode_id': row['episode_id'], 'crib': row['crib_id'],
        'onset': time_text(row['onset_ns']), 'end': time_text(row['end_ns']),
        'duration_s': _ago(row['end_ns'], row['onset_ns']), 'open': row['open'],
        'intensity_mean': row['intensity_mean'], 'intensity_peak': row['intensity_peak'],
        'need': row['need'], 'confidence': row['confidence'], 'labels': row['labels'],
        'confirmation': row.get('confirmation', 'none'),
        'label': row['label'], 'labelled_by': row['labelled_by'],
        'clock_doubted': bool(row.get('doubtful')),
        # What was done may have been told long after; an episode's label always is.
        'actions': actions_of(store.about('events', row['episode_id'])),
        'alerts': [{'alert_id': alert['alert_id'], 'start': time_text(alert['start_ns']),
                    'end': time_text(alert['end_ns']) if alert['end_ns'] else None,
                    'priority': alert['priority']}
                   for alert in store.about('alerts', row['episode_id'])],
        'acknowledged_by': row['acknowledged_by'],
        'acknowledged_after_s': _ago(row['acknowledged_ns'], row['onset_ns']),
        'curve': row['curve']}


def each_record(store: DiaryStore, since_ns: int = 0, until_ns: int = FOREVER_NS,
                skipped: Optional[List[str]] = None) -> Iterator[Row]:
    """
    Yield one record per episode, oldest first, one at a time in memory; times are ISO 8601.

    :param skipped: takes the names of entries that can't be read.
    """
    for row in store.each_episode(since_ns, until_ns):
        try:
            yield _record(store, row)
        except (TypeError, ValueError, OverflowError):
            if skipped is not None:
                skipped.append(str(row.get('episode_id')))


def each_event(store: DiaryStore, since_ns: int = 0, until_ns: int = FOREVER_NS,
               skipped: Optional[List[str]] = None) -> Iterator[Row]:
    """Yield everything that was done or told, oldest first; times are ISO 8601."""
    for event in store.each_event(since_ns, until_ns):
        try:
            yield {**{name: event[name] for name in event if not name.endswith('_ns')
                      and name not in ('crib_id', 'doubtful')},
                   'crib': event['crib_id'], 'time': time_text(event['stamp_ns']),
                   'until': time_text(event['until_ns']) if event['until_ns'] else None,
                   'clock_doubted': bool(event.get('doubtful'))}
        except (TypeError, ValueError, OverflowError):
            if skipped is not None:
                skipped.append(str(event.get('event_id')))


def action_text(action: Row) -> str:
    """Return an action in a few words: what it was and what it changed."""
    kind: str = action['kind']
    if action['refused']:
        return f'{kind} refused ({action["why"]})'
    before, after = action.get('cry_share_before'), action.get('cry_share_after')
    if before is None or after is None:
        return kind
    return f'{kind}: crying {before:.0%} -> {after:.0%} of the time'


def safe_cell(text: str) -> str:
    """
    Return a text as a spreadsheet may read it: it stays text, and is one line.

    Somebody else may have written a label; a cell that begins with one of ``=+-@`` would be
    calculated, behind a semicolon too where that separates the cells.
    """
    return FORMULA.sub(r"\1'\2", printable(' '.join(text.split())))


# The full-width ones too: a Japanese spreadsheet reads them alike.
FORMULA = re.compile(r'(^|[;|])([\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20])')


def _write_table(columns: Sequence[str], records: Iterable[Row], file: TextIO) -> None:
    writer = csv.DictWriter(file, columns, extrasaction='ignore', lineterminator='\n')
    writer.writeheader()
    for record in records:
        writer.writerow({name: safe_cell(value) if isinstance(value, str) else value
                         for name, value in record.items()})


def write_csv(store: DiaryStore, file: TextIO, since_ns: int, until_ns: int,
              skipped: Optional[List[str]] = None) -> None:
    """Write one line per episode."""
    _write_table(COLUMNS, ({**record, 'alerts': len(record['alerts']),
                            'actions': '; '.join(map(action_text, record['actions']))}
                           for record in each_record(store, since_ns, until_ns, skipped)), file)


def write_events_csv(store: DiaryStore, file: TextIO, since_ns: int, until_ns: int,
                     skipped: Optional[List[str]] = None) -> None:
    """Write one line per event."""
    _write_table(EVENT_COLUMNS, each_event(store, since_ns, until_ns, skipped), file)


def write_json(store: DiaryStore, file: TextIO, since_ns: int, until_ns: int,
               skipped: Optional[List[str]] = None) -> None:
    """Write everything as one JSON object, an entry at a time."""
    for before, records in (('{"episodes": [', each_record), ('], "events": [', each_event)):
        file.write(before)
        for number, record in enumerate(records(store, since_ns, until_ns, skipped)):
            text = ''.join(map(_escaped, json.dumps(record, ensure_ascii=False)))
            file.write((',' if number else '') + '\n ' + text)
    file.write(']}\n')


def _escaped(character: str) -> str:
    """Return a character of JSON; what JSON allows and a terminal obeys is escaped."""
    if character.isprintable() and character not in INVISIBLE:
        return character
    return json.dumps(character)[1:-1]
