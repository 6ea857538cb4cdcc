# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""`baby-cry need`: what was learnt of one baby from the diary, why, and how often it was right."""

import argparse
from datetime import datetime
import json
import os
from pathlib import Path
import sys
import time
from typing import NamedTuple, Optional

from baby_cry_detector import kept_voice
from baby_cry_detector.care.diary.export import time_text
from baby_cry_detector.care.diary.place import default_path
from baby_cry_detector.care.diary.store import DiaryStore
from baby_cry_detector.care.need import journal
from baby_cry_detector.care.need.replay import OneBaby
from baby_cry_detector.care.need.words import (habit_lines, hint, label_line, report_lines,
                                               sentence, WORDS)
from baby_cry_detector.cli.arguments import output_path, UsageError
from baby_cry_detector.kept_needs import (ahead_sentence, cribs_set, document_of, is_set,
                                          keep_settings, kept, kept_by_nodes, read_items,
                                          settings_of, utc_offset_h)
from baby_cry_detector.kept_state import LARGEST_BYTES, read_document
from baby_cry_detector.learnt_crib import forget, watch_of
from baby_cry_detector.printable import one_line
from baby_cry_detector.units import SECOND_NS


def add_parser(subparsers):
    """Declare the subcommand and its own."""
    parser = subparsers.add_parser('need', help='what was learnt of one baby, and how well',
                                   description=__doc__)
    whose(parser, None)
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
    export.add_argument('file', metavar='F.json', type=output_path)
    export.set_defaults(run=run_export)
    import_ = inner.add_parser('import', help='learn from an exported file too')
    import_.add_argument('file', metavar='F.json', type=Path)
    import_.set_defaults(run=run_import)
    meant(import_)
    birth = inner.add_parser('birth', help='tell the date of birth, for what is usual at an age')
    birth.add_argument('date', metavar='YYYY-MM-DD|none')
    birth.set_defaults(run=run_birth)
    meant(birth)
    for action in inner.choices.values():
        whose(action, argparse.SUPPRESS)       # there too, since people write it there


def whose(parser, default):
    """Declare the options that say where what was learnt lies, and of whom."""
    parser.add_argument('--database', metavar='FILE', type=Path, default=default,
                        help='default: the one that the diary node writes')
    parser.add_argument('--crib', default=default,
                        help='whose baby; default: the one crib that the diary has')


def meant(parser):
    """Declare the option that says that a crib of which nothing is known is meant."""
    parser.add_argument('--new-crib', action='store_true',
                        help='--crib names one of which nothing is known yet')


class Known:
    """
    What is known on this machine: the diary's episodes, and what estimators have kept.

    :ivar crib: whose baby is meant: what was given, or the one crib that there is.
    :raises UsageError: if nothing is known of a crib of that name, or it is not said which.
    """

    def __init__(self, args):
        """Look for the diary and the cribs; nothing is read of what happened."""
        self._path, self._has_diary = args.database or default_path(), True
        # A diary that was named stands for itself.
        self._nodes = kept_by_nodes() if args.database is None else {}
        try:
            with DiaryStore(self._path, create=False, read_only=True) as store:
                cribs = [row['crib_id'] for row in store.rows(
                    'SELECT DISTINCT crib_id FROM episodes ORDER BY crib_id')]
            missing = f'the diary at {self._path} has no episode yet'
        except (ValueError, OSError) as error:
            if args.database is not None:
                raise
            cribs, self._has_diary, missing = [], False, str(error)
            if not isinstance(error, FileNotFoundError):
                warn(f'{error}; what estimators have kept is taken alone')
        cribs = sorted({*cribs, *self._nodes}) or cribs_set()
        self.crib = crib_of(args, cribs, missing)

    @property
    def kept(self) -> journal.Kept:
        """Return what estimators have kept of it."""
        return self._nodes.get(self.crib, journal.Kept([]))

    def diary(self, since_ns: int) -> list:
        """Return what the diary has of it since a time."""
        return read_items(self._path, self.crib, since_ns) if self._has_diary else []


def crib_of(args, cribs, missing: str) -> str:
    """Return whose baby is meant; see `Known`."""
    new = getattr(args, 'new_crib', None)
    if not args.crib and (new or args.crib is not None):
        raise UsageError('--crib: expected the name of a crib')
    how = '' if new is None else '; if it is meant, add --new-crib'
    if args.crib is None:
        if len(cribs) == 1:
            return cribs[0]
        if cribs:
            raise UsageError(f'--crib: expected one of {names(cribs)}')
        raise ValueError(f'nothing is known of any crib: {missing}, and no need_estimator has '
                         'kept anything' + (
                             '' if new is None else '; name the crib that is meant with --crib, '
                             'and add --new-crib'))
    if args.crib not in cribs and not is_set(args.crib) and not new:
        raise UsageError(f'--crib: nothing is known of {one_line(args.crib)}; ' + (
            f'expected one of {names(cribs)}' if cribs else missing) + how)
    return args.crib


