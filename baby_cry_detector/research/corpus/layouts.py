# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Manifests from the layouts in which corpora are really found on disk.

Every adapter takes the corpus' folder and returns rows (``path`` relative to that folder) and a
list of problems, one line per file or piece that is wrong or missing.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path
import re
import shutil
import subprocess
from typing import Callable, Dict, List, Optional, Tuple

from baby_cry_detector.names import safe_name
from baby_cry_detector.research.training.manifest import fold_of_group

N_FOLDS = 5


@dataclass
class Adapted:
    """
    What an adapter found.

    :param rows: manifest rows: path, label, group, fold, kind, source, ....
    :param problems: one line per piece that is wrong or missing.
    :param segments: where it cries within a recording: path, start_s, end_s, label.
    """

    rows: List[Dict[str, str]] = field(default_factory=list)
    problems: List[str] = field(default_factory=list)
    segments: List[Dict[str, str]] = field(default_factory=list)

    def add(self, path: str, label: str, group: str, fold: int, kind: str, source: str,
            **others: str) -> None:
        """Add one row."""
        self.rows.append({'path': path, 'label': label, 'group': group, 'fold': str(fold),
                          'kind': kind, 'source': source, **others})

    def add_segment(self, path: str, start_s: float, end_s: float, label: str,
                    **others: str) -> None:
        """Add a part of a recording."""
        self.segments.append({'path': path, 'start_s': f'{start_s:.3f}',
                              'end_s': f'{end_s:.3f}', 'label': label, **others})


# -- donateacry-corpus ------------------------------------------------------------------------

DONATEACRY_REASONS = {'hu': 'hungry', 'bu': 'burping', 'bp': 'belly_pain', 'dc': 'discomfort',
                      'ti': 'tired', 'lo': 'lonely', 'ch': 'cold_hot', 'sc': 'scared',
                      'dk': 'unknown'}
DONATEACRY_AGES = {'04': '0-4w', '48': '4-8w', '26': '2-6m', '72': '7m-2y', '22': '>2y'}
#: phone's id - milliseconds or seconds - app version - gender - age - reason
DONATEACRY_NAME = re.compile(
    r'^(?P<phone>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})-(?P<time>\d+)'
    r'-(?P<version>[\d.]+)-(?P<gender>[mf])-(?P<age>\d\d)-(?P<reason>[a-z]{2})$')
DONATEACRY_RAW = ('.3gp', '.caf')
LONGEST_NAME = 160


def donateacry(root: Path, convert_to: Optional[Path] = None) -> Adapted:
    """
    Read gveres/donateacry-corpus: the cleaned folders and the raw upload buckets.

    The group is the app's installation (a family's phone), the reason comes from the file name.
    Raw recordings (3gp, caf) are converted with ffmpeg into ``convert_to`` where one is given.
    """
    found = Adapted()
    suffixes = ('.wav', '.flac', '.ogg') + DONATEACRY_RAW
    files = sorted(file for file in root.rglob('*') if file.suffix.lower() in suffixes)
    if not files:
        found.problems.append(f'{root}: no .wav, .3gp or .caf file; expected the folders '
                              'donateacry_corpus_cleaned_and_updated_data, '
                              'donateacry-android-upload-bucket, donateacry-ios-upload-bucket')
    readable = {file.stem for file in files if file.suffix.lower() not in DONATEACRY_RAW}
    for file in files:
        path = file.relative_to(root).as_posix()
        match = DONATEACRY_NAME.match(file.stem)
        if not match:
            found.problems.append(f'{path}: the name is not '
                                  'PHONE-TIME-VERSION-GENDER-AGE-REASON')
            continue
        if match['reason'] not in DONATEACRY_REASONS:
            found.problems.append(f'{path}: reason {match["reason"]!r} is none of '
                                  f'{", ".join(DONATEACRY_REASONS)}')
            continue
        if file.suffix.lower() in DONATEACRY_RAW:
            if file.stem in readable:
                continue  # the same recording is there as WAV
            if convert_to is None:
                found.problems.append(f'{path}: needs converting; give --convert-to FOLDER '
                                      '(uses ffmpeg)')
                continue
            error, file = _convert(file, path, convert_to)
            if error:
                found.problems.append(f'{path}: {error}')
                continue
            path = str(file.resolve())
        phone = match['phone'].lower()
        found.add(path, DONATEACRY_REASONS[match['reason']], f'dac:{phone}',
                  fold_of_group(f'dac:{phone}', N_FOLDS), 'cry', 'donateacry',
                  gender=match['gender'], age=DONATEACRY_AGES.get(match['age'], match['age']))
    return found


