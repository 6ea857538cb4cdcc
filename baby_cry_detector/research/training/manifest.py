# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Which recordings there are: a manifest (CSV) or a folder per class, checked file by file.

A manifest has the columns ``path`` (relative to the manifest) and ``label``; ``group`` (who or
what was recorded: clips of one group never stand on both sides of a split), ``fold``, ``kind``
(``cry``, ``not_cry``, ``emotion``), ``source``, ``quality`` and any others are optional and kept.
"""

from collections import Counter
import csv
from dataclasses import dataclass, field, replace
import hashlib
import os
from pathlib import Path
from typing import (Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence,
                    Union)
import zlib

from baby_cry_detector.research.training.labels import (CRY, EMOTION, mapped, Meaning, NOT_CRY,
                                                        SKIP, words_of)

DATA_DIR_VARIABLE = 'BABY_CRY_DATA_DIR'
#: What libsndfile reads.
AUDIO_SUFFIXES = ('.wav', '.flac', '.ogg', '.mp3', '.oga', '.opus', '.aif', '.aiff', '.aifc',
                  '.au', '.snd', '.caf', '.w64', '.rf64', '.wave', '.bwf')

#: Labels that mean "a cry", whatever folder the clip lies in. The first ones are reasons.
NEED_LABELS = ('hungry', 'pain', 'belly_pain', 'tired', 'discomfort', 'burping', 'cold_hot',
               'lonely', 'scared', 'angry', 'sad')
CRY_LABELS = NEED_LABELS + ('cry', 'crying', 'crying_baby', 'baby_cry', 'infant_cry')


class ManifestError(ValueError):
    """A manifest that cannot be used; the message has one line for each thing that is wrong."""


@dataclass(frozen=True)
class Clip:
    """
    One recording.

    :param path: as written in the manifest; names the clip in every report.
    :param file: where the audio is.
    :param label: kind of sound or reason of the cry.
    :param group: speaker, device or recording session; never split.
    :param fold: 0, 1, ...
    :param kind: ``cry``, ``not_cry`` or ``emotion`` (acted adult speech).
    :param extra: the manifest's other columns.
    """

    path: str
    file: Path
    label: str
    group: str
    fold: int
    kind: str
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_cry(self) -> bool:
        """Return whether the clip counts as a cry."""
        return self.kind == CRY

    @property
    def source(self) -> str:
        """Return the data set that the clip came from, or an empty string."""
        return self.extra.get('source', '')

    @property
    def quality(self) -> str:
        """Return how the label was made (``human_verified``, ...), or an empty string."""
        return self.extra.get('quality', '')


def _kind_of_folders(path: str) -> str:
    """Return what the nearest folder of one of these names says, '' without one."""
    for part in reversed(Path(path).parts[:-1]):
        if words_of(part) in (CRY, NOT_CRY, EMOTION):
            return words_of(part)
    return ''


class Reading(NamedTuple):
    """
    How recordings are read.

    :param n_folds: of manifests without folds.
    :param cry_labels: labels that mean a cry, beside those that everybody knows.
    :param mapping: what names mean, by name; see `labels.mapped`.
    :param is_strict: whether a name that says nothing is an error; else it is no cry.
    :param say: told what was skipped.
    """

    n_folds: int = 5
    cry_labels: Iterable[str] = CRY_LABELS
    mapping: Mapping[str, str] = {}
    is_strict: bool = True
    say: Callable[[str], None] = lambda sentence: None


def fold_of_group(group: str, n_folds: int) -> int:
    """Return a fold that depends on the group's name alone, for manifests without folds."""
    return zlib.crc32(group.encode()) % n_folds


def default_data_dir() -> Optional[Path]:
    """Return the folder that ``BABY_CRY_DATA_DIR`` names, or None."""
    value = os.environ.get(DATA_DIR_VARIABLE, '')
    return Path(value) if value else None