def names(cribs) -> str:
    """Return the names of cribs as they may stand in a sentence."""
    return ', '.join(map(one_line, cribs))


class Learnt:
    """What follows from what is known of a crib, as `need_estimator` learns it."""

    def __init__(self, args):
        """Read all of it and learn from it."""
        known, now_ns = Known(args), time.time_ns()
        self.crib = known.crib
        settings = settings_of(self.crib)
        self.since_ns = since_ns = settings['since_ns'] or known.kept.since_ns
        self.has_imports = bool(settings['items'])
        watch, refused = watch_of(self.crib, known.kept, settings, now_ns, known.diary(since_ns),
                                  use_sound=True)
        watch.hear(kept_voice.sounds(self.crib)[0])
        self.baby = watch.baby
        self.baby.advance(now_ns)
        self.troubles = [text for text in (refused, ahead_sentence(since_ns, now_ns)) if text]
        self.answered, self.record = self.baby.answered, self.baby.record
        self.now_ns = max([answered.cry.end_ns for answered in self.answered], default=now_ns)
        self.figures = self.record.figures(self.now_ns)

    def baby_at(self, now_ns: int) -> OneBaby:
        """Return the same baby as it was known at a time, without its voice."""
        baby = OneBaby(self.baby.birth_ns, utc_offset_h)
        for items in self.baby.items:
            baby.add(items)
        baby.advance(now_ns)
        return baby

    @property
    def forgotten(self) -> str:
        """Return since when it is learnt, a sentence; '' if it was never forgotten."""
        if not self.since_ns:
            return ''
        return (f'forgotten on {time_text(self.since_ns)}; what was before does not count'
                + (', but for what was imported since' if self.has_imports else ''))

    @property
    def base(self):
        """Return the commonest need, if any answer says it."""
        return self.answered[-1].answer.base if self.answered else None


def warn(*sentences: str) -> None:
    """Say what is wrong, or nothing."""
    for text in filter(None, sentences):
        print(f'warning: {text}', file=sys.stderr)


def run_report(args) -> int:
    """Print how often it was right."""
    learnt = Learnt(args)
    record = learnt.record
    warn(*learnt.troubles)
    if args.json:
        print(json.dumps({
            'crib': learnt.crib, 'since_ns': learnt.since_ns,
            'episodes': len(learnt.answered),
            'labelled': sum(a.label is not None for a in learnt.answered),
            **learnt.figures._asdict(), 'names_needs': record.is_open,
            'calibration': record.calibration(),
            'calibration_error': record.calibration_error()}))
        return 0
    labelled = sum(answered.label is not None for answered in learnt.answered)
    print(f'{one_line(learnt.crib)}: {len(learnt.answered)} episodes, of {labelled} it is known '
          'what they were about')
    if learnt.forgotten:
        print(learnt.forgotten)
    print('\n'.join(report_lines(record, learnt.figures, learnt.base)))
    return 0


def run_explain(args) -> int:
    """Print what was believed of an episode."""
    learnt = Learnt(args)
    found = [answered for answered in learnt.answered
             if args.episode in ('newest', answered.cry.episode_id)]
    if not found:
        missing = ('there is no episode yet that is over' if args.episode == 'newest' else
                   f'there is no episode {args.episode!r} that is over')
        raise ValueError('; '.join(filter(None, (missing, learnt.forgotten))))
    answered = found[-1]
    print(f'{one_line(answered.cry.episode_id)}, {time_text(answered.cry.onset_ns)}')
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
    crib, now_ns = Known(args).crib, time.time_ns()
    warn(forget(crib, now_ns))
    print(f'forgot what was learnt of the baby in {one_line(crib)}', file=sys.stderr)
    return 0


def run_voice(args) -> int:
    """Tell what is kept of how the baby sounds, or erase it."""
    # What is there can be erased where nothing else is known of the crib.
    crib = args.crib
    if crib is None or not kept_voice.voice_file(crib).exists():
        crib = Known(args).crib
    if args.erase:
        count = kept_voice.erase(crib, time.time_ns())
        print(f'erased how {count} episodes of the baby in {one_line(crib)} sounded',
              file=sys.stderr)
        return 0
    sounds, trouble = kept_voice.sounds(crib)
    warn(trouble)
    if not sounds:
        print(f'{one_line(crib)}: nothing is kept of how the baby sounds')
        return 0
    print(f'{one_line(crib)}: how {len(sounds)} episodes sounded, {time_text(sounds[0].onset_ns)} '
          f'to {time_text(sounds[-1].onset_ns)}, {len(sounds[-1].values)} numbers each')
    print(f'in {kept_voice.voice_file(crib)}, and nowhere else')
    return 0


