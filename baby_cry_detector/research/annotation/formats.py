# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
One recording's annotation as text, in the formats of those who study crying.

Written here, read back in the tests with the libraries of the field. Each function takes an
`Annotation` and returns the text of a file. Tiers: ``cry``, and ``cry_unconfirmed`` for what
the second listener did not agree to.
"""

from dataclasses import dataclass
import datetime
from pathlib import Path
from typing import Callable, Dict, List, Sequence, Tuple
from xml.etree import ElementTree

CRY, UNCONFIRMED = 'cry', 'cry_unconfirmed'
TIERS = (CRY, UNCONFIRMED)
#: Shorter than this no format shows, and some readers refuse.
SHORTEST_S = 0.001


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording, in s."""

    onset_s: float
    end_s: float
    label: str = CRY

    @property
    def duration_s(self) -> float:
        """Return how long it is."""
        return self.end_s - self.onset_s


@dataclass(frozen=True)
class Annotation:
    """
    What is said of one recording.

    :param recording_id: without white space.
    :param path: of the recording.
    :param duration_s: of the recording.
    :param segments: in order.
    """

    recording_id: str
    path: str
    duration_s: float
    segments: Sequence[Segment]

    def tier(self, label: str) -> List[Segment]:
        """Return the segments of a label that are long enough to be written."""
        return [segment for segment in self.segments
                if segment.label == label and segment.duration_s >= SHORTEST_S]


def annotation_of(document, recording_id: str, path: str) -> Annotation:
    """Return what was found in a recording (a document of `hearing`)."""
    return Annotation(recording_id, path, document['duration_s'], [
        Segment(episode['onset_s'], episode['end_s'],
                CRY if episode['confirmed'] else UNCONFIRMED)
        for episode in document['episodes']])


def rttm(annotation: Annotation) -> str:
    """Return NIST's Rich Transcription Time Marked: a line a segment."""
    return ''.join(
        f'SPEAKER {annotation.recording_id} 1 {segment.onset_s:.3f} {segment.duration_s:.3f} '
        f'<NA> <NA> {segment.label} <NA> <NA>\n'
        for segment in annotation.segments if segment.duration_s >= SHORTEST_S)


def uem(annotation: Annotation) -> str:
    """Return what was listened to: RTTM's companion."""
    return f'{annotation.recording_id} 1 0.000 {annotation.duration_s:.3f}\n'


def audacity(annotation: Annotation) -> str:
    """Return a label track of Audacity."""
    return ''.join(f'{segment.onset_s:.6f}\t{segment.end_s:.6f}\t{segment.label}\n'
                   for segment in annotation.segments)


def textgrid(annotation: Annotation) -> str:
    """Return a TextGrid of Praat (long text), an interval tier for each label."""
    end_s = max(annotation.duration_s, SHORTEST_S)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', '', 'xmin = 0 ',
             f'xmax = {end_s:.6f} ', 'tiers? <exists> ', f'size = {len(TIERS)} ', 'item []: ']
    for number, label in enumerate(TIERS, start=1):
        intervals = _filled(annotation.tier(label), end_s)
        lines += [f'    item [{number}]:', '        class = "IntervalTier" ',
                  f'        name = "{label}" ', '        xmin = 0 ',
                  f'        xmax = {end_s:.6f} ',
                  f'        intervals: size = {len(intervals)} ']
        for index, (start, stop, text) in enumerate(intervals, start=1):
            lines += [f'        intervals [{index}]:', f'            xmin = {start:.6f} ',
                      f'            xmax = {stop:.6f} ', f'            text = "{text}" ']
    return '\n'.join(lines) + '\n'


def _filled(segments: Sequence[Segment], end_s: float) -> List[Tuple[float, float, str]]:
    """Return intervals that cover everything from 0 on, as Praat wants them."""
    intervals, at = [], 0.0
    for segment in segments:
        start, stop = round(max(segment.onset_s, at), 6), round(min(segment.end_s, end_s), 6)
        if stop <= start:
            continue
        if start > at:
            intervals.append((at, start, ''))
        intervals.append((start, stop, segment.label))
        at = stop
    if round(end_s, 6) > at:
        intervals.append((at, round(end_s, 6), ''))
    return intervals


def elan(annotation: Annotation) -> str:
    """Return an annotation document of ELAN (EAF 3.0), a tier for each label."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds')
    root = ElementTree.Element('ANNOTATION_DOCUMENT', {
        'AUTHOR': 'baby_cry_detector', 'DATE': now, 'FORMAT': '3.0', 'VERSION': '3.0',
        'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
        'xsi:noNamespaceSchemaLocation': 'http://www.mpi.nl/tools/elan/EAFv3.0.xsd'})
    header = ElementTree.SubElement(root, 'HEADER', MEDIA_FILE='', TIME_UNITS='milliseconds')
    ElementTree.SubElement(header, 'MEDIA_DESCRIPTOR', MEDIA_URL=Path(annotation.path).as_uri(),
                           MIME_TYPE='audio/x-wav')
    order = ElementTree.SubElement(root, 'TIME_ORDER')
    tiers, slots, number = [], 0, 0
    for label in TIERS:
        tier = ElementTree.Element('TIER', LINGUISTIC_TYPE_REF='default-lt', TIER_ID=label)
        for segment in annotation.tier(label):
            first = slots + 1
            for time_s in (segment.onset_s, segment.end_s):
                slots += 1
                ElementTree.SubElement(order, 'TIME_SLOT', TIME_SLOT_ID=f'ts{slots}',
                                       TIME_VALUE=str(round(1000 * time_s)))
            number += 1
            outer = ElementTree.SubElement(tier, 'ANNOTATION')
            inner = ElementTree.SubElement(
                outer, 'ALIGNABLE_ANNOTATION', ANNOTATION_ID=f'a{number}',
                TIME_SLOT_REF1=f'ts{first}', TIME_SLOT_REF2=f'ts{slots}')
            ElementTree.SubElement(inner, 'ANNOTATION_VALUE').text = label
        tiers.append(tier)
    root.extend(tiers)
    ElementTree.SubElement(root, 'LINGUISTIC_TYPE', GRAPHIC_REFERENCES='false',
                           LINGUISTIC_TYPE_ID='default-lt', TIME_ALIGNABLE='true')
    ElementTree.indent(root, '    ')
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(
        root, encoding='unicode') + '\n'


#: Files for each recording: folder, suffix, and what writes them.
EACH: Dict[str, Tuple[str, Callable[[Annotation], str]]] = {
    'rttm': ('.rttm', rttm), 'textgrid': ('.TextGrid', textgrid), 'elan': ('.eaf', elan),
    'audacity': ('.txt', audacity)}
