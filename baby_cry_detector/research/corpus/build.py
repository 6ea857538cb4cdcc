# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Builds the corpus: every source fetched, unpacked, decoded; copies dropped; folds dealt.

Folder::

    ROOT/packages/NAME/          what was fetched, as it came
    ROOT/clips/NAME/*.flac       16 kHz mono
    ROOT/sources/NAME.json       what became of a finished source
    ROOT/notices/NAME.txt        its copyright files
    ROOT/manifest.csv            path, label, group, fold, source, version, license, author, ...
    ROOT/problems.csv            what could not be had or decoded, and why

A source that is finished is not touched again; one that was stopped goes on file by file.
"""

import csv
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import re
import shutil
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from baby_cry_detector.research.corpus import decode, fetch, notices, unpack
from baby_cry_detector.research.corpus.recipe import Source
from baby_cry_detector.research.training.manifest import Clip, write_manifest

#: Copies are looked for by outline only among sounds at least this long.
OUTLINE_S = 5.0
N_FOLDS = 5

Row = Dict[str, str]


@dataclass
class Corpus:
    """
    What there is.

    :param rows: of the manifest.
    :param problems: source, path inside and why it was left out.
    :param failed: the sources of which nothing could be had.
    """

    rows: List[Row] = field(default_factory=list)
    problems: List[Tuple[str, str, str]] = field(default_factory=list)
    failed: List[str] = field(default_factory=list)

    def hours_by_label(self) -> Dict[str, float]:
        """Return hours by kind of sound, most first."""
        hours: Dict[str, float] = {}
        for row in self.rows:
            hours[row['label']] = hours.get(row['label'], 0.0) + float(row['duration_s']) / 3600
        return dict(sorted(hours.items(), key=lambda item: -item[1]))


def build(sources: Sequence[Source], root: Path, *, known: Sequence[Clip] = (),
          instead: Mapping[str, str] = {}, say: Callable[[str], None] = lambda text: None,
          progress: Callable[[str, int, int], None] = lambda *_: None) -> Corpus:
    """
    Build, or go on building, and write manifest and problems.

    :param known: clips of other manifests: their groups keep their folds.
    :param instead: see `fetch.fetch`.
    :raises OSError: if the disk is full; what was finished stays.
    """
    corpus = Corpus()
    for number, source in enumerate(sources):
        progress('sources', number, len(sources))
        file = root / 'sources' / f'{source.name}.json'
        if not file.is_file():
            try:
                _make(source, root, file, instead, say, progress)
            except (fetch.FetchError, unpack.UnpackError) as error:
                say(f'{source.name}: {error}')
                corpus.problems.append((source.name, '', str(error)))
                corpus.failed.append(source.name)
                continue
        document = json.loads(file.read_text(encoding='utf-8'))
        corpus.problems += [(source.name, path, why) for path, why in document['problems']]
        corpus.rows += [_row(source, entry, document['version'])
                        for entry in document['clips'] if source.label_of(entry['inside'])]
    _drop_copies(corpus)
    deal_folds(corpus.rows, known)
    if corpus.rows:
        write_manifest([{name: value for name, value in row.items() if name[0] != '_'}
                        for row in corpus.rows], root / 'manifest.csv')
    with open(root / 'problems.csv', 'w', newline='', encoding='utf-8') as stream:
        writer = csv.writer(stream)
        writer.writerow(['source', 'path', 'why'])
        writer.writerows(corpus.problems)
    return corpus


def _make(source: Source, root: Path, done_file: Path, instead: Mapping[str, str], say,
          progress) -> None:
    package, version = fetch.fetch(source, root / 'packages' / source.name, instead)
    scratch = root / 'unpacked' / source.name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    paths, text = unpack.unpack(package, scratch,
                                lambda path: source.label_of(path) is not None)
    if not paths:
        raise unpack.UnpackError(f'{package.name}: no audio in it that the recipe wants')
    for folder in ('notices', 'sources'):
        (root / folder).mkdir(exist_ok=True)
    (root / 'notices' / f'{source.name}.txt').write_text(text, encoding='utf-8')
    stanzas = notices.read_stanzas(text)
    clips, problems = [], []
    chosen = _thinned(source, paths)
    for number, path in enumerate(chosen):
        progress(source.name, number, len(chosen))
        target = root / 'clips' / source.name / _slug(path)
        about = target.with_suffix('.json')
        try:
            if target.is_file() and about.is_file():
                entry = json.loads(about.read_text(encoding='utf-8'))
            else:
                duration_s, sha256, outline = decode.decode(scratch / path, target,
                                                            source.longest_s)
                license_name, author = notices.notice_of(path, stanzas)
                entry = {'inside': path, 'file': target.relative_to(root).as_posix(),
                         'duration_s': round(duration_s, 3), 'sha256': sha256,
                         'outline': outline, 'license': license_name or source.license,
                         'author': author or source.author}
                about.write_text(json.dumps(entry), encoding='utf-8')
            clips.append(entry)
        except decode.DecodeError as error:
            problems.append((path, str(error)))
        (scratch / path).unlink(missing_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)
    unfinished = done_file.with_name(done_file.name + '.partial')
    unfinished.write_text(json.dumps({'version': version, 'package': package.name,
                                      'clips': clips, 'problems': problems}, indent=0),
                          encoding='utf-8')
    os.replace(unfinished, done_file)
    for entry in clips:
        (root / entry['file']).with_suffix('.json').unlink(missing_ok=True)
    seconds = sum(entry['duration_s'] for entry in clips)
    say(f'{source.name} {version}: {len(clips)} sounds, {seconds / 3600:.2f} h, '
        f'{len(problems)} left out')


def _thinned(source: Source, paths: Sequence[str]) -> List[str]:
    """Keep ``per_group`` files of each group, spread evenly over their names."""
    if not source.per_group:
        return list(paths)
    groups: Dict[str, List[str]] = {}
    for path in paths:
        groups.setdefault(source.group_of(path), []).append(path)
    chosen = []
    for members in groups.values():
        n = min(len(members), source.per_group)
        chosen += [members[index * len(members) // n] for index in range(n)]
    return sorted(chosen)


def _slug(path: str) -> str:
    """Return a file name for a path inside a package; different paths get different names."""
    import zlib
    stem = re.sub(r'[^A-Za-z0-9]+', '_', path.rsplit('.', 1)[0]).strip('_')[-80:]
    return f'{stem}-{zlib.crc32(path.encode()):08x}.flac'


def _row(source: Source, entry: dict, version: str) -> Row:
    path = entry['inside']
    return {'path': entry['file'], 'label': source.label_of(path) or '',
            'group': source.group_of(path), 'fold': '', 'kind': 'not_cry',
            'source': source.name, 'version': version, 'license': entry['license'],
            'author': entry['author'], 'origin': path,
            'url': source.get if source.how == 'git' else f'{source.how}:{source.get}',
            'duration_s': f'{entry["duration_s"]:.3f}', 'sha256': entry['sha256'],
            '_outline': entry['outline']}


def _drop_copies(corpus: Corpus) -> None:
    """Keep the first of several copies of a sound."""
    seen: Dict[str, Row] = {}
    kept = []
    for row in corpus.rows:
        names = [row['sha256']]
        if float(row['duration_s']) >= OUTLINE_S:
            names.append(row['_outline'])
        first = next((seen[name] for name in names if name in seen), None)
        if first is not None:
            corpus.problems.append((row['source'], row['origin'],
                                    f'a copy of {first["source"]}: {first["origin"]}'))
            continue
        seen.update(dict.fromkeys(names, row))
        kept.append(row)
    corpus.rows = kept


def deal_folds(rows: Sequence[Row], known: Sequence[Clip] = (), n_folds: int = N_FOLDS) -> None:
    """
    Give every group a fold, in place.

    Large ones first, each to the fold with the least of what it mostly holds.

    :param known: clips whose groups have a fold already.
    """
    fixed = {clip.group: clip.fold for clip in known}
    seconds: Dict[str, Dict[str, float]] = {}
    for row in rows:
        own = seconds.setdefault(row['group'], {})
        own[row['label']] = own.get(row['label'], 0.0) + float(row['duration_s'])
    filled: Dict[str, List[float]] = {}
    folds: Dict[str, int] = {}

    def put(group: str, fold: int) -> None:
        folds[group] = fold
        for label, value in seconds[group].items():
            filled.setdefault(label, [0.0] * n_folds)[fold] += value

    for group in seconds:
        if group in fixed:
            put(group, fixed[group])
    for group in sorted(set(seconds) - set(folds),
                        key=lambda name: (-sum(seconds[name].values()), name)):
        label = max(seconds[group], key=lambda name: seconds[group][name])
        levels = filled.setdefault(label, [0.0] * n_folds)
        put(group, levels.index(min(levels)))
    for row in rows:
        row['fold'] = str(folds[row['group']])