def run_export(args) -> int:
    """Write what was learnt from."""
    learnt = Learnt(args)
    cries, facts = learnt.baby.items
    document = journal.to_document(cries, facts, learnt.baby.birth_ns, now_ns=time.time_ns())
    warn(*learnt.troubles, journal.left_out_sentence(document))
    data = json.dumps({**document, 'crib': learnt.crib}).encode()
    with open(os.open(args.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as file:
        file.write(data)
    print(f'wrote {args.file} ({len(data) / 1e3:.0f} kB)', file=sys.stderr)
    return 0


def run_import(args) -> int:
    """Learn from what happened elsewhere too."""
    (imported, birth_ns, _), whose = read_exported(args.file)
    known, now_ns = Known(args), time.time_ns()
    crib, file = known.crib, one_line(args.file)
    since_ns = settings_of(crib)['since_ns'] or known.kept.since_ns
    here = [item for item in (*known.kept.items, *known.diary(since_ns))
            if journal.stamp_of(item) >= since_ns]
    with kept(crib) as (state, settings):
        before = settings.get('birth_ns')
        merged = journal.merge(settings['items'], imported, here, now_ns)
        document = {**settings, 'items': merged.items}
        if before is None and birth_ns is not None:
            document['birth_ns'] = birth_ns
        there = {journal.moment(item) for item in (*settings['items'], *here)}
        left = there | {journal.moment(item) for item in
                        journal.read(document_of(document, now_ns)).items}
        brought = {journal.moment(item) for item in imported}
        why = left_out_reasons(len(brought - left), merged)
        if not brought & left:
            raise ValueError(f'nothing of {file} was taken: {why}')
        warn(keep_settings(state, crib, document, now_ns))
    warn(f'{len(brought - left)} of {len(brought)} things in {file} are left out: {why}'
         if why else '',
         'the date of birth in it is another one than is set, which stays'
         if None not in (before, birth_ns) and before != birth_ns else '')
    of = f' of the baby in {one_line(whose)}' if whose not in ('', crib) else ''
    print(f'what {file} knows{of} was known of the baby in {one_line(crib)} already'
          if brought <= there and document.get('birth_ns') == before else
          f'what {file} knows{of} is known of the baby in {one_line(crib)} too'
          if not why else
          f'{len((brought & left) - there)} of {len(brought)} things in {file}{of} are new, and '
          f'known of the baby in {one_line(crib)} too', file=sys.stderr)
    return 0


def left_out_reasons(count: int, merged: journal.Merged) -> str:
    """Return why so many things of an imported file are left out; '' if none is."""
    rest = count - merged.ahead - merged.clashing
    return ', '.join(text for number, text in (
        (merged.ahead, f'{merged.ahead} are later than the clock here'),
        (merged.clashing, f'{merged.clashing} are of episodes whose names others have here'),
        (rest, f'{rest} are too old, or more than there is room for')) if number > 0)


class Exported(NamedTuple):
    """What an exported file holds, and of which crib's baby; '' where that is not said."""

    kept: journal.Kept
    crib: str


def read_exported(path: Path) -> Exported:
    """
    Return what an exported file holds.

    :raises ValueError: if it is none, with its name and what of it is wrong; UsageError if its
        date of birth is none.
    """
    with open(path, 'rb') as file:
        data = file.read(LARGEST_BYTES + 1)
    try:
        document = read_document(data)
        if not isinstance(document, dict):
            raise ValueError('it is no object with cries and facts')
        found = journal.read(document)
        if not found.items:
            raise ValueError('it holds nothing that was learnt from')
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None
    check_birth(found.birth_ns, f'{path}: ')
    crib = document.get('crib')
    return Exported(found, crib if isinstance(crib, str) else '')


def check_birth(birth_ns: Optional[int], whose: str = '') -> None:
    """Raise UsageError if nobody who cries now can have been born then."""
    if birth_ns is not None and not 0 < birth_ns <= time.time_ns():
        raise UsageError(f'{whose}the date of birth lies in the future, or before 1970')


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
    crib = Known(args).crib
    with kept(crib) as (state, settings):
        warn(keep_settings(state, crib, {**settings, 'birth_ns': birth_ns}, time.time_ns()))
    print(f'kept: {args.date}', file=sys.stderr)
    return 0
