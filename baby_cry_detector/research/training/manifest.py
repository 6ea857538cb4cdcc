# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Which recordings there are: a manifest (CSV) or a folder per class, checked file by file.

A manifest has the columns ``path`` (relative to the manifest) and ``label``; ``group`` (who or
what was recorded: clips of one group never stand on both sides of a split), ``fold``, ``kind``
(``cry``, ``not_cry``, ``emotion``), ``source``, ``quality`` and any others are optional and kept.
"""

import csv
from dataclasses import dataclass, field, replace
import hashlib
import os
from pathlib import Path
from typing import Iterable, List, Mapping, Optional, Sequence, Union
import zlib

DATA_DIR_VARIABLE = 'BABY_CRY_DATA_DIR'
AUDIO_SUFFIXES = ('.wav', '.flac', '.ogg')

#: Labels that mean "a cry", whatever folder the clip lies in. The first ones are reasons.
NEED_LABELS = ('hungry', 'pain', 'belly_pain', 'tired', 'discomfort', 'burping', 'cold_hot',
               'lonely', 'scared', 'angry', 'sad')
CRY_LABELS = NEED_LABELS + ('cry', 'crying', 'crying_baby', 'baby_cry', 'infant_cry')

CRY, NOT_CRY, EMOTION = 'cry', 'not_cry', 'emotion'


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


def clip_kind(path: str, label: str, cry_labels: Iterable[str] = CRY_LABELS) -> str:
    """
    Return ``cry``, ``not_cry`` or ``emotion``.

    The folder decides where there is one called ``cry``, ``not_cry`` or ``emotion`` (the one
    nearest to the file); elsewhere the label does.
    """
    for part in reversed(Path(path).parts[:-1]):
        if part.lower() in (CRY, NOT_CRY, EMOTION):
            return part.lower()
    return CRY if label.strip().lower() in set(cry_labels) else NOT_CRY


def fold_of_group(group: str, n_folds: int) -> int:
    """Return a fold that depends on the group's name alone, for manifests without folds."""
    return zlib.crc32(group.encode()) % n_folds


def default_data_dir() -> Optional[Path]:
    """Return the folder that ``BABY_CRY_DATA_DIR`` names, or None."""
    value = os.environ.get(DATA_DIR_VARIABLE, '')
    return Path(value) if value else None


def load_clips(source: Union[str, Path], *, n_folds: int = 5,
               cry_labels: Iterable[str] = CRY_LABELS, check_files: bool = True) -> List[Clip]:
    """
    Return the clips of a manifest, of a folder that holds ``manifest.csv``, or folder per class.

    :raises ManifestError: with one line per missing or wrong piece.
    """
    source = Path(source)
    if source.is_dir() and (source / 'manifest.csv').is_file():
        source = source / 'manifest.csv'
    if source.is_dir():
        return _from_folders(source, n_folds, cry_labels)
    if not source.is_file():
        raise ManifestError(f'{source}: expected a manifest (CSV with path and label) or a folder '
                            'with one sub-folder of recordings per class')
    return _from_csv(source, n_folds, cry_labels, check_files)


def _from_csv(manifest: Path, n_folds: int, cry_labels: Iterable[str],
              check_files: bool) -> List[Clip]:
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
    problems, clips, seen = [], [], {}
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
        fold = int(fold_text) if fold_text else fold_of_group(group, n_folds)
        extra = {name: value or '' for name, value in row.items()
                 if name not in ('path', 'label', 'group', 'fold') and name is not None}
        kind = extra.get('kind', '').strip() or clip_kind(path, label, cry_labels)
        if kind not in (CRY, NOT_CRY, EMOTION):
            problems.append(f'{where}: {path}: kind {kind!r} is not {CRY}, {NOT_CRY} or '
                            f'{EMOTION}')
            continue
        clips.append(Clip(path, file, label, group, fold, kind, extra))
    if problems:
        raise ManifestError('\n'.join(problems))
    return clips


def _from_folders(root: Path, n_folds: int, cry_labels: Iterable[str]) -> List[Clip]:
    clips, problems = [], []
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir())
    if not folders:
        raise ManifestError(f'{root}: no manifest.csv and no sub-folder per class')
    for folder in folders:
        files = sorted(file for file in folder.rglob('*')
                       if file.suffix.lower() in AUDIO_SUFFIXES)
        if not files:
            problems.append(f'{folder}: no {", ".join(AUDIO_SUFFIXES)} file in it')
        for file in files:
            path = file.relative_to(root).as_posix()
            label = file.parent.name if file.parent != folder else folder.name
            clips.append(Clip(path, file, label, path, fold_of_group(path, n_folds),
                              clip_kind(path, label, cry_labels)))
    if problems:
        raise ManifestError('\n'.join(problems))
    return clips


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
