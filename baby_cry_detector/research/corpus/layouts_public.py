# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Manifests of sets that are public or to be had on request, from the layout they come in.

As in `layouts.py`; where a set says when in a recording it cries, `Adapted.segments` has it.
"""

import csv
import json
from pathlib import Path
import re
from typing import Dict, Iterator, List, Optional, Tuple
from xml.etree import ElementTree

from baby_cry_detector.research.corpus.layouts import Adapted, N_FOLDS
from baby_cry_detector.research.training.manifest import fold_of_group

AUDIO = ('.wav', '.flac', '.ogg', '.mp3')


def _recordings(root: Path) -> List[Path]:
    return sorted(file for file in root.rglob('*')
                  if file.suffix.lower() in AUDIO and file.is_file())


def _add(found: Adapted, path: str, label: str, group: str, kind: str, source: str,
         **others: str) -> None:
    found.add(path, label, group, fold_of_group(group, N_FOLDS), kind, source, **others)


# -- EnesBabyCries ----------------------------------------------------------------------------

#: Baby, sex, round of recording, cause by the parent, cause by what ended it, date, time, part.
ENES_NAME = re.compile(r'^(?P<baby>[^_]+)_(?P<sex>[^_]+)_(?P<round>[^_]+)_(?P<parent>[^_]+)'
                       r'_(?P<action>[^_]+)_(?P<date>[^_]+)_(?P<time>[^_]+)_(?P<part>[^_]+)$')
ENES_CAUSES = {'hunger': 'hungry', 'hungry': 'hungry', 'discomfort': 'discomfort',
               'isolation': 'lonely', 'pain': 'pain', 'tired': 'tired', 'sleep': 'tired'}


def enes(root: Path) -> Adapted:
    """
    Read EnesBabyCries (OSF ru7na): everything is in the file's name.

    The label is the cause that the stopping action tells, ``unknown`` for any other word; the
    parent's opinion is kept in a column.
    """
    found = Adapted()
    files = _recordings(root)
    if not files:
        found.problems.append(f'{root}: no recording; expected '
                              'baby_sex_round_parent_action_date_time_segment.wav')
    for file in files:
        path, match = file.relative_to(root).as_posix(), ENES_NAME.match(file.stem)
        if not match:
            found.problems.append(f'{path}: the name is not '
                                  'baby_sex_round_parent_action_date_time_segment')
            continue
        _add(found, path, ENES_CAUSES.get(match['action'].lower(), 'unknown'),
             f'enes:{match["baby"].lower()}', 'cry', 'EnesBabyCries', gender=match['sex'],
             round=match['round'], parent=match['parent'].lower())
    return found


# -- Corvin 2024 ------------------------------------------------------------------------------

CORVIN_NAME = re.compile(r'(?P<baby>[A-Za-z]*)_?(?P<what>[BD])(?P<number>\d+)')
CORVIN_LABELS = {'B': 'discomfort', 'D': 'pain'}


def corvin(root: Path) -> Adapted:
    """
    Read Corvin 2024 (Zenodo 11061909).

    ``baby_B01`` cries in the bath, ``baby_D01`` at a
    vaccination; files or folders of that name. Group = the number, whatever the situation.
    """
    found = Adapted()
    files = _recordings(root)
    if not files:
        found.problems.append(f'{root}: no recording; expected baby_B01... and baby_D01...')
    for file in files:
        path = file.relative_to(root).as_posix()
        matches = [match for part in reversed(Path(path).with_suffix('').parts)
                   for match in [CORVIN_NAME.search(part)] if match]
        if not matches:
            found.problems.append(f'{path}: no B01 or D01 in its name')
            continue
        _add(found, path, CORVIN_LABELS[matches[0]['what']],
             f'corvin:{int(matches[0]["number"])}', 'cry', 'Corvin2024',
             situation={'B': 'bath', 'D': 'vaccination'}[matches[0]['what']])
    return found


# -- ICSD -------------------------------------------------------------------------------------

ICSD_CRIES = ('infantcry', 'infant_cry', 'cry', 'crying', 'baby_cry')


def icsd(root: Path) -> Adapted:
    """
    Read ICSD.

    Tables (tab-separated) with filename, onset, offset and event_label beside the
    audio. Group = the name up to the number of the cut, since cuts of one source share it.
    """
    found = Adapted()
    files = {file.name: file for file in _recordings(root)}
    tables = sorted(root.rglob('*.tsv'))
    if not tables:
        found.problems.append(f'{root}: no .tsv with filename, onset, offset, event_label')
    events: Dict[str, List[Tuple[float, float, str]]] = {}
    for table in tables:
        with open(table, newline='', encoding='utf-8-sig') as stream:
            reader = csv.DictReader(stream, delimiter='\t')
            columns = set(reader.fieldnames or [])
            strong = {'filename', 'onset', 'offset', 'event_label'} <= columns
            if not strong and not {'filename', 'event_labels'} <= columns:
                found.problems.append(f'{table.name}: expected filename, onset, offset, '
                                      'event_label (or filename, event_labels)')
                continue
            for line, row in enumerate(reader, start=2):
                name = Path(row['filename']).name
                if name not in files:
                    found.problems.append(f'{name}: missing (line {line} of {table.name})')
                    continue
                own = events.setdefault(name, [])
                for label in (row.get('event_label') or row.get('event_labels') or '').split(','):
                    span = _span(row.get('onset'), row.get('offset')) if strong else None
                    if strong and label and span is None:
                        found.problems.append(f'{table.name}:{line}: onset and offset are no '
                                              'times in order')
                    elif label:
                        own.append((*(span or (-1.0, -1.0)), label.strip().lower()))
    for name, own in sorted(events.items()):
        path = files[name].relative_to(root).as_posix()
        cries = [event for event in own if event[2] in ICSD_CRIES]
        others = sorted({event[2] for event in own} - set(ICSD_CRIES))
        group = re.sub(r'[-_]\d+(\.\d+)?([-_]\d+(\.\d+)?)?$', '', Path(name).stem)
        _add(found, path, 'cry' if cries else (others[0] if others else 'background'),
             f'icsd:{group}', 'cry' if cries else 'not_cry', 'ICSD')
        for start_s, end_s, _ in cries:
            if start_s >= 0:
                found.add_segment(path, start_s, end_s, 'cry')
    return found


def _span(start: Optional[str], end: Optional[str]) -> Optional[Tuple[float, float]]:
    try:
        span = float(start or ''), float(end or '')
    except ValueError:
        return None
    return span if 0.0 <= span[0] <= span[1] < 1e7 else None


# -- deBarbaro --------------------------------------------------------------------------------

DEBARBARO_CRIES = re.compile(r'cry|fuss|distress', re.IGNORECASE)


def debarbaro(root: Path) -> Adapted:
    """
    Read HomeBank's deBarbaroCry.

    Recordings with ELAN (.eaf), Praat (.TextGrid) or CSV intervals of the same name. Group = the
    name up to the first _ or -: the family.
    """
    found = Adapted()
    files = _recordings(root)
    if not files:
        found.problems.append(f'{root}: no recording')
    for file in files:
        path = file.relative_to(root).as_posix()
        marks: Optional[List[Tuple[float, float, str]]] = None
        for suffix, read in (('.eaf', _elan), ('.TextGrid', _praat), ('.csv', _intervals)):
            table = file.with_suffix(suffix)
            if table.is_file():
                try:
                    marks = list(read(table))
                except (ValueError, KeyError, ElementTree.ParseError) as error:
                    found.problems.append(f'{table.name}: {error}')
                break
        else:
            found.problems.append(f'{path}: no .eaf, .TextGrid or .csv of the same name')
        if marks is None:
            continue
        cries = [mark for mark in marks if DEBARBARO_CRIES.search(mark[2])
                 and not re.search(r'\bno', mark[2], re.IGNORECASE)]
        family = re.split(r'[_-]', file.stem)[0]
        _add(found, path, 'cry' if cries else 'background', f'debarbaro:{family}',
             'cry' if cries else 'not_cry', 'deBarbaroCry')
        for start_s, end_s, label in cries:
            found.add_segment(path, start_s, end_s, 'cry', said=label)
    return found


def _elan(file: Path) -> Iterator[Tuple[float, float, str]]:
    tree = ElementTree.parse(file)
    times = {slot.get('TIME_SLOT_ID'): int(slot.get('TIME_VALUE', '0')) / 1000.0
             for slot in tree.iter('TIME_SLOT')}
    for mark in tree.iter('ALIGNABLE_ANNOTATION'):
        value = mark.find('ANNOTATION_VALUE')
        yield (times[mark.get('TIME_SLOT_REF1')], times[mark.get('TIME_SLOT_REF2')],
               (value.text or '') if value is not None else '')


def _praat(file: Path) -> Iterator[Tuple[float, float, str]]:
    data = file.read_bytes()
    text = data.decode('utf-16' if data[:2] in (b'\xff\xfe', b'\xfe\xff') else 'utf-8-sig')
    long = re.findall(r'xmin = ([\d.eE+-]+)\s*\n\s*xmax = ([\d.eE+-]+)\s*\n\s*'
                      r'text = "((?:[^"]|"")*)"', text)
    if not long and 'TextGrid' not in text:
        raise ValueError('not a TextGrid')
    for start, end, label in long:
        yield float(start), float(end), label


def _intervals(file: Path) -> Iterator[Tuple[float, float, str]]:
    with open(file, newline='', encoding='utf-8-sig') as stream:
        rows = [row for row in csv.reader(stream) if row]
    if rows and _span(rows[0][0], rows[0][1] if len(rows[0]) > 1 else None) is None:
        rows = rows[1:]                 # names of the columns
    for row in rows:
        span = _span(row[0], row[1] if len(row) > 1 else None)
        if span is None:
            raise ValueError(f'expected start_s, end_s, label; got {",".join(row)!r}')
        yield (*span, row[2] if len(row) > 2 else 'cry')


# -- FSD50K -----------------------------------------------------------------------------------

FSD50K_PARTS = {'dev': 'FSD50K.dev_audio', 'eval': 'FSD50K.eval_audio'}
#: Whose crying is not said: neither a cry nor another sound.
FSD50K_UNCLEAR = {'Crying_and_sobbing'}
FSD50K_CRIES = {'Baby_cry_and_infant_cry', 'Baby_cry,_infant_cry'}


def fsd50k(root: Path) -> Adapted:
    """
    Read FSD50K: ground truth tables, audio folders, metadata. Group = Freesound uploader.

    The licence of each clip is in a column; some are non-commercial.
    """
    found = Adapted()
    for part, folder in FSD50K_PARTS.items():
        table = root / 'FSD50K.ground_truth' / f'{part}.csv'
        if not table.is_file():
            found.problems.append(f'{table.relative_to(root)}: missing')
            continue
        about_file = root / 'FSD50K.metadata' / f'{part}_clips_info_FSD50K.json'
        about: dict = {}
        if about_file.is_file():
            about = json.loads(about_file.read_text(encoding='utf-8'))
        else:
            found.problems.append(f'{about_file.relative_to(root)}: missing; every clip is a '
                                  'group of its own, which leaks uploaders over folds')
        with open(table, newline='', encoding='utf-8') as stream:
            for line, row in enumerate(csv.DictReader(stream), start=2):
                path = f'{folder}/{row["fname"]}.wav'
                if not (root / path).is_file():
                    found.problems.append(f'{path}: missing (line {line} of {part}.csv)')
                    continue
                labels = row['labels'].split(',')
                if FSD50K_UNCLEAR & set(labels) and not FSD50K_CRIES & set(labels):
                    continue
                clip = about.get(row['fname'], {})
                kind = 'cry' if FSD50K_CRIES & set(labels) else 'not_cry'
                _add(found, path, 'cry' if kind == 'cry' else labels[0].lower(),
                     f'fs:{clip.get("uploader", row["fname"])}', kind, 'FSD50K',
                     license=clip.get('license', ''), author=clip.get('uploader', ''))
    return found


# -- AudioSet, strong labels ------------------------------------------------------------------

AUDIOSET_CRIES = {'/t/dd00002'}                     # baby cry, infant cry
AUDIOSET_UNCLEAR = {'/m/0463cq4'}                   # crying, sobbing


def audioset(root: Path) -> Adapted:
    """
    Read AudioSet with strong labels.

    ``audioset_*_strong.tsv`` (segment_id, start_time_seconds,
    end_time_seconds, label) and the audio as ``SEGMENT_ID.wav`` anywhere below. Group = video.

    What is labelled as crying of nobody in particular, and no baby's, is left out.
    """
    found = Adapted()
    files = {file.stem: file for file in _recordings(root)}
    tables = sorted(root.rglob('*strong*.tsv'))
    if not tables:
        found.problems.append(f'{root}: no audioset_train_strong.tsv or audioset_eval_strong.tsv')
    names = _audioset_names(root)
    events: Dict[str, List[Tuple[float, float, str]]] = {}
    for table in tables:
        with open(table, newline='', encoding='utf-8') as stream:
            for line, row in enumerate(csv.DictReader(stream, delimiter='\t'), start=2):
                span = _span(row.get('start_time_seconds'), row.get('end_time_seconds'))
                if span is None or not row.get('segment_id') or not row.get('label'):
                    found.problems.append(f'{table.name}:{line}: expected segment_id, '
                                          'start_time_seconds, end_time_seconds, label')
                    continue
                events.setdefault(row['segment_id'], []).append((*span, row['label']))
    for segment_id, own in sorted(events.items()):
        if segment_id not in files:
            continue                    # most of AudioSet is on nobody's disk
        path = files[segment_id].relative_to(root).as_posix()
        labels = {label for _, _, label in own}
        cries = [event for event in own if event[2] in AUDIOSET_CRIES]
        if labels & AUDIOSET_UNCLEAR and not cries:
            continue
        longest = max(own, key=lambda event: event[1] - event[0])[2]
        _add(found, path, 'cry' if cries else names.get(longest, longest),
             f'yt:{segment_id.rsplit("_", 1)[0]}', 'cry' if cries else 'not_cry',
             'AudioSet-strong')
        for start_s, end_s, _ in cries:
            found.add_segment(path, start_s, end_s, 'cry')
    if events and not found.rows:
        found.problems.append(f'{root}: no recording is named like a segment_id of the tables')
    return found


def _audioset_names(root: Path) -> Dict[str, str]:
    """Return mid -> name from ``mid_to_display_name.tsv``, where it lies beside the tables."""
    for file in sorted(root.rglob('mid_to_display_name.tsv')):
        rows = (line.split('\t') for line in
                file.read_text(encoding='utf-8').splitlines() if '\t' in line)
        return {row[0]: re.sub(r'[^a-z0-9]+', '_', row[1].lower()).strip('_') for row in rows}
    return {}


PUBLIC = {'enes': enes, 'corvin': corvin, 'icsd': icsd, 'debarbaro': debarbaro,
          'fsd50k': fsd50k, 'audioset': audioset}