def _convert(file: Path, path: str, folder: Path) -> Tuple[str, Path]:
    """
    Return (error, converted file): 16 kHz mono FLAC made by ffmpeg.

    :param path: of the file in the corpus, which the converted one is named after: recordings of
        one name in two folders stay two.
    """
    program = shutil.which('ffmpeg')
    target = folder / f'{safe_name(path, also=".", longest=LONGEST_NAME)}.flac'
    if target.is_file() and target.stat().st_size:
        return '', target
    if program is None:
        return 'needs ffmpeg to be converted, and there is none (apt install ffmpeg)', target
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [program, '-nostdin', '-v', 'error', '-y', '-i', str(file), '-ac', '1', '-ar', '16000',
         '-sample_fmt', 's16', str(target)], capture_output=True, text=True, check=False)
    if done.returncode or not target.is_file():
        target.unlink(missing_ok=True)
        return f'ffmpeg cannot read it: {done.stderr.strip().splitlines()[-1:]}', target
    return '', target


# -- ESC-50 -----------------------------------------------------------------------------------

def esc50(root: Path) -> Adapted:
    """Read karolpiczak/ESC-50: ``meta/esc50.csv`` and ``audio/``; group = Freesound clip."""
    found = Adapted()
    table = root / 'meta' / 'esc50.csv'
    if not table.is_file():
        found.problems.append(f'{table}: missing (the list of clips of ESC-50)')
        return found
    with open(table, newline='', encoding='utf-8') as stream:
        reader = csv.DictReader(stream)
        wanted = {'filename', 'fold', 'category', 'src_file'}
        missing = sorted(wanted - set(reader.fieldnames or []))
        if missing:
            found.problems.append(f'{table}: column {missing[0]!r} is missing')
            return found
        for line, row in enumerate(reader, start=2):
            path = f'audio/{row["filename"]}'
            if not (root / path).is_file():
                found.problems.append(f'{path}: missing (line {line} of meta/esc50.csv)')
                continue
            label = row['category']
            kind = 'cry' if label == 'crying_baby' else 'not_cry'
            found.add(path, label, f'fs:{row["src_file"]}', int(row['fold']) - 1, kind, 'ESC-50')
    return found


# -- EmoDB ------------------------------------------------------------------------------------

EMODB_EMOTIONS = {'W': 'anger', 'L': 'boredom', 'E': 'disgust', 'A': 'fear', 'F': 'happiness',
                  'T': 'sadness', 'N': 'neutral'}
EMODB_SPEAKERS = ('03', '08', '09', '10', '11', '12', '13', '14', '15', '16')
EMODB_NAME = re.compile(r'^(?P<speaker>\d\d)(?P<text>[ab]\d\d)(?P<emotion>[A-Z])(?P<take>[a-z])$')