def load_clips(source: Union[str, Path], *, check_files: bool = True, **options) -> List[Clip]:
    """
    Return the clips of a manifest, of a folder that holds ``manifest.csv``, or folder per class.

    :param options: see `Reading`.
    :raises ManifestError: with one line per missing or wrong piece.
    """
    reading = Reading(**options)
    source = Path(source)
    if source.is_dir() and (source / 'manifest.csv').is_file():
        source = source / 'manifest.csv'
    if source.is_dir():
        from baby_cry_detector.research.training.class_folders import clips_of_folders
        return clips_of_folders(source, reading)
    if not source.is_file():
        raise ManifestError(f'{source}: expected a manifest (CSV with path and label) or a folder '
                            'with one sub-folder of recordings per class')
    return _from_csv(source, reading, check_files)


def _from_csv(manifest: Path, options: Reading, check_files: bool) -> List[Clip]:
    try:
        with open(manifest, newline='', encoding='utf-8-sig') as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or []
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f'{manifest}: expected a CSV table in UTF-8 ({error})') from error
    missing = [name for name in ('path', 'label') if name not in columns]
    if missing:
        raise ManifestError(f'{manifest}: column {missing[0]!r} is missing; found '
                            f'{", ".join(columns) or "an empty file"}')
    if not rows:
        raise ManifestError(f'{manifest}: no rows below the column names')
    problems: List[str] = []
    clips: List[Clip] = []
    seen: Dict[str, int] = {}
    unknown: Counter[str] = Counter()
    for line, row in enumerate(rows, start=2):
        where = f'{manifest.name}:{line}'
        path, label = (row.get('path') or '').strip(), (row.get('label') or '').strip()
        if not path or not label:
            problems.append(f'{where}: {"path" if not path else "label"} is empty')
            continue
        if path in seen:
            problems.append(f'{where}: {path} is already on line {seen[path]}')
            continue
        seen[path] = line
        file = manifest.parent / path
        if check_files and not file.is_file():
            problems.append(f'{where}: {path}: no such file')
            continue
        group = (row.get('group') or '').strip() or path
        fold_text = (row.get('fold') or '').strip()
        if fold_text and not fold_text.isdigit():
            problems.append(f'{where}: {path}: fold {fold_text!r} is not a number 0, 1, ...')
            continue
        fold = int(fold_text) if fold_text else fold_of_group(group, options.n_folds)
        extra = {name: value or '' for name, value in row.items()
                 if name not in ('path', 'label', 'group', 'fold') and name is not None}
        meaning = mapped(label, options.mapping, options.cry_labels)
        said = extra.get('kind', '').strip() or _kind_of_folders(path)
        if meaning is None and not said and options.is_strict:
            unknown[label] += 1
            continue
        kind, label = _of_row(label, said, meaning, options)
        if kind == SKIP:
            continue
        if kind not in (CRY, NOT_CRY, EMOTION):
            problems.append(f'{where}: {path}: kind {kind!r} is not {CRY}, {NOT_CRY} or '
                            f'{EMOTION}')
            continue
        clips.append(Clip(path, file, label, group, fold, kind, extra))
    if problems:
        raise ManifestError('\n'.join(problems))
    check_kinds(str(manifest), clips, unknown, options, needs_cries=False)
    return clips


def _of_row(label: str, said: str, meaning: Optional[Meaning], options: Reading) -> Meaning:
    """Return kind and label of a row; a reason is written as reasons are."""
    if meaning is None:
        return Meaning(said or NOT_CRY, label)
    is_given = words_of(label) in {words_of(name) for name in options.mapping}
    kind = meaning.kind if is_given or not said else said
    is_reason = kind == CRY and meaning.kind == CRY and meaning.label in NEED_LABELS
    return Meaning(kind, meaning.label if is_reason else label)


def check_kinds(where: str, clips: Sequence[Clip], unknown: Counter, options: Reading,
                needs_cries: bool) -> None:
    """
    Raise ManifestError if there are names that say nothing, or there is no cry.

    :param unknown: how many recordings have which name that is not known.
    """
    if not options.is_strict:
        return
    if unknown:
        first = Path(min(unknown)).name
        raise ManifestError('\n'.join([
            f'{where}: it is not known whether these are cries:',
            *(f'  {name} ({count} recordings)' for name, count in sorted(unknown.items())),
            *kinds_table(clips),
            # Nothing that could be copied: what is not known here may be either.
            'say so with --map NAME=cry, =not_cry, =skip or the reason of the cry: '
            f'--map "{first}=..."']))
    if needs_cries and not any(clip.kind in (CRY, EMOTION) for clip in clips):
        raise ManifestError('\n'.join([f'{where}: no cry found', *kinds_table(clips),
                                       'say with --map NAME=cry which folder holds cries']))


