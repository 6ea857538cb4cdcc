# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Fetches sources the way that their users get them: apt, git, pip, npm. Nothing is installed."""

import os
from pathlib import Path
import shutil
import subprocess
from typing import List, Mapping, Tuple

from baby_cry_detector.research.corpus.recipe import Source

#: Longest wait for one package.
TIMEOUT_S = 3600


class FetchError(OSError):
    """A source that can't be had now; one sentence says why."""


def fetch(source: Source, folder: Path, instead: Mapping[str, str] = {}) -> Tuple[Path, str]:
    """
    Return where the source's package or tree lies, and its version; fetched unless it is there.

    :param folder: one of this source's own; what is half fetched stays out of it.
    :param instead: by source name: a repository, folder or package to take in place of the
        one that the recipe names.
    :raises FetchError: if it can't be had.
    """
    get = instead.get(source.name, source.get)
    if source.how == 'folder':
        if not Path(get).is_dir():
            raise FetchError(f'{get}: no such folder')
        return Path(get), ''
    if source.how == 'git':
        return _repository(get, folder / 'repository')
    there = sorted(entry for entry in folder.iterdir() if entry.is_file()) \
        if folder.is_dir() else []
    if not there:
        partial = folder.with_name(folder.name + '.partial')
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        if source.name in instead:
            _copy(Path(get), partial)
        else:
            _run(_command(source.how, get), partial)
        if not any(partial.iterdir()):
            raise FetchError(f'{get}: nothing came')
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
        there = sorted(folder.iterdir())
    return there[0], version_of(there[0].name)


def version_of(name: str) -> str:
    """Return the version in a package's file name, '' where there is none."""
    if name.endswith('.deb'):
        parts = name.split('_')
        return parts[1].replace('%3a', ':') if len(parts) > 2 else ''
    stem = name.removesuffix('.tgz').removesuffix('.tar.gz').removesuffix('.zip')
    if name.endswith('.whl'):
        return name.split('-')[1]
    return stem.rsplit('-', 1)[1] if '-' in stem else ''


def _command(how: str, name: str) -> List[str]:
    if name.startswith('-'):
        raise FetchError(f'{name!r} is not the name of a package')
    return {'debian': ['apt-get', 'download', '-q', name],
            'pypi': ['python3', '-m', 'pip', 'download', '-q', '--no-deps', name],
            'npm': ['npm', 'pack', '--silent', name]}[how]


def _run(command: List[str], folder: Path) -> str:
    if shutil.which(command[0]) is None:
        raise FetchError(f'{command[0]} is not on this machine')
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise FetchError(f'{" ".join(command)}: no end after {TIMEOUT_S} s') from error
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or 'no message').splitlines()
        raise FetchError(f'{" ".join(command)}: {lines[-1]}')
    return done.stdout.strip()


def _copy(package: Path, folder: Path) -> None:
    if not package.is_file():
        raise FetchError(f'{package}: no such file')
    try:
        os.link(package, folder / package.name)
    except OSError:
        shutil.copyfile(package, folder / package.name)


def _repository(address: str, folder: Path) -> Tuple[Path, str]:
    """Clone without history (or take a local one as it is); the version is the commit."""
    if address.startswith('-'):
        raise FetchError(f'{address!r} is not the address of a repository')
    local = Path(address)
    if not local.is_dir():
        if not folder.is_dir():
            partial = folder.with_name(folder.name + '.partial')
            shutil.rmtree(partial, ignore_errors=True)
            partial.parent.mkdir(parents=True, exist_ok=True)
            _run(['git', 'clone', '-q', '--bare', '--depth', '1', address, str(partial)],
                 partial.parent)
            os.replace(partial, folder)
        local = folder
    return local, _run(['git', '-C', str(local), 'rev-parse', '--short=12', 'HEAD'], local)