def emodb(root: Path) -> Adapted:
    """Read the Berlin database: ``wav/03a01Fa.wav``; group = speaker, two speakers a fold."""
    found = Adapted()
    files = sorted(file for file in root.rglob('*') if file.suffix.lower() in ('.wav', '.flac'))
    if not files:
        found.problems.append(f'{root}: no recording; expected wav/03a01Fa.wav and so on')
    speakers = set()
    for file in files:
        path = file.relative_to(root).as_posix()
        match = EMODB_NAME.match(file.stem)
        if not match or match['emotion'] not in EMODB_EMOTIONS:
            found.problems.append(f'{path}: the name is not SPEAKER TEXT EMOTION TAKE '
                                  'such as 03a01Fa')
            continue
        if match['speaker'] not in EMODB_SPEAKERS:
            found.problems.append(f'{path}: speaker {match["speaker"]} is not of EmoDB')
            continue
        speakers.add(match['speaker'])
        fold = EMODB_SPEAKERS.index(match['speaker']) % N_FOLDS
        found.add(path, EMODB_EMOTIONS[match['emotion']], f'emodb:{match["speaker"]}', fold,
                  'emotion', 'EmoDB')
    for speaker in EMODB_SPEAKERS:
        if files and speaker not in speakers:
            found.problems.append(f'speaker {speaker}: no recording')
    return found


# -- FAU Aibo ---------------------------------------------------------------------------------

AIBO_LABELS = 'labels/IS2009EmotionChallenge/chunk_labels_5cl_corpus.txt'
AIBO_CLASSES = {'A': 'anger', 'E': 'emphatic', 'N': 'neutral', 'P': 'positive', 'R': 'rest'}
AIBO_SCHOOLS = {'Ohm': 0, 'Mont': 1}  # the challenge trains on Ohm and tests on Mont


def aibo(root: Path) -> Adapted:
    """Read FAU Aibo as the IS09 challenge had it; group = child, fold 0 = Ohm, 1 = Mont."""
    found = Adapted()
    table = root / AIBO_LABELS
    if not table.is_file():
        matches = sorted(root.rglob('chunk_labels_5cl_corpus.txt'))
        if not matches:
            found.problems.append(f'{AIBO_LABELS}: missing (the five-class chunk labels)')
            return found
        table = matches[0]
    for line, text in enumerate(table.read_text(encoding='utf-8').splitlines(), start=1):
        fields = text.split()
        if not fields:
            continue
        name, school = fields[0], fields[0].split('_')[0]
        if len(fields) < 2 or fields[1] not in AIBO_CLASSES or school not in AIBO_SCHOOLS:
            found.problems.append(f'{table.name}:{line}: expected "Ohm_01_000_00 N 0.64"')
            continue
        path = f'wav/{name}.wav'
        if not (root / path).is_file():
            found.problems.append(f'{path}: missing (line {line} of {table.name})')
            continue
        child = '_'.join(name.split('_')[:2])
        found.add(path, AIBO_CLASSES[fields[1]], f'aibo:{child}', AIBO_SCHOOLS[school],
                  'emotion', 'FAU-Aibo')
    return found


# -- CASIA ------------------------------------------------------------------------------------

CASIA_EMOTIONS = ('angry', 'fear', 'happy', 'neutral', 'sad', 'surprise')


def casia(root: Path) -> Adapted:
    """Read CASIA: ``SPEAKER/EMOTION/201.wav``; group = speaker, one fold a speaker."""
    found = Adapted()
    speakers = sorted(folder for folder in root.iterdir() if folder.is_dir())
    if not speakers:
        found.problems.append(f'{root}: no folder per speaker (such as liuchanhg, wangzhe, '
                              'zhaoquanyin, zhaoziyi)')
    for fold, speaker in enumerate(speakers):
        for emotion in CASIA_EMOTIONS:
            files = sorted((speaker / emotion).glob('*.wav'))
            if not files:
                found.problems.append(f'{speaker.name}/{emotion}: no recording')
            for file in files:
                found.add(file.relative_to(root).as_posix(), emotion, f'casia:{speaker.name}',
                          fold, 'emotion', 'CASIA')
        for folder in sorted(entry for entry in speaker.iterdir() if entry.is_dir()):
            if folder.name not in CASIA_EMOTIONS:
                found.problems.append(f'{speaker.name}/{folder.name}: not one of '
                                      f'{", ".join(CASIA_EMOTIONS)}')
    return found


ADAPTERS: Dict[str, Callable[..., Adapted]] = {
    'donateacry': donateacry, 'esc50': esc50, 'emodb': emodb, 'aibo': aibo, 'casia': casia}