def kinds_table(clips: Sequence[Clip]) -> List[str]:
    """Return what there is, in lines: kind, how many recordings, labels with their numbers."""
    lines = []
    for kind in (CRY, NOT_CRY, EMOTION):
        labels = Counter(clip.label for clip in clips if clip.kind == kind)
        listed = ', '.join(f'{label} {count}' for label, count in labels.most_common(12))
        more = ', …' if len(labels) > 12 else ''
        if labels:
            lines.append(f'  {kind:<8} {sum(labels.values()):>6}   {listed}{more}')
    return lines


def load_several(sources: Sequence[Union[str, Path]], *, n_folds: int = 5,
                 taken: Sequence[Clip] = (), **options) -> List[Clip]:
    """
    Return the clips of several manifests, see `load_clips`.

    A path that is taken already (``taken``: of clips loaded before) gets the name of its
    manifest's folder in front.

    :raises ManifestError: as `load_clips`; or if two manifests have the same path even so.
    """
    paths = {clip.path for clip in taken}
    clips: List[Clip] = []
    for source in sources:
        found = load_clips(source, n_folds=n_folds, **options)
        if paths & {clip.path for clip in found}:
            folder = Path(source).resolve()
            name = folder.name if folder.is_dir() else folder.parent.name
            found = [replace(clip, path=f'{name}/{clip.path}') for clip in found]
        again = sorted(paths & {clip.path for clip in found})
        if again:
            raise ManifestError(f'{source}: {again[0]} is in another manifest as well')
        paths |= {clip.path for clip in found}
        clips += found
    return clips


def join_table(clips: Sequence[Clip], file: Path) -> List[Clip]:
    """
    Return clips with the further columns of a CSV that has a ``path``.

    :raises ManifestError: if it is no such table.
    """
    try:
        with open(file, newline='', encoding='utf-8-sig') as stream:
            rows = {row['path']: row for row in csv.DictReader(stream)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise ManifestError(f'{file}: expected a CSV table with a path ({error})') from error
    joined = []
    for clip in clips:
        others = {name: value or '' for name, value in rows.get(clip.path, {}).items()
                  if name not in ('path', 'label', 'group', 'fold', 'kind') and name}
        joined.append(replace(clip, extra={**clip.extra, **others}))
    return joined


def leaking_groups(clips: Sequence[Clip]) -> List[str]:
    """Return the groups that lie in more than one fold (empty if the folds are disjoint)."""
    folds: dict = {}
    for clip in clips:
        folds.setdefault(clip.group, set()).add(clip.fold)
    return sorted(group for group, found in folds.items() if len(found) > 1)


def write_manifest(rows: Sequence[Mapping[str, str]], file: Path) -> None:
    """Write rows (dicts with at least ``path`` and ``label``) as a manifest."""
    write_table(rows, ('path', 'label', 'group', 'fold'), file)


def write_table(rows: Sequence[Mapping[str, str]], first: Sequence[str], file: Path) -> None:
    """Write rows as CSV, the columns ``first`` before all others."""
    names = list(first)
    names += sorted({name for row in rows for name in row} - set(names))
    with open(file, 'w', newline='', encoding='utf-8') as stream:
        writer = csv.DictWriter(stream, names, restval='')
        writer.writeheader()
        writer.writerows(rows)


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(file, 'rb') as stream:
        for block in iter(lambda: stream.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def data_digest(clips: Sequence[Clip]) -> str:
    """Return one SHA-256 over paths, labels, groups, folds and audio bytes, order-free."""
    digest = hashlib.sha256()
    for clip in sorted(clips, key=lambda item: item.path):
        fields = (clip.path, clip.label, clip.group, str(clip.fold), file_digest(clip.file))
        digest.update('\t'.join(fields).encode() + b'\n')
    return digest.hexdigest()
