# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry need`: what was learnt of one baby from the diary, why, and how often it was right."""

from datetime import datetime
import json
import os
from pathlib import Path
import sys
import time
from typing import Optional

from baby_cry_detector import kept_voice
from baby_cry_detector.care.diary.export import time_text
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.labels import Cry
from baby_cry_detector.care.need.replay import OneBaby
from baby_cry_detector.care.need.words import (habit_lines, hint, label_line, report_lines,
                                               sentence, WORDS)
from baby_cry_detector.cli.arguments import UsageError
from baby_cry_detector.kept_needs import (ahead_sentence, checked_settings, document_of, forget,
                                          kept, kept_by_nodes, read_items, settings_file,
                                          utc_offset_h)
from baby_cry_detector.kept_state import read_document
from baby_cry_detector.units import SECOND_NS

LARGEST_BYTES = 1_000_001


def add_parser(subparsers):
    """Declare the subcommand and its own."""
    parser = subparsers.add_parser('need', help='what was learnt of one baby, and how well',
                                   description=__doc__)
    parser.add_argument('--database', metavar='FILE', type=Path, default=None,
                        help='default: the one that the diary node writes')
    parser.add_argument('--crib', default=None,
                        help='whose baby; default: the one crib that the diary has')
    inner = parser.add_subparsers(dest='action', required=True, metavar='ACTION')
    report = inner.add_parser('report', help='how often it was right, beside always saying the '
                              'commonest need')
    report.add_argument('--json', action='store_true', help='print JSON')
    report.set_defaults(run=run_report)
    explain = inner.add_parser('explain', help='what was believed of an episode, and why')
    explain.add_argument('episode', metavar='EPISODE', nargs='?', default='newest',
                         help='its name; default: the newest')
    explain.set_defaults(run=run_explain)
    forget = inner.add_parser('forget', help='forget what was learnt; the diary stays')
    forget.set_defaults(run=run_forget)
    voice = inner.add_parser('voice', help='what is kept of how the baby sounds, on this machine '
                             'alone; or erase it')
    voice.add_argument('--erase', action='store_true', help='erase it all, now')
    voice.set_defaults(run=run_voice)
    export = inner.add_parser('export', help='write what was learnt from to a file')
    export.add_argument('file', metavar='F.json', type=Path)
    export.set_defaults(run=run_export)
    import_ = inner.add_parser('import', help='learn from an exported file too')
    import_.add_argument('file', metavar='F.json', type=Path)
    import_.set_defaults(run=run_import)
    birth = inner.add_parser('birth', help='tell the date of birth, for what is usual at an age')
    birth.add_argument('date', metavar='YYYY-MM-DD|none')
    birth.set_defaults(run=run_birth)


def known_items(args) -> tuple:
    """
    Return (crib, function of a time that returns what is known since then).

    From the diary; where there is none, from what the estimator has kept.
    """
    path = args.database or default_path()
    try:
        with DiaryStore(path, create=False, read_only=True) as store:
            crib = one_of(args, [row['crib_id'] for row in store.rows(
                'SELECT DISTINCT crib_id FROM episodes ORDER BY crib_id')])
        return crib, lambda since_ns: read_items(path, crib, since_ns)
    except FileNotFoundError:
        kept_items = kept_by_nodes() if args.database is None else {}
        if not kept_items:
            raise
    crib = one_of(args, sorted(kept_items))
    return crib, lambda since_ns: [
        item for item in kept_items.get(crib, ())
        if (item.onset_ns if isinstance(item, Cry) else item.stamp_ns) >= since_ns]


def one_of(args, cribs) -> str:
    """
    Return whose baby is meant: what was given, or the one crib that there is.

    :raises UsageError: if nothing is known of a crib of that name.
    """
    if args.crib is None:
        if len(cribs) != 1:
            raise UsageError(f'--crib: expected one of {", ".join(cribs)}' if cribs else
                             'the diary has no episode yet')
        return cribs[0]
    if args.crib not in cribs and not settings_file(args.crib).exists():
        raise UsageError(f'--crib: nothing is known of {args.crib}; ' + (
            f'expected one of {", ".join(cribs)}' if cribs else 'the diary has no episode yet'))
    return args.crib


class Learnt:
    """What follows from the diary of a crib and what is kept."""

    def __init__(self, args):
        """Read the diary and learn from it."""
        self.crib, items_since = known_items(args)
        with kept(self.crib) as (_, self.settings):
            since_ns = self.settings['since_ns']
        items = items_since(since_ns)
        self.baby = OneBaby(self.settings['birth_ns'], utc_offset_h, use_sound=True)
        self.baby.hear({sound.episode_id: sound.values for sound in kept_voice.sounds(self.crib)[0]
                        if sound.onset_ns >= since_ns})
        self.baby.add([*self.settings['items'], *items])
        now_ns = time.time_ns()
        self.baby.advance(now_ns)
        self.ahead = ahead_sentence(since_ns, now_ns)
        self.answered, self.record = self.baby.answered, self.baby.record
        self.now_ns = max([answered.cry.end_ns for answered in self.answered], default=now_ns)
        self.figures = self.record.figures(self.now_ns)

    def baby_at(self, now_ns: int) -> OneBaby:
        """Return the same baby as it was known at a time, without its voice."""
        baby = OneBaby(self.settings['birth_ns'], utc_offset_h)
        for items in self.baby.items:
            baby.add(items)
        baby.advance(now_ns)
        return baby

    @property
    def base(self):
        """Return the commonest need, if any answer says it."""
        return self.answered[-1].answer.base if self.answered else None


