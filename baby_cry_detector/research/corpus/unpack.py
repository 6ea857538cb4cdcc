# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Audio out of packages: .deb, archives within them, and files that hold sounds end to end.

Nothing of a package is run or installed. Only audio and copyright notices are written.
"""

from functools import partial
from pathlib import Path, PurePosixPath
import re
import shutil
import struct
import subprocess
import tarfile
from typing import Callable, IO, Iterator, List, Literal, Tuple
import zipfile

AUDIO = ('.wav', '.flac', '.ogg', '.oga', '.opus', '.mp3', '.m4a', '.aif', '.aiff', '.au',
         '.g722')
ARCHIVES = ('.zip', '.pk3', '.pk4', '.whl')
#: Files that hold whole Ogg or WAV files among other things.
BUNDLES = ('.rcc', '.ocg', '.ocd', '.cat')
#: A single file larger than this is not a sound effect or a piece of music.
MOST_BYTES = 1 << 31

Found = Tuple[str, bytes]


class UnpackError(OSError):
    """A package that can't be opened."""


def unpack(package: Path, into: Path, wanted: Callable[[str], bool]
           ) -> Tuple[List[str], str]:
    """
    Write the wanted audio of a package under ``into``; return the paths and the notices.

    :param package: an archive, a folder or a bare repository.
    :param wanted: says of a path inside whether it is taken.
    :return: paths relative to ``into``, sorted; text of the copyright files.
    :raises UnpackError: if it can't be opened.
    """
    paths, notices = [], []
    try:
        for path, read in _members(package):
            suffix = PurePosixPath(path).suffix.lower()
            if _is_notice(path):
                notices.append(read().decode('utf-8', 'replace'))
            elif suffix in AUDIO:
                if wanted(path):
                    paths.append(_write(into, path, read()))
            elif suffix in ARCHIVES + BUNDLES:
                for inner, data in _inside(suffix, read()):
                    if wanted(f'{path}/{inner}'):
                        paths.append(_write(into, f'{path}/{inner}', data))
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, struct.error) as error:
        raise UnpackError(f'{package.name}: {error}') from error
    return sorted(paths), '\n\n'.join(notices)


def _is_notice(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return name in ('copyright', 'license', 'license.txt', 'license.md', 'credits.md',
                    'copying') and not path.count('/node_modules/')


def _members(package: Path) -> Iterator[Tuple[str, Callable[[], bytes]]]:
    if package.is_dir() and (package / 'HEAD').is_file():
        yield from _from_git(package)
    elif package.is_dir():
        for file in sorted(package.rglob('*')):
            if file.is_file() and not file.is_symlink():
                yield file.relative_to(package).as_posix(), file.read_bytes
    elif package.suffix == '.deb':
        if shutil.which('dpkg-deb') is None:
            raise UnpackError('dpkg-deb is not on this machine (apt install dpkg)')
        with subprocess.Popen(['dpkg-deb', '--fsys-tarfile', str(package)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None          # it is a pipe
            yield from _from_tar(process.stdout, 'r|')
            process.stdout.read()
        if process.returncode:
            raise UnpackError(f'{package.name}: dpkg-deb cannot read it')
    elif package.suffix.lower() in ARCHIVES:
        for name, data in _inside('.zip', package.read_bytes()):
            yield name, partial(bytes, data)
    else:
        with open(package, 'rb') as stream:
            yield from _from_tar(stream, 'r|*')


def _from_tar(stream: IO[bytes], mode: Literal['r|', 'r|*']
              ) -> Iterator[Tuple[str, Callable[[], bytes]]]:
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for member in archive:
            if member.isfile() and member.size <= MOST_BYTES:
                yield PurePosixPath(member.name).as_posix(), partial(_content, archive, member)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None            # it is a regular one
    return file.read()


def _from_git(repository: Path) -> Iterator[Tuple[str, Callable[[], bytes]]]:
    def git(*arguments: str) -> bytes:
        done = subprocess.run(['git', '-C', str(repository), *arguments], capture_output=True,
                              check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise UnpackError(f'{repository}: git {arguments[0]}: '
                              f'{done.stderr.decode(errors="replace").strip()}')
        return done.stdout

    for entry in git('ls-tree', '-r', '-z', 'HEAD').split(b'\0'):
        if entry:
            about, path = entry.split(b'\t', 1)
            blob = about.split()[2].decode()
            yield (path.decode('utf-8', 'replace'),
                   partial(git, 'cat-file', 'blob', blob))


def _inside(suffix: str, data: bytes) -> Iterator[Found]:
    if suffix in BUNDLES:
        yield from carve(data)
        return
    import io
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            name = PurePosixPath(member.filename)
            if not member.is_dir() and member.file_size <= MOST_BYTES and (
                    name.suffix.lower() in AUDIO or _is_notice(member.filename)):
                yield name.as_posix(), archive.read(member)


def carve(data: bytes) -> Iterator[Found]:
    """Yield the Ogg streams and RIFF/WAVE files that lie whole within ``data``, by offset."""
    at = 0
    while True:
        found = re.compile(rb'OggS\x00\x02|RIFF....WAVE', re.DOTALL).search(data, at)
        if not found:
            return
        start = found.start()
        if data[start:start + 4] == b'RIFF':
            end = start + 8 + struct.unpack_from('<I', data, start + 4)[0]
            if end <= len(data):
                yield f'{start:09d}.wav', data[start:end]
            at = end if end <= len(data) else start + 12
        else:
            end = _end_of_ogg(data, start)
            if end > start:
                yield f'{start:09d}.ogg', data[start:end]
            at = max(end, start + 6)


def _end_of_ogg(data: bytes, start: int) -> int:
    """Return where the logical stream that begins at ``start`` ends, or ``start``."""
    at, serial = start, data[start + 14:start + 18]
    while data[at:at + 4] == b'OggS' and data[at + 14:at + 18] == serial:
        segments = data[at + 26]
        size = 27 + segments + sum(data[at + 27:at + 27 + segments])
        last = data[at + 5] & 4
        at += size
        if last:
            return at if at <= len(data) else start
    return start


def _write(into: Path, path: str, data: bytes) -> str:
    parts = [re.sub(r'[^A-Za-z0-9._@+-]+', '_', part) or '_'
             for part in PurePosixPath(path).parts if part not in ('.', '..', '/')]
    file = into.joinpath(*parts)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return '/'.join(parts)
