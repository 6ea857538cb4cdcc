# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings in folders that are named after what can be heard, as people have them."""

from collections import Counter
from pathlib import Path
import shutil
from typing import List, Optional, Sequence, Tuple

from baby_cry_detector.research.training.labels import (AMBIGUOUS, CRY, EMOTION, is_unclear,
                                                        mapped, Meaning, NOT_CRY, SKIP, words_of)
from baby_cry_detector.research.training.manifest import (AUDIO_SUFFIXES, check_kinds, Clip,
                                                          fold_of_group, ManifestError, Reading)

# Recordings that libsndfile does not read.
FOR_FFMPEG = ('.m4a', '.aac', '.mp4', '.m4b', '.3gp', '.amr', '.wma', '.webm', '.mkv', '.mov',
              '.avi')


def clips_of_folders(root: Path, options: Reading) -> List[Clip]:
    """
    Return the recordings below a folder, each labelled by the folders above it.

    :raises ManifestError: if there are none, no cry, or names that say nothing.
    """
    files, skipped = _audio_files(root)
    clips: List[Clip] = []
    unknown: Counter[str] = Counter()
    parents = Counter(file.relative_to(root).parts[:-1] for file in files)
    if not files or not any(parents):
        raise ManifestError(f'{root}: no manifest.csv and no sub-folder per class with recordings '
                            f'({", ".join(AUDIO_SUFFIXES[:4])}, …)')
    filled = {file.relative_to(root).parts[0] for file in files}
    empty = [folder.name for folder in sorted(root.iterdir()) if folder.is_dir()
             and folder.name not in filled and _of_folders([folder.name], options)]
    if empty:
        raise ManifestError('\n'.join(f'{root / name}: no recording in it' for name in empty))
    for file in files:
        parts = file.relative_to(root).parts
        meaning = _of_folders(parts[:-1], options)
        if meaning is None and options.is_strict:
            unknown['/'.join(parts[:-1]) or '.'] += 1
            continue
        kind, label = meaning or (NOT_CRY, parts[-2] if len(parts) > 1 else root.name)
        if kind == SKIP:
            skipped['in folders to skip'] += 1
            continue
        path = '/'.join(parts)
        clips.append(Clip(path, file, label, path, fold_of_group(path, options.n_folds), kind))
    if skipped:
        options.say('skipped: ' + ', '.join(f'{count} {what}' for what, count in skipped.items()))
    check_kinds(str(root), clips, unknown, options, needs_cries=True)
    return clips


def _audio_files(root: Path) -> Tuple[List[Path], Counter[str]]:
    """Return the recordings below a folder, and how many files were skipped, by kind."""
    files: List[Path] = []
    skipped: Counter[str] = Counter()
    has_ffmpeg = shutil.which('ffmpeg') is not None
    for path in sorted(root.rglob('*')):
        parts = path.relative_to(root).parts
        if not path.is_file():
            if path.is_dir() and path.suffix.lower() in AUDIO_SUFFIXES:
                skipped['folders with the name of a recording'] += 1
        elif any(part == '__MACOSX' or part.startswith('.') for part in parts):
            skipped['hidden files or files of macOS'] += 1
        elif path.suffix.lower() in FOR_FFMPEG and not has_ffmpeg:
            skipped[f'{path.suffix.lower()} files, which only ffmpeg reads (apt-get install '
                    'ffmpeg)'] += 1
        elif path.suffix.lower() not in (*AUDIO_SUFFIXES, *FOR_FFMPEG):
            skipped['files that are no recordings'] += 1
        elif not path.stat().st_size:
            skipped['empty files'] += 1
        else:
            files.append(path)
    return files, skipped


def _of_folders(folders: Sequence[str], options: Reading) -> Optional[Meaning]:
    """
    Return what the folders above a recording say: the nearest one that means something.

    Of two that contradict each other a name that was mapped decides, else they mean nothing.
    Below a folder called ``cry``, ``not_cry`` or ``emotion`` that decides the kind, and below the
    latter two the next folder is the label, whatever it is called; but ``cat/cry`` contradicts
    itself. Elsewhere a name that is not known but speaks of crying is not overruled by what is
    above.
    """
    meanings = [mapped(folder, options.mapping, options.cry_labels) for folder in folders]
    given = {words_of(name) for name in options.mapping}
    is_said = any(words_of(folder) in (CRY, NOT_CRY, EMOTION) for folder in folders)
    for index in range(len(folders) - 1, -1, -1):
        words, meant = words_of(folders[index]), meanings[index]
        if meant is None:
            if is_unclear(folders[index]) and not is_said:
                return None
            continue
        others = [meaning for folder, meaning in zip(folders[:index], meanings)
                  if meaning is not None and words_of(folder) not in AMBIGUOUS - given]
        if (index + 1 < len(folders) or others) and words in AMBIGUOUS - given:
            continue
        kind, label = meant
        is_other = words == CRY and any(
            meaning.kind == NOT_CRY for folder, meaning in zip(folders[:index], meanings)
            if meaning in others and words_of(folder) != NOT_CRY)
        if words not in given and (is_other or not is_said and any(
                other.kind != kind for other in others)):
            # cat/hungry, crying/rain, dog/cry: whoever has such folders knows what they hold.
            return next((meanings[above] for above in range(index, -1, -1)
                         if words_of(folders[above]) in given), None)
        above = [meaning.kind for folder, meaning in zip(folders[:index], meanings)
                 if meaning is not None and words_of(folder) in (CRY, NOT_CRY, EMOTION)]
        if words_of(folders[index]) in (CRY, NOT_CRY, EMOTION) or not above or kind == SKIP:
            if kind in (NOT_CRY, EMOTION) and words_of(folders[index]) == kind and (
                    index + 1 < len(folders)):
                label = words_of(folders[index + 1])
            return Meaning(kind, label)
        return Meaning(above[-1], label)
    return None