def run_report(args) -> int:
    """Print how often it was right."""
    learnt = Learnt(args)
    record = learnt.record
    if learnt.ahead:
        print(f'warning: {learnt.ahead}', file=sys.stderr)
    if args.json:
        print(json.dumps({
            'crib': learnt.crib, 'episodes': len(learnt.answered),
            'labelled': sum(a.label is not None for a in learnt.answered),
            **learnt.figures._asdict(), 'names_needs': record.is_open,
            'calibration': record.calibration(),
            'calibration_error': record.calibration_error()}))
        return 0
    labelled = sum(answered.label is not None for answered in learnt.answered)
    print(f'{learnt.crib}: {len(learnt.answered)} episodes, of {labelled} it is known what they '
          'were about')
    print('\n'.join(report_lines(record, learnt.figures, learnt.base)))
    return 0


def run_explain(args) -> int:
    """Print what was believed of an episode."""
    learnt = Learnt(args)
    found = [answered for answered in learnt.answered
             if args.episode in ('newest', answered.cry.episode_id)]
    if not found:
        raise ValueError(f'there is no episode {args.episode!r} that is over')
    answered = found[-1]
    print(f'{answered.cry.episode_id}, {time_text(answered.cry.onset_ns)}')
    print(sentence(answered.answer, answered.context, learnt.figures))
    if answered.answer.may_name:
        print(f'what is known: {hint(answered.context) or "nothing"}')
    for need, share in sorted(answered.answer.probabilities.items(), key=lambda item: -item[1]):
        print(f'  {WORDS[need]}: {share:.0%}')
    lines = habit_lines(learnt.baby_at(answered.cry.onset_ns), answered.cry.onset_ns)
    if lines:
        print('\n'.join(['its habits, as far as they were known then:', *lines]))
    if answered.label is not None:
        print(label_line(answered.label))
    return 0


def run_forget(args) -> int:
    """Forget what was learnt until now."""
    learnt = Learnt(args)
    now_ns = time.time_ns()
    forget(learnt.crib, now_ns)
    kept_voice.erase(learnt.crib, now_ns)
    print(f'forgot what was learnt of the baby in {learnt.crib}', file=sys.stderr)
    return 0


def run_voice(args) -> int:
    """Tell what is kept of how the baby sounds, or erase it."""
    # What is there can be erased where nothing else is known of the crib.
    crib = args.crib
    if crib is None or not kept_voice.voice_file(crib).exists():
        crib = known_items(args)[0]
    if args.erase:
        count = kept_voice.erase(crib, time.time_ns())
        print(f'erased how {count} episodes of the baby in {crib} sounded', file=sys.stderr)
        return 0
    sounds, trouble = kept_voice.sounds(crib)
    if trouble:
        print(f'warning: {trouble}', file=sys.stderr)
    if not sounds:
        print(f'{crib}: nothing is kept of how the baby sounds')
        return 0
    print(f'{crib}: how {len(sounds)} episodes sounded, {time_text(sounds[0].onset_ns)} to '
          f'{time_text(sounds[-1].onset_ns)}, {len(sounds[-1].values)} numbers each')
    print(f'in {kept_voice.voice_file(crib)}, and nowhere else')
    return 0


def run_export(args) -> int:
    """Write what was learnt from."""
    learnt = Learnt(args)
    document = journal.to_document(*learnt.baby.items, learnt.settings['birth_ns'],
                                   now_ns=time.time_ns())
    data = json.dumps(document).encode()
    with open(os.open(args.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as file:
        file.write(data)
    print(f'wrote {args.file} ({len(data) / 1e3:.0f} kB)', file=sys.stderr)
    return 0


def run_import(args) -> int:
    """Learn from what happened elsewhere too."""
    with open(args.file, 'rb') as file:
        document = read_document(file.read(LARGEST_BYTES))
    if not isinstance(document, dict) or not (document.get('cries') or document.get('facts')):
        raise ValueError(f'{args.file} holds nothing that was learnt from')
    imported = checked_settings(document)
    check_birth(imported['birth_ns'])
    crib = args.crib or Learnt(args).crib
    with kept(crib) as (state, settings):
        state.keep(document_of({
            **settings, 'items': [*settings['items'], *imported['items']],
            'birth_ns': settings['birth_ns'] or imported['birth_ns']}, time.time_ns()))
    print(f'what {args.file} knows is known of the baby in {crib} too', file=sys.stderr)
    return 0


def check_birth(birth_ns: Optional[int]) -> None:
    """Raise UsageError if nobody who cries now can have been born then."""
    if birth_ns is not None and not 0 < birth_ns <= time.time_ns():
        raise UsageError('the date of birth lies in the future, or before 1970')


def run_birth(args) -> int:
    """Keep the date of birth."""
    birth_ns = None
    if args.date != 'none':
        try:
            birth_ns = round(datetime.fromisoformat(args.date).timestamp()) * SECOND_NS
        except (ValueError, OverflowError):
            raise UsageError(f'{args.date!r} is no date; expected for example '
                             '2026-09-01') from None
        check_birth(birth_ns)
    learnt = Learnt(args)
    with kept(learnt.crib) as (state, settings):
        state.keep(document_of({**settings, 'birth_ns': birth_ns}, time.time_ns()))
    print(f'kept: {args.date}', file=sys.stderr)
    return 0
